"""Numbers that are made to have one hash would keep a worker busy: they are refused before anything is made of them."""

import itertools
import json
import sys
import time
import uuid
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, NamedTuple

import msgspec
import pytest

from boilermaker import payload
from boilermaker.payload import UnfitValue, floods

STEP = sys.hash_info.modulus
ALIKE = [number * STEP for number in range(1, 20_000)]
ARABIC = str.maketrans("0123456789", "".join(chr(0x660 + digit) for digit in range(10)))


class Named(NamedTuple):
    """A named tuple has the hash of a tuple."""

    first: int
    second: int


@dataclass(frozen=True)
class Data:
    """A dataclass has the hash of the tuple of its fields."""

    first: int
    second: int


def _pairs(count: int) -> list[tuple[int, int]]:
    """Pairs whose tuples have one hash: CPython's, xxHash without a key, solved for the second of two numbers."""
    size, prime_1, prime_2, start = 2**64, 11400714785074694791, 14029467366897019727, 2870177450012600261

    def mixed(number: int) -> int:
        lane = (start + number * prime_2) % size
        return (lane << 31 | lane >> 33) * prime_1 % size

    wanted, inverse = (mixed(5) + 7 * prime_2) % size, pow(prime_2, -1, size)
    solved = (((wanted - mixed(first)) * inverse % size, first) for first in itertools.count(10))
    return list(itertools.islice(((first, second) for second, first in solved if second < STEP), count))


PAIRS = _pairs(5_000)
RECORDS = json.dumps([{"first": first, "second": second} for first, second in PAIRS])


def _decoded(type_: Any, value: bytes) -> Any:
    struct = msgspec.defstruct("Arguments", [("value", type_)])
    read: Any = payload.decode(msgspec.Raw(b'{"value":' + value + b"}"), struct, {})
    return read.value


FLOODS: list[tuple[Any, bytes]] = [
    (set[int], json.dumps(ALIKE).encode()),
    (set[Any], json.dumps(ALIKE).encode()),
    (frozenset[tuple[int, ...]], json.dumps([[number] for number in ALIKE]).encode()),
    (set[Decimal], json.dumps(list(map(str, ALIKE))).encode()),
    (dict[int, int], json.dumps(dict.fromkeys(ALIKE, 1)).encode()),
    (list[dict[Decimal, int]], json.dumps([dict.fromkeys(ALIKE, 1)]).encode()),
    (dict[uuid.UUID, int], json.dumps({str(uuid.UUID(int=number)): 1 for number in ALIKE}).encode()),
    (set[uuid.UUID], json.dumps([uuid.UUID(int=number).hex for number in ALIKE]).encode()),
    (dict[int, int], json.dumps(dict.fromkeys(ALIKE, 1)).replace("2", "\\u0032").encode()),
    (set[Decimal], json.dumps([f" {number}" for number in ALIKE]).encode()),
    (set[Decimal], json.dumps([f"_{number}" for number in ALIKE]).encode()),
    (set[Decimal], json.dumps([str(number).translate(ARABIC) for number in ALIKE]).encode()),
    (set[Decimal], json.dumps(ALIKE).replace(",", ".0,").encode()),
]  # fmt: skip


@pytest.mark.parametrize(("type_", "value"), FLOODS, ids=lambda given: str(given)[:30])
def test_numbers_of_one_hash_are_refused_at_once(type_: Any, value: bytes) -> None:
    """20,000 of them take ten seconds to insert; however they are spelt."""
    started = time.perf_counter()
    with pytest.raises(UnfitValue, match="more than 1,000 of its numbers have the same hash"):
        _decoded(type_, value)
    assert time.perf_counter() - started < 2


@pytest.mark.parametrize(
    ("type_", "value"),
    [
        (set[tuple[int, int]], json.dumps(PAIRS)),
        (set[tuple[int, ...]], json.dumps(PAIRS)),
        (frozenset[tuple[int, ...] | int], json.dumps(PAIRS)),
        (set[Named], json.dumps(PAIRS)),
        (list[set[Data]], f"[{RECORDS}]"),
        (set[frozenset[Data]], f"[{RECORDS}]"),
        (set[Data], f"{RECORDS[:-1]},0]"),  # the last one does not fit
    ],
    ids=lambda given: str(given)[:30],
)
def test_tuples_and_records_of_one_hash_are_refused_at_once(type_: Any, value: str) -> None:
    """5,000 dataclasses take three seconds to insert."""
    assert len({hash(pair) for pair in PAIRS}) == 1
    with pytest.raises(UnfitValue, match="more than 1,000 of its tuples and records have the same hash"):
        _decoded(type_, value.encode())


@pytest.mark.parametrize(
    ("type_", "values"),
    [
        (set[int], [2**62 + 7 * number for number in range(20_000)]),  # ids of 19 digits
        (set[Decimal], [f"{number}.25" for number in range(20_000)]),
        (dict[int, int], {str(number): 1 for number in range(20_000)}),
        (
            dict[uuid.UUID, int],
            {str(uuid.uuid5(uuid.NAMESPACE_DNS, str(number))): 1 for number in range(5_000)},
        ),
        (dict[Decimal, list[str]], {"1": ["0.00"] * 20_000}),  # equal ones are found at once
        (list[int], ALIKE),  # nothing is hashed
        (dict[str, int], {str(number): 1 for number in ALIKE}),
        (set[tuple[float, int]], [[number / 4, number] for number in range(5_000)]),
        (list[tuple[int, int]], PAIRS),  # nothing is hashed
        (set[int], [STEP] * 900),
    ],
    ids=lambda given: str(given)[:30],
)
def test_numbers_that_are_not_made_so_are_read(type_: Any, values: Any) -> None:
    """Ids, amounts and keys of usual kinds have different hashes."""
    assert len(_decoded(type_, json.dumps(values).encode())) == (1 if values == [STEP] * 900 else len(values))


def test_types_that_hash_no_numbers_pay_nothing() -> None:
    """Nor do payloads that are too small for a flood."""
    assert not floods.hashes_numbers(list[dict[str, int]])
    assert not floods.hashes_numbers(dict[str, Any])
    assert floods.hashes_numbers(list[set[int]])
