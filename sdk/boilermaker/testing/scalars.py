"""Strategies for values without parts, within the limits that `msgspec.Meta` sets."""

import datetime as dt
import math
import re
from typing import Any

from hypothesis import strategies as st
from msgspec import inspect as shapes

Strategy = st.SearchStrategy[Any]

_ENCODABLE = st.characters(exclude_categories=["Cs"])  # a lone surrogate has no UTF-8 form
# Offsets of whole minutes: ISO 8601 has no seconds in them.
_OFFSETS = st.integers(-14 * 60, 14 * 60).map(lambda minutes: dt.timezone(dt.timedelta(minutes=minutes)))
_JSON_KEYS = st.text(_ENCODABLE, max_size=5)
_JSON_LEAVES = (
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**63 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(_ENCODABLE, max_size=8)
)
HASHABLE = _JSON_LEAVES
"""Values for `Any` in a set."""

JSON_KEY = _JSON_KEYS
"""Values for `Any` as the key of a mapping."""

_JSON = st.recursive(
    _JSON_LEAVES,
    lambda parts: st.lists(parts, max_size=3) | st.dictionaries(_JSON_KEYS, parts, max_size=3),
    max_leaves=5,
)


def scalar(info: shapes.Type) -> Strategy:
    """Values of a type without parts.

    Raises:
        TypeError: values of this type cannot be generated.
    """
    match info:
        case shapes.IntType():
            return _integers(info)
        case shapes.FloatType():
            return _floats(info)
        case shapes.StrType():
            return _texts(info)
        case shapes.BytesType() | shapes.MemoryViewType():
            return st.binary(min_size=info.min_length or 0, max_size=size(info))
        case shapes.ByteArrayType():
            return st.binary(min_size=info.min_length or 0, max_size=size(info)).map(bytearray)
        case shapes.DateTimeType():
            return st.datetimes(timezones=_zones(info))
        case shapes.TimeType():
            return st.times(timezones=_zones(info))
        case shapes.LiteralType(values=choices):
            return st.sampled_from(choices)
        case shapes.EnumType(cls=cls):
            return st.sampled_from(list(cls.__members__.values()))
        case _ if type(info) in _SIMPLE:
            return _SIMPLE[type(info)]
        case _:
            raise TypeError(f"cannot generate values of {info!r}: the type has no JSON form")


_SIMPLE: dict[type, Strategy] = {
    shapes.NoneType: st.none(),
    shapes.BoolType: st.booleans(),
    shapes.DateType: st.dates(),
    shapes.TimeDeltaType: st.timedeltas(),
    shapes.UUIDType: st.uuids(),
    shapes.DecimalType: st.decimals(allow_nan=False, allow_infinity=False),
    shapes.AnyType: _JSON,
}


def size(info: Any, usual: int = 8) -> int:
    """The largest size to draw, from `min_length` and `max_length`: small, so that failures can be read."""
    least: int = info.min_length or 0
    return max(least, usual) if info.max_length is None else min(max(least, usual), info.max_length)


def _zones(info: shapes.DateTimeType | shapes.TimeType) -> st.SearchStrategy[dt.tzinfo | None]:
    naive: st.SearchStrategy[dt.tzinfo | None] = st.none()
    return {True: _OFFSETS, False: naive, None: naive | _OFFSETS}[info.tz]


def _integers(info: shapes.IntType) -> Strategy:
    least = info.gt + 1 if info.gt is not None else info.ge
    most = info.lt - 1 if info.lt is not None else info.le
    if info.multiple_of is None:
        return st.integers(least, most)
    step = info.multiple_of
    return st.integers(
        None if least is None else -(-least // step), None if most is None else most // step
    ).map(lambda count: count * step)


def _floats(info: shapes.FloatType) -> Strategy:
    least = info.gt if info.gt is not None else info.ge
    most = info.lt if info.lt is not None else info.le
    if info.multiple_of is None:
        return st.floats(
            least,
            most,
            exclude_min=info.gt is not None,
            exclude_max=info.lt is not None,
            allow_nan=False,
            allow_infinity=False,
        )
    step = info.multiple_of
    counts = st.integers(
        -(2**20) if least is None else math.ceil(least / step),
        2**20 if most is None else math.floor(most / step),
    )
    return counts.map(lambda count: count * step).filter(lambda value: _is_within(value, info))


def _is_within(value: float, info: shapes.FloatType) -> bool:
    return (
        (info.gt is None or value > info.gt)
        and (info.ge is None or value >= info.ge)
        and (info.lt is None or value < info.lt)
        and (info.le is None or value <= info.le)
        and math.fmod(value, info.multiple_of or 1) == 0
    )


def _texts(info: shapes.StrType) -> Strategy:
    if info.pattern is None:
        return st.text(_ENCODABLE, min_size=info.min_length or 0, max_size=size(info))
    matching = st.from_regex(info.pattern, alphabet=_ENCODABLE)
    if info.min_length is None and info.max_length is None:
        return matching
    # A pattern only has to match a part: if the match is too short, padding around it can reach the length.
    padded = st.tuples(_padding(info), st.from_regex(info.pattern, alphabet=_ENCODABLE), _padding(info))
    pattern = re.compile(info.pattern)
    return (matching | padded.map("".join)).filter(
        lambda text: (
            (info.min_length or 0) <= len(text) <= (len(text) if info.max_length is None else info.max_length)
            and pattern.search(text) is not None
        )
    )


def _padding(info: shapes.StrType) -> st.SearchStrategy[str]:
    least = (info.min_length or 0) // 2
    return st.text(_ENCODABLE, min_size=least, max_size=least + 2)
