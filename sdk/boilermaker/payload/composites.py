"""Tuples, records and frozen sets that are items of sets, and their hashes, as a payload's own types make them.

Of two numbers anybody can choose the first, and then compute the second so that the tuple has a given hash: 8,000 dataclasses
in 285 KB took eight seconds to be inserted. Which tuples those are only making them tells; one by one, into no set.
"""

import datetime as dt
from collections.abc import Iterator
from decimal import Decimal
from functools import lru_cache
from typing import Any, Literal, Union, cast
from uuid import UUID

import msgspec
from msgspec import inspect as shapes

from boilermaker.payload.parts import RECORDS, all_of
from boilermaker.payload.unfit import DecodeHook, decoder

_FEW = 50
"""Items of a set that may have one hash, whatever they are: that many are compared at once."""

_COMPOSED = (shapes.TupleType, shapes.VarTupleType, shapes.FrozenSetType, *RECORDS)
_CHOSEN = (
    shapes.IntType, shapes.FloatType, shapes.DecimalType, shapes.UUIDType, shapes.AnyType, shapes.CustomType,
    shapes.TimeDeltaType, shapes.DateTimeType, shapes.TimeType,
)  # fmt: skip
"""Whose hashes have no key: those of durations, and of moments with an offset, are made as a tuple's."""
_LEAVES: dict[type[shapes.Type], Any] = {
    shapes.NoneType: None, shapes.BoolType: bool, shapes.IntType: int, shapes.FloatType: float, shapes.StrType: str,
    shapes.BytesType: bytes, shapes.DecimalType: Decimal, shapes.UUIDType: UUID, shapes.DateType: dt.date,
    shapes.DateTimeType: dt.datetime, shapes.TimeType: dt.time, shapes.TimeDeltaType: dt.timedelta,
}  # fmt: skip


def hashed(info: shapes.Type) -> Iterator[shapes.Type]:
    """What is an item of a set, or a key of a mapping."""
    for part in all_of(info):
        if isinstance(part, shapes.SetType | shapes.FrozenSetType):
            yield part.item_type
        elif isinstance(part, shapes.DictType) and not isinstance(part.key_type, shapes.AnyType):
            yield part.key_type


@lru_cache(maxsize=4096)
def of(type_: Any) -> tuple[Any, ...]:
    """The types of such items within a type, those that are part of others first."""
    found = [
        info
        for info in hashed(shapes.type_info(type_))
        if any(isinstance(part, _COMPOSED) for part in all_of(info))
        and any(isinstance(part, _CHOSEN) for part in all_of(info))
    ]
    return tuple(_type_of(info) for info in sorted(found, key=lambda info: sum(1 for _ in all_of(info))))


def hashes(plain: object, item_type: Any, hook: DecodeHook | None) -> Iterator[int]:
    """The hashes of all items of such a type in long lists of a payload; those that are written alike once."""
    read = decoder(item_type, hook).decode
    seen: set[bytes] = set()
    for items in _long_lists(plain):
        for item in items:
            data = msgspec.json.encode(item)
            if data in seen:
                continue
            seen.add(data)
            try:
                number = hash(read(data))
            except KeyboardInterrupt:
                raise
            except BaseException:  # noqa: BLE001 - types run code of their users; who reads the payload stops here, too
                break
            yield number


def _long_lists(plain: object) -> Iterator[list[object]]:
    waiting = [plain]
    while waiting:
        item = waiting.pop()
        if isinstance(item, dict):
            waiting.extend(cast("dict[str, object]", item).values())
        elif isinstance(item, list):
            items = cast("list[object]", item)
            waiting.extend(items)
            if len(items) > _FEW:
                yield items


def _type_of(info: shapes.Type) -> Any:
    """The type that a description is of, less its limits."""
    match info:
        case shapes.UnionType(types=parts):
            return Union[tuple(map(_type_of, parts))]  # noqa: UP007 - of as many as there are
        case shapes.TupleType(item_types=parts):
            return tuple[tuple(map(_type_of, parts))]  # type: ignore[misc]  # made at run time
        case shapes.VarTupleType(item_type=item):
            return tuple[_type_of(item), ...]  # type: ignore[misc]  # likewise
        case shapes.FrozenSetType(item_type=item):
            return frozenset[_type_of(item)]  # type: ignore[misc]  # likewise
        case shapes.LiteralType(values=values):
            return Literal[tuple(values)]
        case shapes.Metadata(type=inner):
            return _type_of(inner)
        case _:
            return _LEAVES.get(type(info), getattr(info, "cls", Any))
