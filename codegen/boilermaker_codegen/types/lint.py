"""Checks that need all definitions: types that msgspec rejects, invalid defaults, names that clash.

msgspec itself decides: each type is built as in the stubs, with named types replaced by empty ones of their
kind, so that an error is reported once, where it is written.
"""

from collections.abc import Collection, Iterator, Mapping
from typing import Any

import msgspec

from boilermaker.contract import (
    Constrained,
    Container,
    Default,
    Definition,
    EnumDefinition,
    Field,
    LiteralOf,
    MappingOf,
    Named,
    NewTypeDefinition,
    RecordDefinition,
    Scalar,
    TupleOf,
    Type,
    UnionOf,
    Variable,
    hazards,
    named_in,
    records_in,
    variables_in,
    within,
)
from boilermaker_codegen.problems import Problem
from boilermaker_codegen.source.meanings import code
from boilermaker_codegen.types import moments
from boilermaker_codegen.types.definitions import Site
from boilermaker_codegen.types.literals import Value
from boilermaker_codegen.types.made import Made
from boilermaker_codegen.types.parts import Part, fields_in, wrong_keys
from boilermaker_codegen.types.shapes import Shapes

# Messages of msgspec (stable across versions 0.18 to 0.22), and our messages for them.
_APART = "so msgspec cannot distinguish them"
_REFUSALS = (
    ("more than one str-like", f"several of its members are JSON strings, {_APART}; keep one of them"),
    ("more than one array-like", f"several of its members are JSON arrays, {_APART}; keep one of them"),
    ("more than one dict-like", f"several of its members are JSON objects, {_APART}; make them Structs with `tag=True`"),
    ("more than one dataclass", f"several of its members are JSON objects, {_APART}; make them Structs with `tag=True`"),
    ("more than one TypedDict", f"several of its members are JSON objects, {_APART}; make them Structs with `tag=True`"),
    ("more than one NamedTuple", f"several of its members are JSON arrays, {_APART}; make them Structs with `tag=True`"),
    ("more than one dict type", f"several of its members are JSON objects, {_APART}; keep one of them"),
    ("more than one int-like", f"several of its members are JSON numbers, {_APART}; keep one of them"),
    ("containing a custom type", "a third-party type may be combined with None only; use separate fields"),
    ("must be tagged", "its Structs cannot be distinguished; give each `tag=True`"),
    ("unique `tag` values", "two of its Structs have the same tag; give each a different tag"),
    ("both `int` and `str` tags", "some of its Structs' tags are int and some str; use one type for all"),
    ("same `tag_field`", "its Structs store their tags in different fields; give them the same `tag_field`"),
    ("`array_like=True` and `array_like=False`", "some of its Structs are `array_like` and some are not; use one form for all"),
    ("on a numeric type", "the constraint applies to numbers only; put `Annotated` around the number itself, inside any union"),
    ("on a str, bytes, or collection type", "the constraint applies to strings, bytes and collections only; put `Annotated` around these, inside any union"),
    ("on a str type", "a pattern applies to strings only; put `Annotated` around the `str` itself, inside any union"),
    ("Multiple `Meta`", "a constraint is set twice, around the type variable and in its argument; keep one of them"),
    ("Cannot set both", "constraints around the type variable contradict those in its argument; keep one of them"),
    ("on a datetime or time type", "`tz` applies to datetime and time only; put `Annotated` around these, inside any union"),
)  # fmt: skip


def check(
    sites: list[Site], types: Mapping[str, Definition], externals: Collection[str]
) -> Iterator[Problem]:
    """The errors of the types at these sites and of their defaults.

    Args:
        sites: where types are written.
        types: all definitions.
        externals: the ids of those that represent third-party types.
    """
    grown = hazards.growth(types)
    if grown is not None:  # expanding it would not terminate
        yield from _growing(grown, sites)
        return
    shapes = Shapes(types, externals)
    generics = _Generics(shapes, types)
    for site in sites:
        if not all(_is_known(id_, types) for id_ in named_in(site.type)):
            continue
        if variables_in(site.type):
            yield from _open(site, types)
            continue
        if found := _refused(site.type, shapes, types) or generics.refused(site.type):
            text = f"`{code(site.node)}`: {found}"
            yield from site.scope.refuse(site.node, "TYPE_REFUSED", text).problems
        elif site.default is not None:
            yield from _default(site.default, _unfit(site.default, site.type, shapes, types), site)


def _growing(grown: hazards.Growth, sites: list[Site]) -> Iterator[Problem]:
    """Reported where it grows; a class's fields are read before their uses."""
    exact = (site for site in sites if grown.type in within(site.type))
    named = (site for site in sites if grown.type.id in named_in(site.type))  # it grows by inheritance
    site = next(exact, None) or next(named, sites[0])
    text = f"`{code(site.node)}`: {grown.text}"
    yield from site.scope.refuse(site.node, "TYPE_REFUSED", text).problems


