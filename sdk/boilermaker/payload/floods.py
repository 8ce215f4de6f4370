"""Numbers that are made to have one hash: each insertion into a set or a mapping then compares with all that are in it.

Python's hash of a number is its remainder by 2**61 - 1, which anybody can compute. 40,000 multiples of that in one megabyte kept an
event loop busy for 17 seconds. The hashes of texts, bytes and dates are keyed, and nobody can.
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

from boilermaker.payload.parts import all_of
from boilermaker.payload.unfit import UnfitValue

MOST_ALIKE = 1_000
"""Numbers of one hash in a payload; to insert as many takes some hundredths of a second."""
_SMALL_BYTES = 16 * 1024  # as many numbers that are long enough need more
_FIRST = frozenset("+-.0123456789")
_NUMBERS = (
    shapes.IntType, shapes.FloatType, shapes.DecimalType, shapes.UUIDType, shapes.AnyType, shapes.CustomType,
)  # fmt: skip


def check(data: bytes, type_: Any) -> None:
    """Refuse a payload with too many numbers of one hash, before sets and mappings are made of it.

    Raises:
        UnfitValue: it has too many.
    """
    if len(data) < _SMALL_BYTES or not hashes_numbers(type_):
        return
    try:
        plain = msgspec.json.decode(
            data
        )  # lists, and mappings with texts for keys: nothing of it is attacked
    except (msgspec.MsgspecError, RecursionError, ValueError):
        return  # told by whoever reads it
    counts = Counter(_hashes(plain))
    if counts and max(counts.values()) > MOST_ALIKE:
        raise UnfitValue(
            (
                f"more than {MOST_ALIKE:,} of its numbers have the same hash, as in attacks on sets and mappings",
            )
        )


@lru_cache(maxsize=4096)
def hashes_numbers(type_: Any) -> bool:
    """Whether numbers, or what is hashed as one, are items of sets or keys of mappings in a type."""
    return any(
        isinstance(part, _NUMBERS) for hashed in _hashed(shapes.type_info(type_)) for part in all_of(hashed)
    )


def _hashed(info: shapes.Type) -> Iterator[shapes.Type]:
    for part in all_of(info):
        if isinstance(part, shapes.SetType | shapes.FrozenSetType):
            yield part.item_type
        elif isinstance(part, shapes.DictType) and not isinstance(part.key_type, shapes.AnyType):
            yield part.key_type


def _hashes(plain: object) -> Iterator[int]:
    """The hashes of all that may become a large number, equal ones once: what is equal is found at once. Small ones differ."""
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
        elif isinstance(item, str) or (isinstance(item, int) and abs(item) >= sys.hash_info.modulus):
            seen.add(str(item))
    for text in seen:
        found = (_hash_as(UUID, text), _hash_as(Decimal, text))
        yield from (each for each in found if each is not None)


def _hash_as(kind: type[UUID | Decimal], text: str) -> int | None:
    if kind is UUID and len(text) not in (32, 36):
        return None
    if kind is Decimal and text[:1] not in _FIRST:
        return None
    try:
        return hash(kind(text))
    except (InvalidOperation, TypeError, ValueError):
        return None
