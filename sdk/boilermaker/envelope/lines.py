"""The step lines of a received envelope: bytes that are decoded one by one, on demand, and passed on unchanged.

Everything in a line is checked here: numbers are in range, edges point forward. A stranger may have written the lines, so
all work is linear: lines are found in one pass, and handlers that most steps share are checked once. The header is checked
in `codec`.
"""

import itertools
import re
from bisect import bisect_right
from collections.abc import Sequence
from typing import NamedTuple

import msgspec

from boilermaker.envelope.structs import Edges, Header, Step, StepLine, WireRef
from boilermaker.errors import EnvelopeError
from boilermaker.retries import LONGEST_SECONDS
from boilermaker.tasks.rules import MAX_NAME
from boilermaker.workflow.bounds import DIGEST, MAX_ARGS, MAX_HANDLERS, MAX_REFS, MAX_STEPS
from boilermaker.workflow.plan import StepRef

_ERRORS = (msgspec.MsgspecError, RecursionError, ValueError)
_decode_line = msgspec.json.Decoder(StepLine).decode
_decode_edges = msgspec.json.Decoder(Edges).decode
_is_digest = re.compile(DIGEST).fullmatch
_REF_DIGITS = len(str(MAX_STEPS))


class Leads(NamedTuple):
    """The steps that one may lead to: after success, and after failure."""

    then: int | None
    otherwise: tuple[int, ...]


