"""Types in their wire form: without NewTypes and constraints, unions flattened, records as written and read."""

import math
from collections.abc import Iterator, Mapping

import msgspec

from boilermaker.contract import (
    BY_WORKER,
    Constrained,
    Definition,
    EnumDefinition,
    Field,
    LiteralOf,
    Named,
    NewTypeDefinition,
    RecordDefinition,
    Scalar,
    TaskContract,
    Type,
    UnionOf,
    definition_of,
)
from boilermaker.evolution import flags, leaves
from boilermaker.evolution.leaves import Value

Types = Mapping[str, Definition]


class Bare(msgspec.Struct, frozen=True, kw_only=True):
    """A type that is neither a union nor a NewType, with its constraints.

    Attributes:
        limits: the constraints that apply to its kind.
        values: the values of an enum or a Literal, each once; for flags, the single bits.
        mask: all bits of flags, whose members can be combined.
        record: the definition, for a record; of a generic one with its arguments put in.
        id: the name of the definition, for enums and records.
        is_open: an enum that may accept other values too.
    """

    type: Type
    limits: Constrained | None = None
    values: tuple[Value, ...] | None = None
    mask: int | None = None
    record: RecordDefinition | None = None
    id: str = ""
    is_open: bool = False


def alternatives(type_: Type, types: Types, limits: Constrained | None = None) -> tuple[Bare, ...]:
    """The members of a union, or the one type that it is."""
    return tuple(_alternatives(type_, types, limits))


def _alternatives(type_: Type, types: Types, limits: Constrained | None) -> Iterator[Bare]:
    match type_:
        case UnionOf(members=members):
            for member in members:
                yield from _alternatives(member, types, limits)
        case Constrained(type=inner):
            yield from _alternatives(inner, types, _both(type_, limits))
        case Named():
            yield from _defined(type_, definition_of(type_, types), types, limits)
        case LiteralOf(values=values):
            yield Bare(type=type_, values=tuple({(type(value), value): value for value in values}.values()))
        case _:
            yield Bare(type=type_, limits=_borne(limits, type_))


def _defined(
    type_: Named, definition: Definition, types: Types, limits: Constrained | None
) -> Iterator[Bare]:
    match definition:
        case NewTypeDefinition(type=inner):
            yield from _alternatives(inner, types, limits)
        case EnumDefinition(base="IntFlag"):  # keeps bits that it has no names for
            yield Bare(type=Scalar(name="int"), id=type_.id)
        case EnumDefinition(is_open=is_open):
            mask = definition.mask if definition.base == "Flag" else None
            yield Bare(type=type_, values=values_of(definition), mask=mask, id=type_.id, is_open=is_open)
        case RecordDefinition():
            yield Bare(type=type_, record=definition, id=type_.id)


def values_of(definition: EnumDefinition) -> tuple[Value, ...]:
    """The values that are not combinations of others."""
    if definition.base != "Flag":
        values = [m.value for m in definition.members if not isinstance(m.value, float)]
        return tuple({(type(value), value): value for value in values}.values())
    return tuple(flags.bits(definition.mask))


_NUMBER = frozenset({"gt", "ge", "lt", "le", "multiple_of"})
_LENGTH = frozenset({"min_length", "max_length"})
_BORNE: Mapping[str, frozenset[str]] = {
    "int": _NUMBER,
    "float": _NUMBER,
    "str": _LENGTH | {"pattern"},
    "bytes": _LENGTH,
    "bytearray": _LENGTH,
    "datetime": frozenset({"tz"}),
    "time": frozenset({"tz"}),
}
"""The limits that values of a scalar can have: limits around a union are those of the members that can have them."""


def _borne(limits: Constrained | None, type_: Type) -> Constrained | None:
    """The constraints that apply to a type, out of some constraints."""
    if limits is None:
        return None
    known = _BORNE.get(type_.name, frozenset[str]()) if isinstance(type_, Scalar) else _LENGTH
    given = {name: value for name, value in leaves.given(limits).items() if name in known}
    return Constrained(type=type_, **given) if given else None


