"""Which member of a union reads what: msgspec chooses by the JSON token that it meets."""

import math
from collections.abc import Iterable

from boilermaker.contract import Container, LiteralOf, Scalar, TupleOf, Type
from boilermaker.evolution import leaves
from boilermaker.evolution.leaves import Token, Value
from boilermaker.evolution.views import Bare, as_written

_SETS = frozenset({"set", "MutableSet", "frozenset", "Set"})


def is_plain_text(reader: Bare) -> bool:
    """Whether any text is read."""
    return reader.type in (Scalar(name="str"), Scalar(name="any")) and reader.limits is None


def values_of(bare: Bare) -> tuple[Value, ...] | None:
    """The values of a type that has finitely many by name."""
    if bare.enum is not None:
        return tuple(dict.fromkeys(bare.enum))
    return bare.type.values if isinstance(bare.type, LiteralOf) else None


FINITE: dict[Type, tuple[Value, ...]] = {
    Scalar(name="none"): (None,),
    Scalar(name="bool"): (False, True),
}


def have_values(readers: Iterable[Bare]) -> bool:
    """Whether all members have finitely many values by name."""
    return all(values_of(reader) is not None for reader in readers)


def token_of(bare: Bare) -> Token:
    """The token that a type is written as."""
    if bare.record is not None:
        return "array" if as_written(bare.record).is_array else "object"
    match bare.type:
        case Scalar(name=name):
            return leaves.written(name)
        case Container() | TupleOf():
            return "array"
        case _:
            return "object"


_ORDER = ("float", "decimal")


def candidates(readers: tuple[Bare, ...], token: Token) -> tuple[Bare, ...]:
    """The members that read a token: an int goes to a float only where nothing reads ints alone."""
    found = tuple(reader for reader in readers if token in _tokens(reader))
    if token in ("int", "float"):
        exact = tuple(r for r in found if not (isinstance(r.type, Scalar) and r.type.name in _ORDER))
        floats = tuple(r for r in found if r.type == Scalar(name="float"))
        return exact or floats or found
    return found


def _tokens(reader: Bare) -> frozenset[Token]:
    values = values_of(reader)
    if values is not None:
        return frozenset(leaves.token_of(value) for value in values)
    if isinstance(reader.type, Scalar):
        return leaves.read(reader.type.name)
    return frozenset({token_of(reader)})


def take(readers: tuple[Bare, ...], value: Value) -> bool:
    """Whether one of the members takes a value."""
    return any(leaves.takes(_leaf(r), r.limits, value) for r in readers if r.record is None)


def take_key(readers: tuple[Bare, ...], value: Value) -> bool:
    """Whether one of the members takes a value as the key of an object."""
    return any(leaves.takes_key(_leaf(reader), reader.limits, value) for reader in readers)


def _leaf(reader: Bare) -> Scalar | LiteralOf:
    if reader.enum is not None:
        return LiteralOf(values=reader.enum)
    return reader.type if isinstance(reader.type, Scalar | LiteralOf) else LiteralOf(values=())


def is_tag_needed(readers: tuple[Bare, ...]) -> bool:
    """Whether records are told apart by their tags."""
    return sum(reader.record is not None for reader in readers) > 1


def are_unions(writers: Iterable[Bare], readers: Iterable[Bare]) -> bool:
    """Whether both sides are unions, one of them of more than a type and None: of `T | None`, T is the type."""
    sizes = [[bare.type != Scalar(name="none") for bare in side] for side in (writers, readers)]
    return min(map(len, sizes)) > 1 and max(map(sum, sizes)) > 1


def chosen(writer: Bare, readers: tuple[Bare, ...]) -> Bare | None:
    """The reader of a record: the only one, or the one whose tag it has."""
    if len(readers) == 1:
        return readers[0]
    tag = _tag_of(writer)
    return next((each for each in readers if tag is not None and _tag_of(each) == tag), None)


def _tag_of(bare: Bare) -> tuple[str, str | int] | None:
    return None if bare.record is None else as_written(bare.record).tag


def is_among(bare: Bare, others: Iterable[Bare]) -> bool:
    """Whether a record of its name is there."""
    return any(other.record is not None and name_of(other) == name_of(bare) for other in others)


def items_of(bare: Bare) -> tuple[tuple[float, float], tuple[Type, ...]]:
    """How few and how many items, and of which types."""
    if isinstance(bare.type, TupleOf):
        return (len(bare.type.items), len(bare.type.items)), bare.type.items
    item = bare.type.item if isinstance(bare.type, Container) else Scalar(name="any")
    return leaves.length_of(bare.limits), (item,)


def is_set(type_: Type) -> bool:
    """Whether a type holds no item twice."""
    return isinstance(type_, Container) and type_.container in _SETS


def name_of(bare: Bare) -> str:
    """A name for people."""
    if bare.id:
        return bare.id.rpartition(".")[2]
    match bare.type:
        case Scalar(name=name):
            return name
        case Container(container=name):
            return name
        case _:
            return "tuple" if math.isfinite(items_of(bare)[0][1]) else "dict"
