"""Rejects numbers and datetimes that cannot be sent faithfully or safely.

- Floats that JSON cannot express: msgspec encodes NaN and infinities as null, which `float | None` decodes as None.
- Huge Decimals, which would keep a worker busy: `int(Decimal("1E+999999"))` takes minutes, and so does formatting it.
- Datetimes and times whose UTC offset has seconds: msgspec encodes whole minutes, so that another time would arrive.

Values that arrive as another type are in `untyped`.
"""

import datetime as dt
import math
from collections.abc import Callable, Mapping
from decimal import Decimal
from functools import lru_cache
from typing import Any

import msgspec
from msgspec import inspect as shapes

from boilermaker.payload.parts import holds, parts_of

MAX_DIGITS = 1000
"""Maximum number of digits of a Decimal, and maximum absolute value of its exponent."""
_HUGE = f"a Decimal has at most {MAX_DIGITS:,} digits, and an exponent from -{MAX_DIGITS:,} to {MAX_DIGITS:,}"

_INFINITE = "NaN and infinities have no JSON form"
_ODD_OFFSET = "an offset from UTC with seconds has no form in ISO 8601; give the moment in UTC, `.astimezone(datetime.UTC)`"
_MOMENTS = (shapes.DateTimeType, shapes.TimeType)


def huge(payload: msgspec.Struct) -> tuple[str, ...]:
    """A sentence for each field that holds a Decimal with too many digits or too large an exponent, with its path."""
    if not holds(type(payload), (shapes.DecimalType,)):
        return ()
    return tuple(
        f"{field.encode_name}: {_HUGE} (at `{path}`)"
        for field in msgspec.structs.fields(payload)
        if (path := _search(getattr(payload, field.name), _is_huge)) is not None
    )


def odd_offsets(payload_type: type[msgspec.Struct], given: Mapping[str, object]) -> tuple[str, ...]:
    """A sentence for each argument that holds a datetime or time whose UTC offset is not whole minutes, with its path."""
    if not holds(payload_type, _MOMENTS):
        return ()
    return tuple(
        f"{name}: {_ODD_OFFSET} (at `{path}`)"
        for name, value in given.items()
        if (path := _search(value, _has_odd_offset)) is not None
    )


def huge_part(value: object, type_: Any) -> str | None:
    """The same as `huge`, for a value that is not a payload."""
    if not holds(type_, (shapes.DecimalType, shapes.AnyType)):
        return None
    path = _search(value, _is_huge)
    return None if path is None else f"{_HUGE} (at `{path}`)"


def unfit_result(value: object, type_: Any) -> str | None:
    """A sentence for the first float, Decimal or datetime of a result that must not be sent; None if there is none."""
    if (path := find(value)) is not None:
        return f"{_INFINITE} (at `{path}`)"
    if (why := huge_part(value, type_)) is not None:
        return why
    if holds(type_, _MOMENTS) and (path := _search(value, _has_odd_offset)) is not None:
        return f"{_ODD_OFFSET} (at `{path}`)"
    return None


def _is_huge(value: object) -> bool:
    if not isinstance(value, Decimal) or not value.is_finite():
        return False
    _, digits, exponent = value.as_tuple()
    return len(digits) > MAX_DIGITS or (isinstance(exponent, int) and abs(exponent) > MAX_DIGITS)


def _is_not_finite(value: object) -> bool:
    return isinstance(value, float) and not math.isfinite(value)


def _has_odd_offset(value: object) -> bool:
    if not isinstance(value, dt.datetime | dt.time) or value.tzinfo is None:
        return False
    offset = value.utcoffset()
    return offset is not None and bool(offset % dt.timedelta(minutes=1))


def find_all(given: Mapping[str, object]) -> tuple[str, ...]:
    """A sentence for each argument that holds NaN or an infinity, with its path."""
    return tuple(
        f"{name}: {_INFINITE} (at `{path}`)"
        for name, value in given.items()
        if (path := find(value)) is not None
    )


def is_altered(value: object) -> bool:
    """Whether the JSON form of a value means something else: NaN, infinities, offsets with seconds."""
    return find(value) is not None or _search(value, _has_odd_offset) is not None


def find(value: object) -> str | None:
    """The path of the first float that is not finite, or None."""
    return _search(value, _is_not_finite)


_LEAVES = (str, int, float, bytes, type(None), Decimal, dt.date, dt.time, dt.timedelta)


def _search(value: object, is_wanted: Callable[[object], bool]) -> str | None:
    """The path of the first such value. Not recursive, because msgspec encodes deeper nesting than Python's recursion limit."""
    if isinstance(value, _LEAVES):
        return "$" if is_wanted(value) else None
    waiting = [("$", value)]
    while waiting:
        path, item = waiting.pop()
        if is_wanted(item):
            return path
        if not isinstance(item, _LEAVES):
            waiting.extend(reversed(list(parts_of(path, item))))
    return None


@lru_cache(maxsize=4096)
def may_hide(payload_type: type[msgspec.Struct]) -> bool:
    """Whether a part of the type accepts null. If none does, msgspec rejects such a float, and the search can be skipped."""
    return any(_may_take_null(shapes.type_info(field.type)) for field in msgspec.structs.fields(payload_type))


_NULLLESS: tuple[type, ...] = (
    shapes.StrType, shapes.IntType, shapes.FloatType, shapes.BoolType, shapes.BytesType, shapes.ByteArrayType,
    shapes.DateTimeType, shapes.DateType, shapes.TimeType, shapes.TimeDeltaType, shapes.UUIDType, shapes.DecimalType,
    shapes.EnumType,
)  # fmt: skip


def _may_take_null(info: shapes.Type) -> bool:
    if isinstance(info, _NULLLESS):
        return False
    if isinstance(info, shapes.LiteralType):
        return None in info.values
    if isinstance(info, shapes.UnionType):
        return any(_may_take_null(member) for member in info.types)
    if isinstance(info, shapes.ListType | shapes.SetType | shapes.FrozenSetType | shapes.VarTupleType):
        return _may_take_null(info.item_type)
    if isinstance(info, shapes.Metadata):
        return _may_take_null(info.type)
    return True
