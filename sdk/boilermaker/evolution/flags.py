"""Flags: enums whose members can be combined, so that they have values without names."""

from collections.abc import Iterator
from itertools import islice

from boilermaker.evolution.leaves import Value


def bits(mask: int) -> Iterator[int]:
    """The single bits of flags."""
    return (1 << at for at in range(mask.bit_length()) if mask >> at & 1)


def is_combination(value: Value, mask: int) -> bool:
    """Whether a value is a combination of the flags, zero, or the complement of a combination."""
    if not isinstance(value, int) or isinstance(value, bool):
        return False
    every = (1 << mask.bit_length()) - 1
    return ~every <= value <= every and not value & (every ^ mask)


def combinations(mask: int, most: int) -> Iterator[int]:
    """Values of flags that are not a single flag: all combined, a limited number of other combinations, and zero."""
    if mask & (mask - 1):
        yield mask
    yield from islice(_others(mask), most)
    yield 0


def _others(mask: int) -> Iterator[int]:
    value = -mask & mask
    while value != mask:
        if value & (value - 1):
            yield value
        value = (value - mask) & mask
