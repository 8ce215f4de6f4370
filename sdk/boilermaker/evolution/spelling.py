"""Types and changes of types as text, as users write them."""

import json
from collections.abc import Iterator
from itertools import islice

from boilermaker.contract import (
    Constrained,
    Container,
    LiteralOf,
    MappingOf,
    Named,
    Scalar,
    TupleOf,
    Type,
    UnionOf,
    Variable,
)
from boilermaker.evolution import leaves

_SCALARS = {"any": "Any", "none": "None", "uuid": "UUID", "decimal": "Decimal"}
_MOST_PARTS, _MOST_CHARACTERS = 8, 80
"""Of a type that are shown: a Literal may have thousands of values."""


def change(old: Type, new: Type) -> str:
    """The old and the new type, as text."""
    was, now = spelled(old), spelled(new)
    if was == now and old != new:  # they differ only in their modules
        was, now = _spelled(old, is_full=True), _spelled(new, is_full=True)
    if was == now:
        return f"`{_cut(was)}` in another shape"
    return f"`{_cut(was)}` to `{_cut(now)}`"


def spelled(type_: Type) -> str:
    """A type as an annotation, with classes by their own names."""
    return _spelled(type_, is_full=False)


def _spelled(type_: Type, *, is_full: bool) -> str:
    def inner(part: Type) -> str:
        return _spelled(part, is_full=is_full)

    match type_:
        case Scalar(name=name):
            return _SCALARS.get(name, name)
        case LiteralOf(values=values):
            return f"Literal[{', '.join(_some(map(_value, values)))}]"
        case Container(container="tuple", item=item):
            return f"tuple[{inner(item)}, ...]"
        case Container(container=container, item=item):
            return f"{container}[{inner(item)}]"
        case TupleOf(items=items):
            return f"tuple[{', '.join(map(inner, items)) or '()'}]"
        case MappingOf(mapping=mapping, key=key, value=value):
            return f"{mapping}[{inner(key)}, {inner(value)}]"
        case UnionOf(members=members):
            return " | ".join(_some(map(inner, members)))
        case Constrained(type=part):
            limits = ", ".join(f"{name}={value!r}" for name, value in leaves.given(type_).items())
            return f"Annotated[{inner(part)}, Meta({limits})]"
        case Named(id=id_, arguments=arguments):
            name = id_ if is_full else id_.rpartition(".")[2]
            return f"{name}[{', '.join(map(inner, arguments))}]" if arguments else name
        case Variable(name=name):
            return name


def _value(value: str | int | bool | None) -> str:  # noqa: FBT001 - one of a Literal's values
    return json.dumps(value, ensure_ascii=False) if isinstance(value, str) else repr(value)


def _some(parts: Iterator[str]) -> Iterator[str]:
    yield from islice(parts, _MOST_PARTS)
    yield from ("…" for _ in islice(parts, 1))


def _cut(text: str) -> str:
    return text if len(text) <= _MOST_CHARACTERS else f"{text[: _MOST_CHARACTERS - 1]}…"
