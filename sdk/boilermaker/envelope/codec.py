"""Envelopes as bytes: JSON Lines, a header and a line for each step. With `payload`, the only room with bytes.

A hop reads the header, the lines that it needs, and passes the others on untouched: a chain of a thousand steps costs
a hop hardly more than one of ten.
"""

import hashlib
from collections import Counter
from collections.abc import Iterable, Sequence
from typing import TypeVar

import msgspec

from boilermaker import payload
from boilermaker.envelope.lines import Lines
from boilermaker.envelope.structs import Header, Kept, Next, Step, StepLine, WireRef
from boilermaker.errors import EnvelopeError
from boilermaker.payload.externals import NONE
from boilermaker.retries import MOST_TRIES, RetryPolicy
from boilermaker.workflow.plan import MAX_STEPS, Plan, PlanStep, StepRef

CONTENT_TYPE = "application/jsonl"
MAX_BYTES = 100 * 1024 * 1024  # the largest message that any Service Bus tier takes
MAX_PUT_OFF = 1000
MAX_QUEUE_NAME = 260  # Service Bus: characters of an entity's path
_ERRORS = (msgspec.MsgspecError, RecursionError, ValueError)

T = TypeVar("T")


# ---- publishing -----------------------------------------------------------------------------------------


def encode(plan: Plan, workflow: str) -> bytes:
    """The envelope of a new workflow, at its first step."""
    queues = _by_use(step.resolved.queue for step in plan)
    policies = _by_use(step.resolved.policy for step in plan)
    shared = _by_use(step.otherwise for step in plan if step.otherwise)
    usual = shared[0] if shared else ()
    digests: dict[str, dict[str, str]] = {}
    for resolved in (step.resolved for step in plan):
        if resolved.digest is not None:
            digests.setdefault(resolved.queue, {})[resolved.name] = resolved.digest
    header = Header(
        boilermaker=1,
        workflow=workflow,
        at=0,
        lines=((0, len(plan) - 1),),
        queues=tuple(queues),
        policies=() if policies == [None] else tuple(policies),
        otherwise=usual,
        digests=digests,
    )
    lines = [_line(number, step, queues, policies, usual) for number, step in enumerate(plan)]
    return b"\n".join([_encode(header), *map(_encode, lines)])


def sizes(plan: Plan) -> list[tuple[str, int]]:
    """(task name, bytes) of each task's steps together, largest first."""
    total: Counter[str] = Counter()
    for number, step in enumerate(plan):
        total[step.resolved.name] += len(
            _encode(_line(number, step, [step.resolved.queue], [step.resolved.policy], ()))
        )
    return total.most_common()


def _by_use(values: Iterable[T]) -> list[T]:
    """Distinct values, the most common first: index 0 is what steps leave out."""
    found = list(values)
    if not found or found.count(found[0]) == len(found):  # nearly always: one queue, one policy
        return found[:1]
    return [value for value, _ in Counter(found).most_common()]


def _line(
    number: int,
    step: PlanStep,
    queues: Sequence[str],
    policies: Sequence[RetryPolicy | None],
    usual: tuple[int, ...],
) -> StepLine:
    return StepLine(
        task=step.resolved.name,
        payload=_payload(step),
        args=step.args,
        refs={name: _wire_ref(ref) for name, ref in step.refs.items()},
        queue=queues.index(step.resolved.queue),
        policy=policies.index(step.resolved.policy),
        then=msgspec.UNSET if step.then == number + 1 else step.then,
        otherwise=msgspec.UNSET if step.otherwise == usual else step.otherwise,
        keep=step.keep,
        delay=step.delay,
        should_dead_letter=step.should_dead_letter,
        acks_late=step.acks_late,
    )


def _wire_ref(ref: StepRef) -> WireRef:
    if ref.step is None:
        return "failure"
    return f"{ref.step}?" if ref.or_none else ref.step


_encode = msgspec.json.Encoder().encode


def _payload(step: PlanStep) -> msgspec.Raw:
    if step.externals is NONE:
        return msgspec.Raw(_encode(step.payload))
    return payload.encoded(step.payload, step.externals)


# ---- receiving ------------------------------------------------------------------------------------------

_decode_header = msgspec.json.Decoder(Header).decode


class Envelope(msgspec.Struct, frozen=True, kw_only=True):
    """A received message: its header, and its steps, each read when asked for."""

    header: Header
    steps: Lines

    @property
    def current(self) -> Step:
        """The step to run.

        Raises:
            EnvelopeError: its line is no step, or points where it may not.
        """
        return self.steps[self.header.at]


def decode(body: bytes) -> Envelope:
    """A received body; only the header is read here.

    Raises:
        EnvelopeError: it is no envelope, or one outside the limits.
    """
    if len(body) > MAX_BYTES:
        raise EnvelopeError(f"the body has {len(body):,} bytes, more than any queue takes")
    head, _, rest = body.partition(b"\n")
    try:
        header = _decode_header(head)
    except _ERRORS:
        raise EnvelopeError("the first line is no header of a Boilermaker envelope (format 1)") from None
    _check_header(header, rest)
    return Envelope(header=header, steps=Lines(header, rest))


