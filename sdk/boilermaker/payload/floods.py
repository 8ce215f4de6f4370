"""Protects against hash flooding: many numbers with the same hash make sets and mappings quadratic.

Python's hash of a number is its remainder modulo 2**61 - 1, which anyone can compute. 40,000 multiples of that modulus in one
megabyte kept an event loop busy for 17 seconds. The hashes of strings, bytes and dates are keyed, so they are safe. Hashes of
tuples, dataclasses and frozen sets are computed from those of their parts, also without a key: see `composites`.
"""

import sys
from collections import Counter
from collections.abc import Iterator
from decimal import Decimal, InvalidOperation
from functools import lru_cache
from typing import Any, cast
from uuid import UUID

import msgspec
from msgspec import inspect as shapes

from boilermaker.payload import composites
from boilermaker.payload.parts import all_of
from boilermaker.payload.unfit import DecodeHook, UnfitValue

MOST_ALIKE = 1_000
"""Most numbers with the same hash in a payload; inserting that many takes some hundredths of a second."""
_SMALL_BYTES = 16 * 1024  # that many numbers of sufficient length need more
_NUMBERS = (
    shapes.IntType, shapes.FloatType, shapes.DecimalType, shapes.UUIDType, shapes.AnyType, shapes.CustomType,
)  # fmt: skip


def check(data: bytes, type_: Any, hook: DecodeHook | None = None) -> None:
    """Reject a payload with too many numbers, or tuples and records of numbers, of one hash, before it is decoded into sets.

    Args:
        data: the payload.
        type_: its type.
        hook: makes the objects of classes that msgspec does not know.

    Raises:
        UnfitValue: it has too many.
    """
    if len(data) < _SMALL_BYTES or not (hashes_numbers(type_) or composites.of(type_)):
        return
    try:
        plain = _PLAIN.decode(data)  # lists, and mappings with texts for keys: nothing of it is attacked
    except (msgspec.MsgspecError, RecursionError, ValueError):
        return  # raised when the payload is decoded
    _refuse_many("numbers", _hashes(plain))
    for item_type in composites.of(type_):
        _refuse_many("tuples and records", composites.hashes(plain, item_type, hook))


def _as_written(number: str) -> msgspec.Raw:
    return msgspec.Raw(number.encode())  # as a float it would lose the digits that a Decimal keeps


_PLAIN = msgspec.json.Decoder(float_hook=_as_written)


def _refuse_many(what: str, hashes: Iterator[int]) -> None:
    counts = Counter(hashes)
    if counts and max(counts.values()) > MOST_ALIKE:
        raise UnfitValue(
            (
                f"more than {MOST_ALIKE:,} of its {what} have the same hash, as in attacks on sets and mappings",
            )
        )


@lru_cache(maxsize=4096)
def hashes_numbers(type_: Any) -> bool:
    """Whether sets or mapping keys in a type can hold numbers, or values that are hashed like numbers."""
    return any(
        isinstance(part, _NUMBERS)
        for hashed in composites.hashed(shapes.type_info(type_))
        for part in all_of(hashed)
    )


def _hashes(plain: object) -> Iterator[int]:
    """Hashes of all values that may become large numbers, each distinct value once. Hashes of small numbers always differ."""
    seen: set[str] = set()
    waiting = [plain]
    while waiting:
        item = waiting.pop()
        if isinstance(item, dict):
            entries = cast("dict[str, object]", item)
            waiting.extend(entries)
            waiting.extend(entries.values())
        elif isinstance(item, list):
            waiting.extend(cast("list[object]", item))
        elif isinstance(item, msgspec.Raw):
            seen.add(bytes(item).decode())
        elif isinstance(item, str) or (isinstance(item, int) and abs(item) >= sys.hash_info.modulus):
            seen.add(str(item))
    for text in seen:
        found = (_hash_as(UUID, text), _hash_as(Decimal, text))
        yield from (each for each in found if each is not None)


def _hash_as(kind: type[UUID | Decimal], text: str) -> int | None:
    if kind is UUID and len(text) not in (32, 36):
        return None
    try:
        return hash(kind(text))
    except (InvalidOperation, TypeError, ValueError):
        return None