class Lines:
    """The step lines of one envelope, as bytes; each is found once, and decoded on demand.

    Attributes:
        data: the lines, unchanged.
        usual: the failure callbacks of steps whose line names none.
    """

    __slots__ = (
        "_count", "_header", "_leads", "_places", "_read", "_starts", "_usual_fault", "data", "usual"
    )  # fmt: skip

    def __init__(self, header: Header, data: bytes) -> None:
        self._header = header
        self.data = data
        self.usual = header.otherwise
        self._usual_fault: str | None = None  # empty once the usual handlers are checked and valid
        self._places: tuple[list[int], list[int]] | None = None
        self._starts = [0]  # offsets of the lines found so far: usually only the first few are needed
        self._count: int | None = None  # number of lines, known once a missing line was looked for
        self._leads: dict[int, Leads] = {}
        self._read: dict[int, Step] = {}

    def __getitem__(self, number: int) -> Step:
        """Decode one step.

        Raises:
            EnvelopeError: the line is not a valid step, or has an invalid edge.
        """
        if number not in self._read:
            self._read[number] = self._step(number)
        return self._read[number]

    def raw(self, number: int) -> bytes:
        """The line of a step, unchanged."""
        start, end = self._span(number)
        return self.data[start:end]

    def leads(self, number: int) -> Leads:
        """The steps that this one may lead to.

        Raises:
            EnvelopeError: the line is not a valid step, or has an invalid edge.
        """
        if number not in self._leads:
            try:
                edges = _decode_edges(self.raw(number))
            except _ERRORS:
                raise EnvelopeError(f"line of step {number} is not a valid step") from None
            self._leads[number] = self._targets(number, edges.then, edges.otherwise)
        return self._leads[number]

    def from_step(self, to: int) -> tuple[tuple[tuple[int, int], ...], memoryview]:
        """Ranges and lines from this step on: steps before it can no longer run. A view, because there may be many lines."""
        ranges = tuple((max(first, to), last) for first, last in self._header.lines if last >= to)
        return ranges, memoryview(self.data)[self._span(to)[0] :]

    def only(self, numbers: Sequence[int]) -> tuple[tuple[tuple[int, int], ...], bytes]:
        """Ranges and lines of these steps, which must be in order."""
        ranges: list[tuple[int, int]] = []
        for number in numbers:
            if ranges and ranges[-1][1] == number - 1:
                ranges[-1] = (ranges[-1][0], number)
            else:
                ranges.append((number, number))
        return tuple(ranges), b"\n".join(map(self.raw, numbers))

    def _index(self, number: int) -> int | None:
        ranges = self._header.lines
        first, last = ranges[0]
        if first <= number <= last:
            return number - first
        if len(ranges) == 1:
            return None
        if self._places is None:  # for each range: its first number, and how many lines come before it
            sizes = (last - first + 1 for first, last in ranges)
            self._places = [first for first, _ in ranges], [0, *itertools.accumulate(sizes)]
        firsts, before = self._places
        place = bisect_right(firsts, number) - 1
        if place < 0 or number > ranges[place][1]:
            return None
        return before[place] + number - firsts[place]

    def _span(self, number: int) -> tuple[int, int]:
        index = self._index(number)
        if index is None:
            raise EnvelopeError(f"step {number} is not in the envelope")
        starts = self._starts
        while len(starts) <= index:
            if self._count == len(starts) or not (start := self.data.find(b"\n", starts[-1]) + 1):
                self._count = len(starts)
                raise EnvelopeError(f"the line of step {number} is missing")
            starts.append(start)
        end = self.data.find(b"\n", starts[index])
        return starts[index], len(self.data) if end < 0 else end

    def _step(self, number: int) -> Step:
        try:
            line = _decode_line(self.raw(number))
        except _ERRORS:
            raise EnvelopeError(f"line of step {number} is not a valid step") from None
        header = self._header
        then, otherwise = self._targets(number, line.then, line.otherwise)
        if not 0 <= line.queue < len(header.queues) or not 0 <= line.policy < max(1, len(header.policies)):
            raise EnvelopeError(f"step {number} names a queue or policy that the header does not list")
        if line.delay is not None and not 0 <= line.delay <= LONGEST_SECONDS:
            raise EnvelopeError(f"step {number} has a delay out of range")
        if line.timeout is not None and not 0 < line.timeout <= LONGEST_SECONDS:
            raise EnvelopeError(f"step {number} has a time limit out of range")
        if not 0 < len(line.task) <= MAX_NAME or not line.task.isprintable():
            raise EnvelopeError(f"step {number} has an invalid task name")
        if line.args is not None and not 0 <= line.args <= MAX_ARGS:
            raise EnvelopeError(f"step {number} has a number of arguments out of range")
        if line.keep is not None and line.keep <= number:
            raise EnvelopeError(f"step {number} keeps its result for an earlier step")
        if len(line.refs) > MAX_REFS:
            raise EnvelopeError(f"step {number} refers to more than {MAX_REFS:,} results")
        queue = header.queues[line.queue]
        digest = header.digests.get(queue, {}).get(line.task)
        if digest is not None and not _is_digest(digest):
            raise EnvelopeError(f"step {number} has an invalid contract digest")
        return Step(
            number,
            line.task,
            line.payload,
            line.args,
            {name: _read_ref(number, ref) for name, ref in line.refs.items()} if line.refs else {},
            queue,
            header.policies[line.policy] if header.policies else None,
            then,
            otherwise,
            self._keep(number, line.keep, then),
            line.delay,
            line.not_before,
            line.timeout,
            line.expires,
            line.should_dead_letter,
            line.acks_late,
            digest,
        )

    def _keep(self, number: int, keep: int | None, then: int | None) -> int | None:
        """The last step that refers to the result of the current step: as its line says, otherwise the next step or none."""
        if keep is not None or then is None or number != self._header.at:
            return keep
        try:
            following = self[then]
        except EnvelopeError:  # raised when that step is to run
            return None
        for ref in following.refs.values():
            if ref.step == number:
                return then
        return None

    def _targets(
        self,
        number: int,
        then: int | msgspec.UnsetType | None,
        otherwise: tuple[int, ...] | msgspec.UnsetType,
    ) -> Leads:
        after = number + 1 if then is msgspec.UNSET else then
        if after is not None and (after <= number or self._index(after) is None):
            raise _not_ahead(number, after)
        if otherwise is msgspec.UNSET:
            if self.usual:
                self._check_usual(number)
            return Leads(after, self.usual)
        if fault := self._fault(otherwise, number):
            raise EnvelopeError(f"step {number} {fault}")
        return Leads(after, otherwise)

    def _check_usual(self, number: int) -> None:
        """Check the failure callbacks that most steps share: all of them once, and per step the first, as they are in order."""
        if self._usual_fault is None:
            self._usual_fault = self._fault(self.usual, -1) or ""
        if self._usual_fault:
            raise EnvelopeError(f"step {number} {self._usual_fault}")
        if self.usual[0] <= number:
            raise _not_ahead(number, self.usual[0])

    def _fault(self, handlers: tuple[int, ...], below: int) -> str | None:
        """What is wrong with the failure callbacks of steps up to number `below`; None if they are valid."""
        if len(handlers) > MAX_HANDLERS:
            return f"leads to more than {MAX_HANDLERS:,} steps after failure"
        for target in handlers:
            if target <= below or self._index(target) is None:
                return f"leads to step {target}, which is not ahead of it in the envelope, or out of order"
            below = target
        return None


def _not_ahead(number: int, target: int) -> EnvelopeError:
    return EnvelopeError(f"step {number} leads to step {target}, which is not ahead of it in the envelope")


def _read_ref(number: int, ref: WireRef) -> StepRef:
    or_none = False
    if isinstance(ref, int):
        step = ref
    elif ref == "failure":
        return StepRef(None)
    else:
        digits = ref.removesuffix("?")
        or_none = digits != ref
        step = int(digits) if digits.isdecimal() and len(digits) <= _REF_DIGITS else -1
    if not 0 <= step < number:
        raise EnvelopeError(f"step {number} refers to something that is not an earlier step")
    return StepRef(step, or_none)