def _check_header(header: Header, rest: bytes) -> None:
    below = -1
    count = 0
    for first, last in header.lines:
        if not below < first <= last < MAX_STEPS:
            raise EnvelopeError("the header's step numbers are out of order or out of range")
        below = last
        count += last - first + 1
    if not header.lines or header.lines[0][0] != header.at:
        raise EnvelopeError("the current step is not the first of the lines")
    # Later hops carry what a worker has checked: to count again would cost more than all else of a hop. A line that is
    # missing all the same is an error where it is read.
    if header.at == 0 and rest.count(b"\n") != count - 1:
        raise EnvelopeError(f"the header announces {count:,} steps, another number of lines follows")
    if not header.queues or not 1 <= header.attempt <= MOST_TRIES or not 0 <= header.put_off <= MAX_PUT_OFF:
        raise EnvelopeError("the header names no queue, or counts what cannot be")
    if header.fork and header.failure is None:
        raise EnvelopeError("the message stands for failure callbacks and tells no failure")
    if any(not 0 < len(queue) <= MAX_QUEUE_NAME or not queue.isprintable() for queue in header.queues):
        raise EnvelopeError("the header names a queue that no queue can be called")
    if any(not 0 <= number < header.at for number in header.kept):
        raise EnvelopeError("the header keeps results of steps that have not run")
    if not 0 < len(header.workflow) <= 128:
        raise EnvelopeError("the workflow id is empty or longer than 128 characters")


# ---- going on -------------------------------------------------------------------------------------------


def advance(envelope: Envelope, next_: Next) -> bytes:
    """The envelope of the next message of the same workflow. Steps that can no longer run are left out.

    Raises:
        EnvelopeError: a step on the way is malformed.
    """
    header, lines = envelope.header, envelope.steps
    ranges, data = (
        lines.from_step(next_.to) if _keeps_all(envelope, next_) else lines.only(_reachable(lines, next_.to))
    )
    kept = {number: kept for number, kept in header.kept.items() if kept.until >= next_.to}
    current = envelope.current
    if next_.result is not None and current.keep is not None:
        kept[header.at] = Kept(until=current.keep, value=next_.result)
    following = msgspec.structs.replace(
        header,
        at=next_.to,
        attempt=next_.attempt,
        put_off=next_.put_off,
        lines=ranges,
        kept=kept,
        failure=next_.failure or header.failure,
        policy=next_.policy,
        fork=next_.fork,
    )
    return b"\n".join((_encode(following), data))


def restart(envelope: Envelope, workflow: str) -> bytes:
    """The envelope of a new workflow that goes on at the current step, at its first attempt and as it was published."""
    header = msgspec.structs.replace(envelope.header, workflow=workflow, attempt=1, put_off=0, policy=None)
    return b"\n".join((_encode(header), envelope.steps.from_step(header.at)[1]))


def _keeps_all(envelope: Envelope, next_: Next) -> bool:
    """Whether what lies ahead stays reachable: the same step again, or the usual success of a chain.

    Only the handlers of the current step alone, and what a jump passes over, can drop out of reach.
    """
    current = envelope.current
    if next_.to == current.number:
        return True
    return next_.to == current.then and set(current.otherwise) <= set(envelope.header.otherwise)


def _reachable(lines: Lines, start: int) -> list[int]:
    seen = {start}
    waiting = [start]
    while waiting:
        for target in lines.edges(waiting.pop()):
            if target not in seen:
                seen.add(target)
                waiting.append(target)
    return sorted(seen)


def step_ahead(envelope: Envelope, number: int) -> Step:
    """A step that the workflow may go on to: it can be read, and so can the way from it on.

    Raises:
        EnvelopeError: a line on the way is malformed.
    """
    _reachable(envelope.steps, number)
    return envelope.steps[number]


def results_for(envelope: Envelope, step: Step) -> dict[str, msgspec.Raw]:
    """The values of a step's references, as JSON, by parameter. What is not there is null."""
    return {name: _value(envelope.header, ref) for name, ref in step.refs.items()}


def _value(header: Header, ref: StepRef) -> msgspec.Raw:
    if ref.step is None:
        return msgspec.Raw(_encode(header.failure))
    kept = header.kept.get(ref.step)
    return kept.value if kept is not None else _NULL


_NULL = msgspec.Raw(b"null")


# ---- identity -------------------------------------------------------------------------------------------


def message_id(cause: str, slot: int) -> str:
    """The id of a message that an attempt leads to: 32 hex digits of the attempt's own message id and a slot.

    Named after its cause, so that the repeat of an attempt publishes under the same ids and the bus drops it, and
    nothing else ever carries them. Success, failure and retry draw from the same slots: the first outcome wins.
    """
    return hashlib.blake2b(f"{cause}\n{slot}".encode(), digest_size=16).hexdigest()