def _open(site: Site, types: Mapping[str, Definition]) -> Iterator[Problem]:
    """A type with type variables is checked where these have arguments; its default can be checked before."""
    if isinstance(site.default, Value) and not _is_written_as(site.default.raw, site.type, types):
        why = f"it must be valid for every `{variables_in(site.type)[0]}`; use None or an empty collection"
        yield from _default(site.default, why, site)


def _default(default: Value, why: str, site: Site) -> Iterator[Problem]:
    if why:
        text = f"the default `{code(default.node)}` does not fit: {why}"
        yield from site.scope.refuse(default.node, "DEFAULT_UNFIT", text).problems


def _refused(type_: Type, shapes: Shapes, types: Mapping[str, Definition]) -> str:
    """Why a type is not supported; empty if it is."""
    if (why := hazards.hazard(type_, types)) is not None:
        return why
    try:
        msgspec.json.Decoder(shapes.of(type_))
    except (TypeError, ValueError) as error:
        return _refusal(str(error))
    return ""


class _Generics:
    """Generic records with arguments, each checked once."""

    def __init__(self, shapes: Shapes, types: Mapping[str, Definition]) -> None:
        self._shapes = shapes
        self._types = types
        self._known: dict[Named, str] = {}

    def refused(self, type_: Type) -> str:
        """Why a generic in a type is not supported with its arguments there; empty if it is."""
        generics = (part for part in within(type_) if isinstance(part, Named) and part.arguments)
        inner = (pair for part in generics for pair in records_in(part, self._types))
        return next((why for named, record in inner if (why := self._record(named, record))), "")

    def _record(self, named: Named, record: RecordDefinition) -> str:
        if named not in self._known:
            generic = self._types[named.id]
            written = generic.fields if isinstance(generic, RecordDefinition) else ()
            pairs = zip(written, record.fields, strict=True)
            fields = [field for own, field in pairs if variables_in(own.type)]
            self._known[named] = next((why for field in fields if (why := self._field(field, record))), "")
        return self._known[named]

    def _field(self, field: Field, record: RecordDefinition) -> str:
        if not all(_is_known(id_, self._types) for id_ in named_in(field.type)):
            return ""  # reported where it is written
        why = _refused(field.type, self._shapes, self._types) or _unread(field, self._shapes)
        return f"the field `{field.name}` of `{record.name}`: {why}" if why else ""


def _unread(field: Field, shapes: Shapes) -> str:
    """Why a field's default does not fit with these arguments."""
    if not isinstance(field.default, Default):
        return ""
    try:
        msgspec.json.Decoder(shapes.of(field.type)).decode(msgspec.json.encode(field.default.value))
    except (msgspec.MsgspecError, ValueError) as error:
        return f"its default does not fit: {str(error)[:1].lower()}{str(error)[1:]}"
    return ""


def _unfit(value: Value, type_: Type, shapes: Shapes, types: Mapping[str, Definition]) -> str:
    """Why a default is not of its type; empty if it is."""
    try:
        msgspec.json.Decoder(shapes.of(type_)).decode(msgspec.json.encode(value.json))
    except (msgspec.MsgspecError, ValueError) as error:
        return f"{str(error)[:1].lower()}{str(error)[1:]}; change one of them"
    if why := _unfit_within(value, type_, shapes, types):
        return why
    if _is_written_as(value.raw, type_, types):
        return ""
    return (
        "it is a value of another type that has the same JSON form; use None and set the default in the "
        "function"
    )


def _unfit_within(value: Value, type_: Type, shapes: Shapes, types: Mapping[str, Definition]) -> str:
    """Why the content of a default does not fit: `Shapes` have no fields, and those of records are noted unless they are generic."""
    part = Part(value.raw, value.json, type_)
    if why := wrong_keys(part, types):
        return f"{why}; change one of them"
    within_it = (
        _unfit(Value(value.node, inner.raw, inner.json), inner.type, shapes, types)
        for inner in fields_in(part, types)
    )
    return next(filter(None, within_it), "")


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
                parts = fields_in(Part(raw, None, type_), types)
                return raw.id == id_ and all(_is_written_as(part.raw, part.type, types) for part in parts)
            return isinstance(definition, EnumDefinition) or (
                definition.style == "typeddict" and isinstance(raw, dict)
            )
        case TupleOf(items=items):
            return not isinstance(raw, tuple) or all(
                _is_written_as(part, item, types)
                for part, item in zip(_parts(raw), items, strict=False)
                if variables_in(item)
            )
        case Variable():
            return False
        case LiteralOf():
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
    return f"msgspec does not support this type: {text.partition(' - type `')[0]}"
