"""Values drawn from generated types, as msgspec describes these."""

import datetime as dt
import string
from typing import Any

from hypothesis import strategies as st
from msgspec import NODEFAULT
from msgspec import inspect as shapes

Strategy = st.SearchStrategy[Any]

_PATTERNED = string.ascii_lowercase + string.digits
_PLAIN = string.ascii_letters + string.digits + " äß✅'\"\\"


def values(type_: Any) -> Strategy:
    """Values of a type."""
    return _of(shapes.type_info(type_), 3)


def _of(info: shapes.Type, depth: int) -> Strategy:
    match info:
        case shapes.Metadata(type=inner):
            return _of(inner, depth)
        case shapes.UnionType(types=members):
            return st.one_of([_of(member, depth) for member in _shallow(members, depth)])
        case shapes.LiteralType(values=choices):
            return st.sampled_from(choices)
        case shapes.EnumType(cls=cls):
            return st.sampled_from(list(cls))
        case shapes.SetType() | shapes.FrozenSetType():
            return st.lists(_of(_hashable(info.item_type), depth - 1), max_size=2).map(_MAKE[type(info)])
        case shapes.ListType() | shapes.CollectionType() | shapes.VarTupleType():
            made = st.lists(_of(info.item_type, depth - 1), max_size=2 if depth > 0 else 0)
            return made.map(_MAKE.get(type(info), list))
        case shapes.TupleType(item_types=items):
            return st.tuples(*(_of(item, depth - 1) for item in items))
        case shapes.DictType(key_type=key, value_type=value):
            return st.dictionaries(
                _of(_hashable(key), depth - 1), _of(value, depth - 1), max_size=2 if depth > 0 else 0
            )
        case shapes.StructType() | shapes.DataclassType() | shapes.NamedTupleType() | shapes.TypedDictType():
            return _record(info, depth)
        case _:
            return _scalar(info)


_MAKE: dict[type, Any] = {
    shapes.SetType: set,
    shapes.FrozenSetType: frozenset,
    shapes.VarTupleType: tuple,
}


def _hashable(info: shapes.Type) -> shapes.Type:
    """What `Any` may be as a key or in a set."""
    return shapes.StrType() if isinstance(info, shapes.AnyType) else info


def _shallow(members: Any, depth: int) -> Any:
    """Where it is deep enough, the members that end a recursion."""
    plain = [
        m
        for m in members
        if not isinstance(m, shapes.StructType | shapes.DataclassType | shapes.NamedTupleType)
    ]
    return plain if depth <= 0 and plain else members


def _record(info: Any, depth: int) -> Strategy:
    chosen: dict[str, Strategy] = {}
    for field in info.fields:
        has_default = field.default is not NODEFAULT or field.default_factory is not NODEFAULT
        if depth > 0 or not (has_default or not field.required):
            chosen[field.name] = st.deferred(lambda field=field: _of(field.type, depth - 1))
    make = dict if isinstance(info, shapes.TypedDictType) else info.cls
    return st.fixed_dictionaries(chosen).map(lambda kept: make(**kept))


def _scalar(info: shapes.Type) -> Strategy:
    match info:
        case shapes.IntType():
            return st.integers(_least(info), _most(info)).map(lambda n: n - n % (info.multiple_of or 1))
        case shapes.FloatType():
            return st.floats(
                -1e9 if info.ge is None else info.ge, 1e9 if info.le is None else info.le, allow_nan=False
            )
        case shapes.StrType(pattern=str(pattern)):
            return st.from_regex(pattern, fullmatch=True, alphabet=_PATTERNED)
        case shapes.StrType():
            return st.text(_PLAIN, min_size=info.min_length or 0, max_size=info.max_length or 8)
        case shapes.DateTimeType():
            return st.datetimes(timezones=st.just(dt.UTC) if info.tz else st.none())
        case _:
            return _SIMPLE[type(info)]


def _least(info: shapes.IntType) -> int:
    return info.gt + 1 if info.gt is not None else info.ge if info.ge is not None else -(2**40)


def _most(info: shapes.IntType) -> int:
    return info.lt - 1 if info.lt is not None else info.le if info.le is not None else 2**40


_SIMPLE: dict[type, Strategy] = {
    shapes.NoneType: st.none(),
    shapes.BoolType: st.booleans(),
    shapes.BytesType: st.binary(max_size=5),
    shapes.ByteArrayType: st.binary(max_size=5).map(bytearray),
    shapes.DateType: st.dates(),
    shapes.TimeType: st.times(),
    shapes.TimeDeltaType: st.timedeltas(),
    shapes.UUIDType: st.uuids(),
    shapes.DecimalType: st.decimals(allow_nan=False, allow_infinity=False),
    shapes.AnyType: st.none()
    | st.booleans()
    | st.text(_PLAIN, max_size=5)
    | st.lists(st.integers(0, 9), max_size=2),
}
