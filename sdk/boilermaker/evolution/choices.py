"""Values by name, one for one: which of those that one side writes the other does not read."""

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
    """The values that nobody reads, in words."""
    lost = [value for value in values if not takes(value)]
    yield from (msgspec.json.encode(value).decode() for value in lost)
    if writer.mask is not None:
        bits = sum(value for value in lost if isinstance(value, int))
        yield from _combined(writer.mask - bits, readers, takes)


def are_all_taken(writer: Bare, readers: Members) -> bool:
    """Whether a range of whole numbers is read by what has a value for each of them."""
    if writer.type != Scalar(name="int") or writer.limits is None:
        return False
    numbers = leaves.whole_numbers(writer.limits)
    return numbers is not None and readers.take_all(numbers)


def _combined(mask: int, readers: Members, takes: Callable[[Value], bool]) -> Iterator[str]:
    """What flags are combined to, in words, where what reads them one by one refuses several at once, or none."""
    if readers.have_flags(mask):
        return
    for value in flags.combinations(mask, readers.listed + 1):
        if not takes(value):
            yield f"{value}, {'a combination of flags' if value else 'no flag at all'}"
            return
