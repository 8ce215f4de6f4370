"""Checks that need the whole picture: what msgspec refuses, defaults that do not fit, names that are taken.

msgspec itself is asked: each type is built as it will be in the stubs, named types replaced by empty ones of
their kind, so that a fault is told once, where it is written.
"""

from collections.abc import Collection, Iterator, Mapping
from typing import Any

import msgspec

from boilermaker.contract import (
    Constrained,
    Container,
    Definition,
    EnumDefinition,
    LiteralOf,
    MappingOf,
    Named,
    NewTypeDefinition,
    Scalar,
    TupleOf,
    Type,
    UnionOf,
    hazards,
    named_in,
)
from boilermaker_codegen.problems import Problem
from boilermaker_codegen.source.resolve import code
from boilermaker_codegen.types import moments
from boilermaker_codegen.types.definitions import Site
from boilermaker_codegen.types.literals import Value
from boilermaker_codegen.types.made import Made
from boilermaker_codegen.types.shapes import Shapes

# What msgspec says (its words are stable across versions 0.18 to 0.22), and what we say instead.
_APART = "so what arrives cannot be told apart"
_REFUSALS = (
    ("more than one str-like", f"several of its members travel as a JSON string, {_APART}; keep one of them"),
    ("more than one array-like", f"several of its members travel as a JSON array, {_APART}; keep one of them"),
    ("more than one dict-like", f"several of its members travel as a JSON object, {_APART}; make them Structs with `tag=True`"),
    ("more than one dataclass", f"several of its members travel as a JSON object, {_APART}; make them Structs with `tag=True`"),
    ("more than one TypedDict", f"several of its members travel as a JSON object, {_APART}; make them Structs with `tag=True`"),
    ("more than one NamedTuple", f"several of its members travel as a JSON array, {_APART}; make them Structs with `tag=True`"),
    ("more than one dict type", f"several of its members travel as a JSON object, {_APART}; keep one of them"),
    ("more than one int-like", f"several of its members travel as a JSON number, {_APART}; keep one of them"),
    ("containing a custom type", "a type of a third party stands beside None at most; hold the others in fields of their own"),
    ("must be tagged", "its Structs cannot be told apart; give each `tag=True`"),
    ("unique `tag` values", "two of its Structs have the same tag; give each a tag of its own"),
    ("both `int` and `str` tags", "some of its Structs' tags are int and some str; make them alike"),
    ("same `tag_field`", "its Structs hold their tags in different fields; give them the same `tag_field`"),
    ("`array_like=True` and `array_like=False`", "some of its Structs are `array_like` and some are not; make them alike"),
    ("on a numeric type", "the constraint fits numbers only; put `Annotated` around the number itself, inside any union"),
    ("on a str, bytes, or collection type", "the constraint fits text, bytes and collections only; put `Annotated` around these, inside any union"),
    ("on a str type", "a pattern fits text only; put `Annotated` around the `str` itself, inside any union"),
    ("on a datetime or time type", "`tz` fits datetime and time only; put `Annotated` around these, inside any union"),
)  # fmt: skip


def check(
    sites: list[Site], types: Mapping[str, Definition], externals: Collection[str]
) -> Iterator[Problem]:
    """What is wrong with the types at these sites and the defaults beside them.

    Args:
        sites: where types are written.
        types: all definitions.
        externals: the ids of those that stand for types of third parties.
    """
    shapes = Shapes(types, externals)
    for site in sites:
        if not all(_is_known(id_, types) for id_ in named_in(site.type)):
            continue
        if (why := hazards.hazard(site.type, types)) is not None:
            yield from site.scope.refuse(site.node, "TYPE_REFUSED", f"`{code(site.node)}`: {why}").problems
            continue
        try:
            decoder = msgspec.json.Decoder(shapes.of(site.type))
        except (TypeError, ValueError) as error:
            text = f"`{code(site.node)}`: {_refusal(str(error))}"
            yield from site.scope.refuse(site.node, "TYPE_REFUSED", text).problems
            continue
        if site.default is not None and (what := _unfit(site.default, site.type, decoder, types)):
            text = f"the default `{code(site.default.node)}` does not fit: {what}"
            yield from site.scope.refuse(site.default.node, "DEFAULT_UNFIT", text).problems


def _unfit(value: Value, type_: Type, decoder: Any, types: Mapping[str, Definition]) -> str:
    """Why a default is not of its type; empty if it is."""
    try:
        decoder.decode(msgspec.json.encode(value.json))
    except (msgspec.MsgspecError, ValueError) as error:
        return f"{str(error)[:1].lower()}{str(error)[1:]}; change one of them"
    if _is_written_as(value.raw, type_, types):
        return ""
    return (
        "it is another type's value, which only looks alike on the wire; use None and decide in the function"
    )


_LITERALS: dict[str, tuple[type, ...]] = {
    "bytes": (bytes,), "bytearray": (bytes,), "str": (str,), "none": (type(None),), "int": (int,), "float": (int, float),
    "bool": (bool,), "any": (object,), **{name: (kind,) for name, (_, kind) in moments.SCALARS.items()},
}  # fmt: skip


def _is_written_as(raw: Any, type_: Type, types: Mapping[str, Definition]) -> bool:
    """Whether a literal may be of a type in Python: `"1.5"` is a Decimal on the wire only.

    Members of enums have become their values before.
    """
    match type_:
        case Scalar(name=name):
            return isinstance(raw, _LITERALS.get(name, ()))
        case Constrained(type=inner):
            return _is_written_as(raw, inner, types)
        case UnionOf(members=members):
            return any(_is_written_as(raw, member, types) for member in members)
        case Container(item=item):
            return isinstance(raw, Collection) and all(
                _is_written_as(part, item, types) for part in _parts(raw)
            )
        case MappingOf(value=inner):
            return isinstance(raw, dict) and all(_is_written_as(part, inner, types) for part in _parts(raw))
        case Named(id=id_):
            definition = types[id_]
            if isinstance(definition, NewTypeDefinition):
                return _is_written_as(raw, definition.type, types)
            if isinstance(raw, Made):
                return raw.id == id_
            return isinstance(definition, EnumDefinition) or (
                definition.style == "typeddict" and isinstance(raw, dict)
            )
        case LiteralOf() | TupleOf():
            return True


def _parts(raw: Any) -> list[Any]:
    return list(raw.values() if isinstance(raw, dict) else raw)  # pyright: ignore[reportUnknownMemberType, reportUnknownArgumentType]


def _is_known(id_: str, types: Mapping[str, Definition]) -> bool:
    definition = types.get(id_)
    if isinstance(definition, NewTypeDefinition):
        return all(_is_known(inner, types) for inner in named_in(definition.type))
    return definition is not None


def _refusal(text: str) -> str:
    for words, remedy in _REFUSALS:
        if words in text:
            return remedy
    return f"msgspec cannot carry this type: {text.partition(' - type `')[0]}"
