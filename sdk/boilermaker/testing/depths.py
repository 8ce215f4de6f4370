"""The minimum nesting depth of a type's values, which drawing needs in order to end."""

import math
from collections.abc import Iterable

from msgspec import inspect as shapes

RECORDS = (shapes.StructType, shapes.DataclassType, shapes.NamedTupleType, shapes.TypedDictType)
Record = shapes.StructType | shapes.DataclassType | shapes.NamedTupleType | shapes.TypedDictType

_ITEMS = (
    shapes.ListType, shapes.SetType, shapes.FrozenSetType, shapes.CollectionType, shapes.VarTupleType,
)  # fmt: skip


class Depths:
    """Minimum depths of a type and its parts: 0 for types without records, infinite if every value is infinite."""

    def __init__(self, info: shapes.Type) -> None:
        self._records: dict[int, tuple[Record, float]] = {}
        self._find(info)
        is_settled = False
        while not is_settled:  # each pass settles at least one more record
            is_settled = True
            for key, (record, known) in self._records.items():
                depth = 1 + max((self.of(field.type) for field in _needed(record)), default=0)
                if depth < known:
                    self._records[key] = (record, depth)
                    is_settled = False

    def of(self, info: shapes.Type) -> float:
        """The minimum depth of this part of the type."""
        if isinstance(info, RECORDS):
            return self._records[id(info)][1]
        if isinstance(info, shapes.UnionType):
            return min(self.of(member) for member in info.types)
        if isinstance(info, _ITEMS):
            return self.of(info.item_type) if info.min_length else 0
        if isinstance(info, shapes.DictType):
            return max(self.of(part) for part in _parts(info)) if info.min_length else 0
        return max((self.of(part) for part in _parts(info)), default=0)

    def _find(self, info: shapes.Type) -> None:
        if isinstance(info, RECORDS):
            if id(info) in self._records:
                return
            self._records[id(info)] = (info, math.inf)
        for part in _parts(info):
            self._find(part)


def may_be_left_out(field: shapes.Field) -> bool:
    """Whether a record can be made without this field."""
    return not field.required


def _needed(record: Record) -> Iterable[shapes.Field]:
    return (field for field in record.fields if not may_be_left_out(field))


def _parts(info: shapes.Type) -> Iterable[shapes.Type]:
    match info:
        case shapes.Metadata(type=inner):
            return (inner,)
        case shapes.UnionType(types=members):
            return members
        case shapes.TupleType(item_types=items):
            return items
        case shapes.DictType(key_type=key, value_type=value):
            return (key, value)
        case _ if isinstance(info, _ITEMS):
            return (info.item_type,)
        case _ if isinstance(info, RECORDS):
            return tuple(field.type for field in info.fields)
        case _:
            return ()
