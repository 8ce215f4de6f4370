"""Values of enums and Literals: which of those that one side writes the other rejects."""

from collections.abc import Callable, Iterator

import msgspec

from boilermaker.contract import Scalar
from boilermaker.evolution import flags, leaves
from boilermaker.evolution.leaves import Value
from boilermaker.evolution.routing import Members
from boilermaker.evolution.views import Bare


def refused(
    writer: Bare, values: tuple[Value, ...], readers: Members, takes: Callable[[Value], bool]
) -> Iterator[str]:
    """Description of the values that the reader rejects."""
    lost = [value for value in values if not takes(value)]
    yield from (msgspec.json.encode(value).decode() for value in lost)
    if writer.mask is not None:
        bits = sum(value for value in lost if isinstance(value, int))
        yield from _combined(writer.mask - bits, readers, takes)


def are_all_taken(writer: Bare, readers: Members) -> bool:
    """Whether a reader has a value for each integer in a range."""
    if writer.type != Scalar(name="int") or writer.limits is None:
        return False
    numbers = leaves.whole_numbers(writer.limits)
    return numbers is not None and readers.take_all(numbers)


def _combined(mask: int, readers: Members, takes: Callable[[Value], bool]) -> Iterator[str]:
    """Description of combined flags, if the reader accepts only single ones."""
    if readers.have_flags(mask):
        return
    for value in flags.combinations(mask, readers.listed + 1):
        if not takes(value):
            yield f"{value}, {'a combination of flags' if value else 'no flag at all'}"
            return
