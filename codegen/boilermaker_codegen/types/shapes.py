"""Contract types as Python types, as far as msgspec needs them for its checks."""

import dataclasses
import datetime as dt
import decimal
import enum
import typing
import uuid
from collections import abc
from collections.abc import Collection, Mapping
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
    RecordDefinition,
    Scalar,
    TupleOf,
    Type,
    UnionOf,
    Variable,
)

_SCALARS: dict[str, Any] = {
    "any": Any, "none": type(None), "bool": bool, "int": int, "float": float, "str": str, "bytes": bytes,
    "bytearray": bytearray, "datetime": dt.datetime, "date": dt.date, "time": dt.time, "timedelta": dt.timedelta,
    "uuid": uuid.UUID, "decimal": decimal.Decimal,
}  # fmt: skip
_GENERICS: dict[str, Any] = {
    "list": list, "Sequence": abc.Sequence, "MutableSequence": abc.MutableSequence, "Collection": abc.Collection,
    "set": set, "MutableSet": abc.MutableSet, "frozenset": frozenset, "Set": abc.Set,
    "dict": dict, "Mapping": abc.Mapping, "MutableMapping": abc.MutableMapping,
}  # fmt: skip


class Shapes:
    """Contract types as Python types; named types as stand-ins without fields."""

    def __init__(self, types: Mapping[str, Definition], externals: Collection[str] = ()) -> None:
        self._types = types
        self._externals = externals
        self._made: dict[Named, Any] = {}

    def of(self, type_: Type) -> Any:
        match type_:
            case Scalar(name=name):
                return _SCALARS[name]
            case LiteralOf(values=values):
                return typing.Literal[values]
            case Container(container="tuple", item=item):
                return tuple[self.of(item), ...]  # type: ignore[misc]
            case Container(container=container, item=item):
                return _GENERICS[container][self.of(item)]
            case TupleOf(items=items):
                return tuple[tuple(self.of(item) for item in items)]  # type: ignore[misc]
            case MappingOf(mapping=mapping, key=key, value=value):
                return _GENERICS[mapping][self.of(key), self.of(value)]
            case UnionOf(members=members):
                return typing.Union[tuple(self.of(member) for member in members)]  # noqa: UP007 - built from a tuple
            case Constrained(type=inner):
                limits = {name: getattr(type_, name) for name in type_.__struct_fields__ if name != "type"}
                return typing.Annotated[self.of(inner), msgspec.Meta(**limits)]
            case Named(id=id_):
                if type_ not in self._made:
                    is_external = id_ in self._externals  # msgspec leaves it to the worker's hooks
                    self._made[type_] = type(id_, (), {}) if is_external else self._stand_in(self._types[id_])
                return self._made[type_]
            case Variable():
                return Any

    def _stand_in(self, definition: Definition) -> Any:
        name = definition.name.rpartition(".")[2]
        match definition:
            case NewTypeDefinition(type=type_):
                return self.of(type_)
            case EnumDefinition(members=members):
                kind: Any = {"Flag": enum.Flag, "IntFlag": enum.IntFlag}.get(definition.base, enum.Enum)
                return kind(name, {member.name: member.value for member in members})
            case RecordDefinition(style="struct"):
                return msgspec.defstruct(
                    name,
                    [],
                    tag=definition.tag,
                    tag_field=definition.tag_field,
                    array_like=definition.array_like,
                )
            case RecordDefinition(style="namedtuple"):
                return _namedtuple(name, [field.name for field in definition.fields])
            case RecordDefinition(style="typeddict"):
                return typing.TypedDict(name, {})  # type: ignore[operator]
            case _:
                return dataclasses.make_dataclass(name, [])


def _namedtuple(name: str, fields: list[str]) -> Any:
    make: Any = typing.NamedTuple  # an array must have as many items; type checkers require their names
    return make(name, [(field, Any) for field in fields])
