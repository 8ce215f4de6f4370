"""The step lines of a received envelope: bytes that are read one by one, when asked for, and passed on untouched.

Part of the codec's room. Everything that a line says is checked here: numbers in range, edges forward.
"""

from collections.abc import Sequence

import msgspec

from boilermaker.envelope.structs import Edges, Header, Step, StepLine, WireRef
from boilermaker.errors import EnvelopeError
from boilermaker.retries import LONGEST_SECONDS
from boilermaker.tasks.rules import MAX_NAME
from boilermaker.workflow.plan import MAX_HANDLERS, StepRef

_ERRORS = (msgspec.MsgspecError, RecursionError, ValueError)
_decode_line = msgspec.json.Decoder(StepLine).decode
_decode_edges = msgspec.json.Decoder(Edges).decode


class Lines:
    """The step lines of one envelope, as bytes; each is read when asked for."""

    __slots__ = ("_data", "_header", "_read")

    def __init__(self, header: Header, data: bytes) -> None:
        self._header = header
        self._data = data
        self._read: dict[int, Step] = {}

    def __getitem__(self, number: int) -> Step:
        """Read one step.

        Raises:
            EnvelopeError: the line is no step, or points where it may not.
        """
        if number not in self._read:
            self._read[number] = self._step(number)
        return self._read[number]

    def raw(self, number: int) -> bytes:
        """The line of a step, untouched."""
        start, end = self._span(number)
        return self._data[start:end]

    def edges(self, number: int) -> tuple[int, ...]:
        """The steps that this one may lead to."""
        try:
            edges = _decode_edges(self.raw(number))
        except _ERRORS:
            raise EnvelopeError(f"line of step {number} is no step") from None
        then, otherwise = self._targets(number, edges.then, edges.otherwise)
        return otherwise if then is None else (then, *otherwise)

    def from_step(self, to: int) -> tuple[tuple[tuple[int, int], ...], memoryview]:
        """Ranges and lines from this step on: those below it can no longer run. A view: there may be many."""
        ranges = tuple((max(first, to), last) for first, last in self._header.lines if last >= to)
        return ranges, memoryview(self._data)[self._span(to)[0] :]

    def only(self, numbers: Sequence[int]) -> tuple[tuple[tuple[int, int], ...], bytes]:
        """Ranges and lines of these steps, which are in order."""
        ranges: list[tuple[int, int]] = []
        for number in numbers:
            if ranges and ranges[-1][1] == number - 1:
                ranges[-1] = (ranges[-1][0], number)
            else:
                ranges.append((number, number))
        return tuple(ranges), b"\n".join(map(self.raw, numbers))

    def _index(self, number: int) -> int | None:
        index = 0
        for first, last in self._header.lines:
            if first <= number <= last:
                return index + number - first
            index += last - first + 1
        return None

    def _span(self, number: int) -> tuple[int, int]:
        index = self._index(number)
        if index is None:
            raise EnvelopeError(f"step {number} is not in the envelope")
        start = 0
        for _ in range(index):
            start = self._data.find(b"\n", start) + 1
            if not start:
                raise EnvelopeError(f"the line of step {number} is missing")
        end = self._data.find(b"\n", start)
        return start, len(self._data) if end < 0 else end

    def _step(self, number: int) -> Step:
        try:
            line = _decode_line(self.raw(number))
        except _ERRORS:
            raise EnvelopeError(f"line of step {number} is no step") from None
        header = self._header
        then, otherwise = self._targets(number, line.then, line.otherwise)
        if not 0 <= line.queue < len(header.queues) or not 0 <= line.policy < max(1, len(header.policies)):
            raise EnvelopeError(f"step {number} names a queue or policy that the header does not list")
        if line.delay is not None and not 0 <= line.delay <= LONGEST_SECONDS:
            raise EnvelopeError(f"step {number} has a delay out of range")
        if not 0 < len(line.task) <= MAX_NAME or not line.task.isprintable():
            raise EnvelopeError(f"step {number} has no name that a task can have")
        if line.args is not None and line.args < 0:
            raise EnvelopeError(f"step {number} has a negative number of arguments")
        if line.keep is not None and line.keep <= number:
            raise EnvelopeError(f"step {number} keeps its result for an earlier step")
        queue = header.queues[line.queue]
        return Step(
            number=number,
            task=line.task,
            payload=line.payload,
            args=line.args,
            refs={name: _read_ref(number, ref) for name, ref in line.refs.items()},
            queue=queue,
            policy=header.policies[line.policy] if header.policies else None,
            then=then,
            otherwise=otherwise,
            keep=line.keep,
            delay=line.delay,
            should_dead_letter=line.should_dead_letter,
            acks_late=line.acks_late,
            digest=header.digests.get(queue, {}).get(line.task),
        )

    def _targets(
        self,
        number: int,
        then: int | msgspec.UnsetType | None,
        otherwise: tuple[int, ...] | msgspec.UnsetType,
    ) -> tuple[int | None, tuple[int, ...]]:
        after = number + 1 if then is msgspec.UNSET else then
        handlers = self._header.otherwise if otherwise is msgspec.UNSET else otherwise
        if len(handlers) > MAX_HANDLERS or len(set(handlers)) < len(handlers):
            raise EnvelopeError(
                f"step {number} leads to a step twice, or to more than {MAX_HANDLERS:,} after failure"
            )
        for target in handlers if after is None else (after, *handlers):
            if target <= number or self._index(target) is None:
                raise EnvelopeError(
                    f"step {number} leads to step {target}, which is not ahead of it in the envelope"
                )
        return after, handlers


def _read_ref(number: int, ref: WireRef) -> StepRef:
    if ref == "failure":
        return StepRef(None)
    text = str(ref)
    or_none = text.endswith("?")
    digits = text.removesuffix("?")
    if not digits.isdecimal() or len(digits) > 5 or int(digits) >= number:
        raise EnvelopeError(f"step {number} refers to something that is not an earlier step")
    return StepRef(int(digits), or_none=or_none)
