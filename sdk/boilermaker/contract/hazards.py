"""Types that msgspec accepts but cannot decode correctly: their values fail, or crash the process, later.

Seen with msgspec 0.22. It miscounts the parts of some unions: a string with a pattern and a collection or a
mapping, and any type with constraints and a tuple of fixed length. It keeps one set of constraints for each
kind of value in a union, and assigns a number to only one member. It builds decoders for mappings whose keys
it cannot encode, and for sets of unhashable items.
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import NamedTuple

from msgspec.structs import replace

from boilermaker.contract.definitions import Definition, EnumDefinition, NewTypeDefinition, RecordDefinition
from boilermaker.contract.generics import definition_of, growing, records_in
from boilermaker.contract.types import (
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
    parts_of,
)

_CRASH = (
    "msgspec crashes on a union of a type with constraints (`Meta`) and a collection; put one of the two "
    "into a Struct"
)
_CONFUSED = (
    "msgspec does not distinguish the members of a union by their constraints (`Meta`), and rejects valid "
    "values; write one member for all numbers and one for all strings, or put them into Structs with "
    "`tag=True`"
)
_KEY = (
    "the keys of a JSON object must be strings or numbers; use a list of pairs, or a key type that is "
    "encoded as one of these"
)
_HASH = (
    "the items of a set must be frozen in all their parts: classes of stubs do not define `__hash__`; use a "
    "list, or make the items frozen"
)
_GROWTH = (
    "contains itself with type arguments that grow at each level, without end; pass its own type "
    "parameters on unchanged"
)
_WIDE = (
    "msgspec supports integers in literals and enums from -2**63 to 2**63 - 1 only; use a string, or `int` "
    "itself"
)
_DECIMAL = (
    "msgspec checks constraints such as `ge` for `int` and `float` only; check a `Decimal` in the function"
)
_SETS = frozenset({"set", "MutableSet", "frozenset", "Set"})


_INSTEAD = {
    "dataclass": "move the code to `__post_init__`",
    "struct": "move the code to `__post_init__`",
    "attrs": "move the code to `__attrs_post_init__`",
    "pydantic": "make it a standard-library dataclass and move the code to `__post_init__`",
    "namedtuple": "make it a dataclass and move the code to `__post_init__`",
}


def bypassed(name: str, has: str, style: str) -> str:
    """Why a class with custom code that creates its objects is not supported: msgspec sets the fields without calling it.

    Args:
        name: the class.
        has: what msgspec bypasses: "its own `__init__`".
        style: its kind of record: "dataclass", "attrs", "struct", "namedtuple" or "pydantic".
    """
    return f"`{name}` has {has}, which msgspec bypasses when it decodes a message; {_INSTEAD[style]}"


def hazard(type_: Type, types: Mapping[str, Definition]) -> str | None:
    """Why a type is not supported, and what to do; None if it is. NewTypes are resolved, records are not.

    No generic record in it may grow: call `growth` first.
    """
    for part in _parts(type_, types):
        match part:
            case UnionOf() if (why := _union_hazard(_ways(part, types), types)) is not None:
                return why
            case MappingOf(key=key) if not _is_key(_plain(key, types), types):
                return _KEY
            case Container(container=container, item=item) if container in _SETS:
                if not _has_hash(item, types, frozenset()):
                    return _HASH
            case Constrained(type=inner) if _plain(inner, types) == Scalar(name="decimal"):
                return _DECIMAL
            case LiteralOf(values=values) if _is_wide(values):
                return _WIDE
            case Named(id=id_) if isinstance(definition := types.get(id_), EnumDefinition):
                if _is_wide(member.value for member in definition.members):
                    return _WIDE
            case _:
                pass
    return None


def _is_wide(values: Iterable[object]) -> bool:
    return any(isinstance(value, int) and not -(2**63) <= value < 2**63 for value in values)


def hazard_within(type_: Type, types: Mapping[str, Definition]) -> str | None:
    """The same for a type with all records in it."""
    if (grown := growth(types)) is not None:
        return grown.text
    fields = (field.type for _, record in records_in(type_, types) for field in record.fields)
    return next((why for part in (type_, *fields) if (why := hazard(part, types)) is not None), None)


class Growth(NamedTuple):
    """A generic record that expands without end.

    Attributes:
        type: its type within its own field.
        text: why it is not supported, and what to do.
    """

    type: Named
    text: str


def growth(types: Mapping[str, Definition]) -> Growth | None:
    """The first generic record among these definitions that expands without end; None if there is none."""
    found = growing(types)
    if found is None:
        return None
    id_, type_ = found
    return Growth(type_, f"`{types[id_].name}` {_GROWTH}")


def _parts(type_: Type, types: Mapping[str, Definition]) -> Iterator[Type]:
    """A type and all types in it."""
    type_ = _plain(type_, types)
    yield type_
    if not isinstance(type_, Named):
        for part in parts_of(type_):
            yield from _parts(part, types)


def _is_key(type_: Type, types: Mapping[str, Definition]) -> bool:
    match type_:
        case Scalar(name=name):
            return name not in ("none", "bool")
        case LiteralOf(values=values):
            return not any(value is None or isinstance(value, bool) for value in values)
        case Constrained(type=inner):
            return _is_key(_plain(inner, types), types)
        case UnionOf(members=members):
            return all(_is_key(_plain(member, types), types) for member in members)
        case Named(id=id_):  # an unknown type is reported elsewhere
            return not isinstance(types.get(id_), RecordDefinition)
        case Variable():  # its arguments are checked
            return True
        case Container() | TupleOf() | MappingOf():
            return False


def _has_hash(type_: Type, types: Mapping[str, Definition], seen: frozenset[Named]) -> bool:
    type_ = _plain(type_, types)
    match type_:
        case Scalar(name=name):
            return name != "bytearray"
        case Constrained(type=inner):
            return _has_hash(inner, types, seen)
        case Container(container=container, item=item):
            return container in ("tuple", "frozenset") and _has_hash(item, types, seen)
        case TupleOf(items=parts) | UnionOf(members=parts):
            return all(_has_hash(part, types, seen) for part in parts)
        case Named(id=id_) if type_ not in seen and id_ in types:
            return _is_frozen(definition_of(type_, types), types, seen | {type_})
        case MappingOf():
            return False
        case LiteralOf() | Named() | Variable():
            return True


def _is_frozen(definition: Definition, types: Mapping[str, Definition], seen: frozenset[Named]) -> bool:
    if not isinstance(definition, RecordDefinition):
        return True
    if definition.style != "namedtuple" and not definition.frozen:
        return False
    return all(_has_hash(field.type, types, seen) for field in definition.fields)


def _plain(type_: Type, types: Mapping[str, Definition]) -> Type:
    while isinstance(type_, Named) and isinstance(definition := types.get(type_.id), NewTypeDefinition):
        type_ = definition.type
    return type_


class _Way(NamedTuple):
    """A member of a union, with its constraints.

    Attributes:
        kind: what it is.
        limits: the constraints of its `Meta`; None if there are none.
    """

    kind: Type
    limits: Constrained | None

    @property
    def is_limited(self) -> bool:
        """Whether it has limits."""
        return self.limits is not None


def _ways(type_: Type, types: Mapping[str, Definition]) -> tuple[_Way, ...]:
    """The members of a union, with NewTypes and nested unions resolved, each once."""
    type_ = _plain(type_, types)
    if isinstance(type_, UnionOf):
        return tuple(dict.fromkeys(way for member in type_.members for way in _ways(member, types)))
    if isinstance(type_, Constrained):
        bare = replace(type_, type=Scalar(name="any"))
        return tuple(_Way(way.kind, bare) for way in _ways(type_.type, types))
    return (_Way(type_, None),)


def _union_hazard(ways: tuple[_Way, ...], types: Mapping[str, Definition]) -> str | None:
    if _crashes(ways):
        return _CRASH
    return _CONFUSED if _is_confused(ways, types) else None


def _crashes(ways: tuple[_Way, ...]) -> bool:
    limits = [way.limits for way in ways if way.limits is not None and way.limits.tz is None]
    if any(isinstance(way.kind, TupleOf) for way in ways):
        return bool(limits)
    has_collection = any(isinstance(way.kind, Container | MappingOf) for way in ways)
    return has_collection and any(limit.pattern is not None for limit in limits)


def _is_confused(ways: tuple[_Way, ...], types: Mapping[str, Definition]) -> bool:
    """Whether a value that is valid for one member may be rejected: by the constraints of another, or because another member gets it."""
    scalars = [(way.kind.name, way) for way in ways if isinstance(way.kind, Scalar)]
    names = [name for name, _ in scalars]
    if "any" in names:
        return False
    if any(way.is_limited and names.count(name) > 1 for name, way in scalars):
        return True
    # An integer is decoded as `int`, otherwise as one of the literal values, otherwise as another number type.
    numbers = [way for name, way in scalars if name in ("int", "float", "decimal")]
    is_any_whole = any(name == "int" and not way.is_limited for name, way in scalars)
    others = len(numbers) - 1 + _has_values(ways, types, int)
    if any(way.is_limited for way in numbers) and others and not is_any_whole:
        return True
    return _has_values(ways, types, str) and any(name == "str" and way.is_limited for name, way in scalars)


def _has_values(ways: tuple[_Way, ...], types: Mapping[str, Definition], kind: type) -> bool:
    """Whether a Literal or an enum among them has values of this very type."""
    return any(type(value) is kind for way in ways for value in _values(way.kind, types))


def _values(type_: Type, types: Mapping[str, Definition]) -> Iterable[object]:
    match type_:
        case LiteralOf(values=values):
            return values
        case Named(id=id_) if isinstance(definition := types.get(id_), EnumDefinition):
            return (member.value for member in definition.members)
        case _:
            return ()
