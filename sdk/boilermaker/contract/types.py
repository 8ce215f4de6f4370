"""Types of the contract: plain values, without the definitions that they refer to."""

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
    """Base of all types of the contract: equal by content, encoded without defaults, decoded strictly."""


class Scalar(Value, frozen=True, tag_field="kind", tag="scalar"):
    """A type without parts. `any` is the type of an unannotated parameter."""

    name: ScalarName


class LiteralOf(Value, frozen=True, tag_field="kind", tag="literal"):
    """`typing.Literal`, values in source order."""

    values: tuple[str | int | bool | None, ...]


class Container(Value, frozen=True, tag_field="kind", tag="container"):
    """A collection of one item type; on the wire an array. `tuple` means `tuple[X, ...]`.

    `container` is the name that the annotation uses; the wire form is the same for all, except that sets
    contain no item twice.
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
    """A type with its own definition: a key of `Contract.types`.

    Attributes:
        arguments: the type arguments of a generic, one for each of its `parameters`.
    """

    id: str
    arguments: tuple["Type", ...] = ()


class Variable(Value, frozen=True, tag_field="kind", tag="variable"):
    """A type parameter of the generic record that contains it; `generics` substitutes arguments for it."""

    name: str


Type = Scalar | LiteralOf | Container | TupleOf | MappingOf | UnionOf | Constrained | Named | Variable


def union(members: Iterable[Type]) -> Type:
    """The union of types: flattened, without repeats, in order; of a single type, that type."""
    parts = (p for member in members for p in (member.members if isinstance(member, UnionOf) else (member,)))
    flat = tuple(dict.fromkeys(parts))
    return flat[0] if len(flat) == 1 else UnionOf(members=flat)


def parts_of(type_: Type) -> tuple[Type, ...]:
    """The types directly in a type, in source order."""
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
    """A type with the types directly in it replaced."""
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
    """A type and all types in it, in source order."""
    yield type_
    for part in parts_of(type_):
        yield from within(part)


def named_in(type_: Type) -> Iterator[str]:
    """Ids of the definitions that a type refers to directly, in source order."""
    return (part.id for part in within(type_) if isinstance(part, Named))
