"""Scalar values on the wire: the JSON token that each is written as, and the types that decode it.

A test checks this against msgspec.
"""

import datetime as dt
import decimal
import math
import types
import uuid
from collections.abc import Callable, Iterator
from typing import Annotated, Any, Literal

import msgspec

from boilermaker.contract import Constrained, Scalar, ScalarName

Token = Literal["null", "bool", "int", "float", "str", "array", "object"]
Value = str | int | bool | None

PYTHON: dict[ScalarName, Any] = {
    "any": Any, "none": None, "bool": bool, "int": int, "float": float, "str": str, "bytes": bytes,
    "bytearray": bytearray, "datetime": dt.datetime, "date": dt.date, "time": dt.time,
    "timedelta": dt.timedelta, "uuid": uuid.UUID, "decimal": decimal.Decimal,
}  # fmt: skip

_WRITTEN: dict[ScalarName, Token] = {"none": "null", "bool": "bool", "int": "int", "float": "float"}
_READ: dict[ScalarName, frozenset[Token]] = {
    "none": frozenset({"null"}),
    "bool": frozenset({"bool"}),
    "int": frozenset({"int"}),
    "float": frozenset({"int", "float"}),
    "decimal": frozenset({"int", "float", "str"}),
}
_TEXT: frozenset[Token] = frozenset({"str"})
_BYTES = frozenset({"bytes", "bytearray"})


def written(scalar: ScalarName) -> Token:
    """The token that a scalar is written as; `any` has none."""
    return _WRITTEN.get(scalar, "str")


def read(scalar: ScalarName) -> frozenset[Token]:
    """The tokens that a scalar is decoded from."""
    return _READ.get(scalar, _TEXT)


