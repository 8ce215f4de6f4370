"""Types as the contract says them: plain values, without the definitions that they name."""

from collections.abc import Callable, Iterable, Iterator
from typing import Literal

import msgspec
from msgspec.structs import replace

ScalarName = Literal[
    "any", "none", "bool", "int", "float", "str", "bytes", "bytearray",
    "datetime", "date", "time", "timedelta", "uuid", "decimal",
]  # fmt: skip
ContainerName = Literal[
    "list", "Sequence", "MutableSequence", "Collection", "Iterable",
    "set", "MutableSet", "frozenset", "Set", "tuple",
]  # fmt: skip
MappingName = Literal["dict", "Mapping", "MutableMapping"]


class Value(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, forbid_unknown_fields=True):
    """What all words of the contract have in common: equal by content, written without defaults, read strictly."""


class Scalar(Value, frozen=True, tag_field="kind", tag="scalar"):
    """A type without parts. `any` is what an unannotated parameter has."""

    name: ScalarName


class LiteralOf(Value, frozen=True, tag_field="kind", tag="literal"):
    """`typing.Literal`, values in source order."""

    values: tuple[str | int | bool | None, ...]


class Container(Value, frozen=True, tag_field="kind", tag="container"):
    """A collection of one item type; on the wire an array. `tuple` means `tuple[X, ...]`.

    `container` is the name that the annotation uses; which of them it is does not matter on the wire,
    except that sets hold no item twice.
    """

    container: ContainerName
    item: "Type"


class TupleOf(Value, frozen=True, tag_field="kind", tag="tuple"):
    """`tuple[A, B]`: a fixed number of items."""

    items: tuple["Type", ...]


class MappingOf(Value, frozen=True, tag_field="kind", tag="mapping"):
    """A mapping; on the wire an object."""

    mapping: MappingName
    key: "Type"
    value: "Type"


class UnionOf(Value, frozen=True, tag_field="kind", tag="union"):
    """A union, flattened, members in source order without repeats."""

    members: tuple["Type", ...]


class Constrained(Value, frozen=True, tag_field="kind", tag="constrained"):
    """`Annotated[type, msgspec.Meta(...)]`: only what `Meta` checks."""

    type: "Type"
    gt: int | float | None = None
    ge: int | float | None = None
    lt: int | float | None = None
    le: int | float | None = None
    multiple_of: int | float | None = None
    pattern: str | None = None
    min_length: int | None = None
    max_length: int | None = None
    tz: bool | None = None


class Named(Value, frozen=True, tag_field="kind", tag="named"):
    """A type with a definition of its own: a key of `Contract.types`.

    Attributes:
        arguments: what a generic is made for, one for each of its `parameters`.
    """

    id: str
    arguments: tuple["Type", ...] = ()


class Variable(Value, frozen=True, tag_field="kind", tag="variable"):
    """One of the parameters of the generic record that it stands in; `generics` puts arguments in its place."""

    name: str


Type = Scalar | LiteralOf | Container | TupleOf | MappingOf | UnionOf | Constrained | Named | Variable


def union(members: Iterable[Type]) -> Type:
    """The union of types: flattened, without repeats, in order; a single type stands for itself."""
    parts = (p for member in members for p in (member.members if isinstance(member, UnionOf) else (member,)))
    flat = tuple(dict.fromkeys(parts))
    return flat[0] if len(flat) == 1 else UnionOf(members=flat)


def parts_of(type_: Type) -> tuple[Type, ...]:
    """The types that a type is written with, in source order."""
    match type_:
        case Container(item=inner) | Constrained(type=inner):
            return (inner,)
        case TupleOf(items=parts) | UnionOf(members=parts) | Named(arguments=parts):
            return parts
        case MappingOf(key=key, value=value):
            return (key, value)
        case Scalar() | LiteralOf() | Variable():
            return ()


def with_parts(type_: Type, change: Callable[[Type], Type]) -> Type:
    """A type with others in the places of the types that it is written with."""
    match type_:
        case Container(item=inner):
            return replace(type_, item=change(inner))
        case Constrained(type=inner):
            return replace(type_, type=change(inner))
        case TupleOf(items=parts):
            return replace(type_, items=tuple(map(change, parts)))
        case UnionOf(members=parts):
            return union(map(change, parts))
        case Named(arguments=parts):
            return replace(type_, arguments=tuple(map(change, parts))) if parts else type_
        case MappingOf(key=key, value=value):
            return replace(type_, key=change(key), value=change(value))
        case Scalar() | LiteralOf() | Variable():
            return type_


def within(type_: Type) -> Iterator[Type]:
    """A type and all that it is written with, in source order."""
    yield type_
    for part in parts_of(type_):
        yield from within(part)


def named_in(type_: Type) -> Iterator[str]:
    """Ids of the definitions that a type names directly, in source order."""
    return (part.id for part in within(type_) if isinstance(part, Named))