def _both(inner: Constrained, outer: Constrained | None) -> Constrained:
    """Constraints of a constrained type that is constrained again: the outer one wins."""
    if outer is None:
        return inner
    return msgspec.structs.replace(inner, **leaves.given(outer))


class Slot(msgspec.Struct, frozen=True, kw_only=True):
    """One field in its wire form.

    Attributes:
        is_sure: written in every message; for a reader: required.
        label: its name in Python.
        aliases: other names under which it is accepted.
    """

    wire: str
    label: str
    type: Type
    is_sure: bool
    aliases: tuple[str, ...] = ()


class Row(msgspec.Struct, frozen=True, kw_only=True):
    """A record in its wire form.

    Attributes:
        is_array: written as an array, by position.
        is_exact: rejects unknown fields.
        tag: name and value of its tag.
    """

    slots: tuple[Slot, ...]
    is_array: bool
    is_exact: bool
    tag: tuple[str, str | int] | None = None


def as_written(record: RecordDefinition) -> Row:
    """The written form of a record; its tag is one of the fields."""
    row = _row(record, is_written=True)
    if row.tag is None:
        return row
    name, value = row.tag
    slot = Slot(wire=name, label=name, type=LiteralOf(values=(value,)), is_sure=True)
    return msgspec.structs.replace(row, slots=(slot, *row.slots))


def as_read(record: RecordDefinition, *, is_tag_needed: bool) -> Row:
    """The read form of a record; its tag is one of the fields, and required if records are distinguished by it."""
    row = _row(record, is_written=False)
    if row.tag is None:
        return row
    name, value = row.tag
    needed = is_tag_needed or row.is_array
    slot = Slot(wire=name, label=name, type=LiteralOf(values=(value,)), is_sure=needed)
    return msgspec.structs.replace(row, slots=(slot, *row.slots))


def _row(record: RecordDefinition, *, is_written: bool) -> Row:
    is_array = record.array_like or record.style == "namedtuple"
    tag = None if record.tag is None else (record.tag_field or "type", record.tag)
    return Row(
        slots=tuple(
            Slot(
                wire=f.wire or f.name,
                label=f.name,
                type=f.type,
                is_sure=_is_written(record, f, is_array=is_array) if is_written else _is_required(record, f),
            )
            for f in record.fields
        ),
        is_array=is_array,
        is_exact=record.forbid_unknown_fields or record.style == "namedtuple",
        tag=tag,
    )


def _is_written(record: RecordDefinition, field: Field, *, is_array: bool) -> bool:
    if field.name in record.optional:
        return False
    if field.default == BY_WORKER:
        return False
    return is_array or not record.omit_defaults or field.default is None


def _is_required(record: RecordDefinition, field: Field) -> bool:
    return field.default is None and field.name not in record.optional


def payload_of(task: TaskContract) -> Row:
    """The written form of a task's payload: parameters by name, defaults included unless the worker decides them."""
    return Row(
        slots=tuple(
            Slot(wire=p.name, label=p.name, type=p.type, is_sure=p.default != BY_WORKER)
            for p in task.parameters
        ),
        is_array=False,
        is_exact=False,
    )


def payload_as_read(task: TaskContract) -> Row:
    """The read form of a task's payload."""
    row = payload_of(task)
    return msgspec.structs.replace(
        row,
        slots=tuple(
            msgspec.structs.replace(slot, is_sure=p.default is None, aliases=p.aliases)
            for slot, p in zip(row.slots, task.parameters, strict=True)
        ),
    )


def row_length(row: Row) -> tuple[int, float]:
    """The minimum and maximum number of items in an array that is read as a row."""
    least = max((n for n, slot in enumerate(row.slots, 1) if slot.is_sure), default=0)
    return least, len(row.slots) if row.is_exact else math.inf
