"""Numbers that may not travel.

Floats that JSON does not have: msgspec encodes NaN and infinities as null, which a `float | None` then takes for None.
And Decimals that would keep a worker busy: `int(Decimal("1E+999999"))` takes minutes, and so does printing it.
"""

import math
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from decimal import Decimal
from functools import lru_cache
from typing import Any, cast

import msgspec
from msgspec import inspect as shapes

MAX_DIGITS = 1000
"""Digits of a Decimal, and its exponent in either direction."""
_HUGE = f"a Decimal has at most {MAX_DIGITS:,} digits, and an exponent from -{MAX_DIGITS:,} to {MAX_DIGITS:,}"


def huge(payload: msgspec.Struct) -> tuple[str, ...]:
    """A sentence for each field that holds a Decimal with too many digits or too large an exponent, with its path."""
    if not _may_hold_decimals(type(payload)):
        return ()
    return tuple(
        f"{field.encode_name}: {_HUGE} (at `{path}`)"
        for field in msgspec.structs.fields(payload)
        if (path := _search(getattr(payload, field.name), _is_huge)) is not None
    )


def huge_result(value: object) -> str | None:
    """The same sentence for a result."""
    path = _search(value, _is_huge)
    return None if path is None else f"{_HUGE} (at `{path}`)"


def _is_huge(value: object) -> bool:
    if not isinstance(value, Decimal) or not value.is_finite():
        return False
    _, digits, exponent = value.as_tuple()
    return len(digits) > MAX_DIGITS or (isinstance(exponent, int) and abs(exponent) > MAX_DIGITS)


def _is_not_finite(value: object) -> bool:
    return isinstance(value, float) and not math.isfinite(value)


def find_all(given: Mapping[str, object]) -> tuple[str, ...]:
    """A sentence for each argument that holds such a float, with its path."""
    return tuple(
        f"{name}: NaN and infinities have no JSON form (at `{path}`)"
        for name, value in given.items()
        if (path := find(value)) is not None
    )


def find(value: object) -> str | None:
    """Where a float that is not finite hides, or None."""
    return _search(value, _is_not_finite)


def _search(value: object, is_wanted: Callable[[object], bool]) -> str | None:
    """Where such a value hides. Without recursion: msgspec encodes deeper nesting than Python calls."""
    waiting = [("$", value)]
    while waiting:
        path, item = waiting.pop()
        if is_wanted(item):
            return path
        if item is not None and not isinstance(item, str | int | float | bytes):
            waiting.extend(reversed(list(_parts(path, item))))
    return None


def _parts(path: str, value: object) -> Iterable[tuple[str, object]]:
    """What a value holds as msgspec encodes it, each with its path."""
    if isinstance(value, list | tuple | set | frozenset):
        items = cast("Collection[object]", value)
        return ((f"{path}[{index}]", item) for index, item in enumerate(items))
    if isinstance(value, Mapping):
        entries = cast("Mapping[object, object]", value)
        return ((f"{path}[...]", item) for entry in entries.items() for item in entry)
    return ((f"{path}.{name}", getattr(value, name, None)) for name in _field_names(type(value)))  # type: ignore[arg-type]  # mypy takes an object's `__hash__` for its class's


@lru_cache(maxsize=4096)
def _field_names(cls: type[Any]) -> tuple[str, ...]:
    """Fields of a Struct, a dataclass or an attrs class; nothing else has parts that travel, enum members least."""
    attributes: tuple[Any, ...] = getattr(cls, "__attrs_attrs__", ())
    return tuple(
        getattr(cls, "__struct_fields__", None)
        or getattr(cls, "__dataclass_fields__", None)
        or (attribute.name for attribute in attributes)
    )


@lru_cache(maxsize=4096)
def may_hide(payload_type: type[msgspec.Struct]) -> bool:
    """False where no part of the type takes null, so that msgspec refuses such a float: most payloads skip the search."""
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


@lru_cache(maxsize=4096)
def _may_hold_decimals(payload_type: type[msgspec.Struct]) -> bool:
    """False where no part of the type is a Decimal: most payloads skip the search."""
    waiting: list[object] = [shapes.type_info(payload_type)]
    seen: set[int] = set()
    while waiting:
        info = waiting.pop()
        if isinstance(info, shapes.DecimalType):
            return True
        if id(info) not in seen:
            seen.add(id(info))
            waiting.extend(_inner(info))
    return False


def _inner(info: object) -> Iterator[object]:
    """What a description of a type holds, descriptions of other types among it."""
    if isinstance(info, tuple):
        yield from cast("tuple[object, ...]", info)
    elif isinstance(info, msgspec.Struct):
        yield from (getattr(info, name) for name in info.__struct_fields__)