def token_of(value: Value | float) -> Token:
    """The token of a value without parts."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "bool"
    if isinstance(value, float):
        return "float"
    return "int" if isinstance(value, int) else "str"


def is_read_as(scalar: ScalarName, reader: ScalarName) -> bool:
    """Whether every value of one scalar is accepted as another, given that the token matches."""
    if written(scalar) != "str":
        return True
    return reader in (scalar, "str") or {scalar, reader} <= _BYTES


def taker(scalar: Scalar, limits: Constrained | None) -> Callable[[Value], bool]:
    """Whether a reader accepts single values, decided by msgspec."""
    decoder = _decoder(scalar, limits, lambda annotation: annotation)
    return lambda value: _decodes(msgspec.json.encode(value), decoder)


def key_taker(scalar: Scalar, limits: Constrained | None) -> Callable[[Value], bool]:
    """Whether a reader accepts single values as keys of an object, where numbers are quoted."""
    decoder = _decoder(scalar, limits, lambda annotation: types.GenericAlias(dict, (annotation, None)))
    return lambda value: _decodes(msgspec.json.encode({str(value): None}), decoder)


def _decoder(
    scalar: Scalar, limits: Constrained | None, around: Callable[[Any], Any]
) -> msgspec.json.Decoder[Any]:
    try:
        return msgspec.json.Decoder(around(_annotation(scalar, limits)))
    except (TypeError, ValueError):  # constraints that msgspec rejects: no worker has them, but a file may
        return msgspec.json.Decoder(around(_annotation(scalar, None)))


def _annotation(reader: Scalar, limits: Constrained | None) -> Any:
    plain = PYTHON[reader.name]
    form: Any = Annotated  # a Literal: type checkers allow no NewType of it
    return plain if limits is None else form[plain, msgspec.Meta(**given(limits))]


def _decodes(data: bytes, decoder: msgspec.json.Decoder[Any]) -> bool:
    try:
        decoder.decode(data)
    except msgspec.ValidationError:
        return False
    return True


# ---- constraints ----------------------------------------------------------------------------------------


def given(limits: Constrained) -> dict[str, Any]:
    """The constraints that are set, by name."""
    return {
        name: value
        for name in limits.__struct_fields__
        if name != "type" and (value := getattr(limits, name)) is not None
    }


def broken(
    scalar: ScalarName, limits: Constrained | None, reader: Constrained | None
) -> Iterator[tuple[str, bool]]:
    """The reader's constraints that a written scalar may violate, as text, and whether some value certainly does.

    Patterns are not compared by the strings that they match: a different pattern is never certain.
    """
    if reader is None:
        return
    if scalar in ("int", "float"):
        yield from ((limit, True) for limit in _broken_numbers(scalar, limits, reader))
    inner = reader.type.name if isinstance(reader.type, Scalar) else None
    own = limits if inner == scalar or {inner, scalar} <= _BYTES else None
    lengths = length_of(own) if inner == scalar or own is not None else _text_lengths(scalar, limits)
    yield from ((limit, True) for limit in _broken_lengths(lengths, reader))
    if reader.pattern is not None and (own is None or own.pattern != reader.pattern):
        yield f"pattern={reader.pattern!r}", scalar == "str" and (own is None or own.pattern is None)
    if reader.tz is not None and (own is None or own.tz != reader.tz):
        yield f"tz={reader.tz}", True


def length_of(limits: Constrained | None) -> tuple[int, float]:
    """The minimum and maximum length that constraints allow."""
    if limits is None:
        return 0, math.inf
    return limits.min_length or 0, math.inf if limits.max_length is None else limits.max_length


_TEXT_LENGTHS: dict[ScalarName, tuple[float, float]] = {
    "uuid": (36, 36),
    "date": (10, 10),
    "time": (8, 21),
    "datetime": (19, 32),
    "timedelta": (3, math.inf),
    "decimal": (1, math.inf),
}
"""Characters of what is written as text: without and with microseconds and offset, for times."""


def _text_lengths(scalar: ScalarName, limits: Constrained | None) -> tuple[float, float]:
    if scalar in _BYTES:  # base64: four characters for three bytes
        least, most = length_of(limits)
        return math.ceil(least / 3) * 4, most if math.isinf(most) else math.ceil(most / 3) * 4
    return _TEXT_LENGTHS.get(scalar, (0, math.inf))


def _broken_lengths(lengths: tuple[float, float], reader: Constrained) -> Iterator[str]:
    least, most = length_of(reader)
    if lengths[0] < least:
        yield f"min_length={least}"
    if lengths[1] > most:
        yield f"max_length={most:g}"


def _broken_numbers(scalar: ScalarName, limits: Constrained | None, reader: Constrained) -> Iterator[str]:
    step = None if limits is None else limits.multiple_of
    low, high = _bounds(scalar, limits)
    if (reader.ge is not None and low < (reader.ge, 0)) or (reader.gt is not None and low < (reader.gt, 1)):
        yield f"ge={reader.ge}" if reader.ge is not None else f"gt={reader.gt}"
    if (reader.le is not None and high > (reader.le, 0)) or (
        reader.lt is not None and high > (reader.lt, -1)
    ):
        yield f"le={reader.le}" if reader.le is not None else f"lt={reader.lt}"
    wanted = reader.multiple_of
    if wanted is not None and (step is None or step % wanted != 0) and not (scalar == "int" and wanted == 1):
        yield f"multiple_of={wanted}"


def whole_numbers(limits: Constrained | None) -> range | None:
    """The integers within constraints; None if there are infinitely many."""
    (low, _), (high, _) = _bounds("int", limits)
    if limits is None or math.isinf(low) or math.isinf(high):
        return None
    return range(int(low), int(high) + 1, _step(limits))


def _bounds(scalar: ScalarName, limits: Constrained | None) -> tuple[tuple[float, int], tuple[float, int]]:
    """The minimum and maximum; the second part says whether the bound is exclusive (1, -1)."""
    low: tuple[float, int] = (-math.inf, 0)
    high: tuple[float, int] = (math.inf, 0)
    if limits is None:
        return low, high
    if limits.ge is not None:
        low = (limits.ge, 0)
    if limits.gt is not None:
        low = (limits.gt, 1)
    if limits.le is not None:
        high = (limits.le, 0)
    if limits.lt is not None:
        high = (limits.lt, -1)
    return (_least(low, limits), _greatest(high, limits)) if scalar == "int" else (low, high)


def _step(limits: Constrained) -> int:
    """The step between integers; msgspec supports no others for them."""
    step = limits.multiple_of
    return int(step) if step and step == int(step) else 1


def _least(low: tuple[float, int], limits: Constrained) -> tuple[float, int]:
    """The smallest integer: the bound itself is inclusive, and multiples lie further inside."""
    if math.isinf(low[0]):
        return low
    step = _step(limits)
    return math.ceil((math.floor(low[0]) + 1 if low[1] else low[0]) / step) * step, 0


def _greatest(high: tuple[float, int], limits: Constrained) -> tuple[float, int]:
    if math.isinf(high[0]):
        return high
    step = _step(limits)
    return math.floor((math.ceil(high[0]) - 1 if high[1] else high[0]) / step) * step, 0
