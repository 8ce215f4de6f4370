"""Definitions of named types: enums, NewTypes, and records of every style."""

from typing import Any, Final, Literal

from boilermaker.contract.types import Type, Value


class Default(Value, frozen=True):
    """A default, as the JSON value that is written if the argument is omitted."""

    value: Any


ByWorker = Literal["worker"]
BY_WORKER: Final[ByWorker] = "worker"
"""A default that only the worker knows: what is left out is left out on the wire too, and the worker fills it in."""

AnyDefault = Default | ByWorker


class Field(Value, frozen=True):
    """One field of a record.

    Attributes:
        name: its name in Python.
        wire: its name on the wire, if it differs.
        default: None if the field is required.
    """

    name: str
    type: Type
    wire: str | None = None
    default: AnyDefault | None = None


class Member(Value, frozen=True):
    """One member of an enum; aliases (a second name for a value) are members too."""

    name: str
    value: str | int | float | bool | None


class EnumDefinition(Value, frozen=True, tag_field="kind", tag="enum"):
    """An enum.

    Attributes:
        base: the class to derive from.
        mixin: the data type mixed in (`class C(str, Enum)`).
        is_open: it has a `_missing_`: only the worker knows which other values it accepts.
    """

    name: str
    members: tuple[Member, ...]
    base: Literal["Enum", "IntEnum", "StrEnum", "Flag", "IntFlag"] = "Enum"
    mixin: Literal["str", "int", "float"] | None = None
    doc: str | None = None
    is_open: bool = False

    @property
    def mask(self) -> int:
        """All bits of flags."""
        mask = 0
        for member in self.members:
            mask |= member.value if isinstance(member.value, int) else 0
        return mask


class NewTypeDefinition(Value, frozen=True, tag_field="kind", tag="newtype"):
    """`typing.NewType`: another name for a type; on the wire just that type."""

    name: str
    type: Type


RecordStyle = Literal["struct", "dataclass", "typeddict", "namedtuple", "attrs"]


class RecordDefinition(Value, frozen=True, tag_field="kind", tag="record"):
    """A class with fields; on the wire an object, or an array for `array_like` and named tuples.

    Attributes:
        fields: in the order in which the class takes them.
        tag: the value that distinguishes union members, stored in `tag_field` (`type` by default).
        total: False for a TypedDict with `total=False`; single fields are then marked by `optional`.
        optional: names of TypedDict keys that need not be there.
        parameters: names of the type variables that a generic class takes, in order.
    """

    name: str
    style: RecordStyle
    fields: tuple[Field, ...]
    doc: str | None = None
    tag: str | int | None = None
    tag_field: str | None = None
    frozen: bool = False
    kw_only: bool = False
    array_like: bool = False
    omit_defaults: bool = False
    forbid_unknown_fields: bool = False
    optional: tuple[str, ...] = ()
    parameters: tuple[str, ...] = ()


Definition = EnumDefinition | NewTypeDefinition | RecordDefinition
