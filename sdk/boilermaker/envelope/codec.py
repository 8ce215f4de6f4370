"""Encodes and decodes envelopes: JSON Lines, a header and one line for each step.

A worker decodes only the header and the lines that it needs, and passes the other lines on as bytes: handling a step of a
chain of a thousand steps costs hardly more than one of ten. Reading single lines is in `lines`, the structs are in
`structs`. Only `envelope` and `payload` create and read message bodies.
"""

import hashlib
import re
from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import TypeVar

import msgspec

from boilermaker import payload
from boilermaker.envelope import ahead
from boilermaker.envelope.identity import SEED, Identity
from boilermaker.envelope.lines import Lines
from boilermaker.envelope.structs import EMPTY, Header, Kept, Next, Step, StepLine, WireRef
from boilermaker.errors import EnvelopeError
from boilermaker.failure import FailureInfo
from boilermaker.payload.externals import NONE
from boilermaker.retries import MOST_TRIES, RetryPolicy
from boilermaker.workflow.bounds import MAX_STEPS
from boilermaker.workflow.plan import Plan, PlanStep, StepRef

CONTENT_TYPE = "application/jsonl"
MAX_BYTES = 100 * 1024 * 1024  # the largest message that any Service Bus tier accepts
MAX_PUT_OFF = 1000
MAX_TEXT = 4096  # characters of each text of a failure, its description included
_ERRORS = (msgspec.MsgspecError, RecursionError, ValueError)

T = TypeVar("T")


# ---- publishing -----------------------------------------------------------------------------------------


def encode(plan: Plan, workflow: str, seed: str) -> bytes:
    """The envelope of a new workflow, at its first step; `seed` is new as well (`identity.new_seed`)."""
    queues = _by_use(step.resolved.queue for step in plan)
    policies = _by_use(step.resolved.policy for step in plan)
    shared = list(_by_use(step.otherwise for step in plan if step.otherwise))
    usual = shared[0] if shared else ()
    digests: dict[str, dict[str, str]] = {}
    for resolved in (step.resolved for step in plan):
        if resolved.digest is not None:
            digests.setdefault(resolved.queue, {})[resolved.name] = resolved.digest
    header = Header(
        boilermaker=1,
        workflow=workflow,
        seed=seed,
        at=0,
        lines=((0, len(plan) - 1),),
        queues=tuple(queues),
        policies=() if policies.keys() == {None} else tuple(policies),
        otherwise=usual,
        digests=digests,
    )
    lines = [
        _line(number, step, queues, policies, usual, keep=None if _is_plain(plan, number) else step.keep)
        for number, step in enumerate(plan)
    ]
    return b"\n".join([_encode(header), *map(_encode, lines)])


def sizes(plan: Plan) -> list[tuple[str, int]]:
    """(task name, bytes) of each task's steps together, largest first."""
    total: Counter[str] = Counter()
    for number, step in enumerate(plan):
        total[step.resolved.name] += len(
            _encode(
                _line(number, step, {step.resolved.queue: 0}, {step.resolved.policy: 0}, (), keep=step.keep)
            )
        )
    return total.most_common()


def _by_use(values: Iterable[T]) -> dict[T, int]:
    """Distinct values with their indexes, the most common first: steps omit index 0."""
    found = list(values)
    if not found or found.count(found[0]) == len(found):  # nearly always: one queue, one policy
        return dict.fromkeys(found[:1], 0)
    return {value: place for place, (value, _) in enumerate(Counter(found).most_common())}


def _line(
    number: int,
    step: PlanStep,
    queues: Mapping[str, int],
    policies: Mapping[RetryPolicy | None, int],
    usual: tuple[int, ...],
    *,
    keep: int | None,
) -> StepLine:
    return StepLine(
        task=step.resolved.name,
        payload=_payload(step),
        args=step.args,
        refs={name: _wire_ref(ref) for name, ref in step.refs.items()},
        queue=queues[step.resolved.queue],
        policy=policies[step.resolved.policy],
        then=msgspec.UNSET if step.then == number + 1 else step.then,
        otherwise=msgspec.UNSET if step.otherwise == usual else step.otherwise,
        keep=keep,
        delay=step.delay,
        not_before=step.not_before,
        timeout=step.timeout,
        expires=_moment(step),
        should_dead_letter=step.should_dead_letter,
        acks_late=step.acks_late,
    )


def _moment(step: PlanStep) -> datetime | None:
    if step.expires is None or isinstance(step.expires, datetime):
        return step.expires
    raise TypeError("a plan must be dated before it is encoded")


def _is_plain(plan: Plan, number: int) -> bool:
    """Whether a result is kept only for the next step, whose references show that already."""
    step = plan[number]
    if step.then is None or step.keep != step.then:
        return False
    return any(ref.step == number for ref in plan[step.then].refs.values())


def _wire_ref(ref: StepRef) -> WireRef:
    if ref.step is None:
        return "failure"
    return f"{ref.step}?" if ref.or_none else ref.step


_encode = msgspec.json.Encoder().encode


def _payload(step: PlanStep) -> msgspec.Raw:
    raw = (
        msgspec.Raw(_encode(step.payload))
        if step.externals is NONE
        else payload.encoded(step.payload, step.externals)
    )
    return EMPTY if bytes(raw) == bytes(EMPTY) else raw


# ---- receiving ------------------------------------------------------------------------------------------

_decode_header = msgspec.json.Decoder(Header).decode
_is_seed = re.compile(SEED).fullmatch  # ten times as fast as a constraint of the struct


class Envelope(msgspec.Struct, frozen=True, kw_only=True):
    """A received message: its header, and its steps, which are decoded on demand.

    Attributes:
        head: the first line as received; for a message of boilermaker-servicebus 1.x, the whole body.
    """

    header: Header
    steps: Lines
    head: bytes

    @property
    def current(self) -> Step:
        """The step to run.

        Raises:
            EnvelopeError: its line is not a valid step, or has an invalid edge.
        """
        return self.steps[self.header.at]


def decode(body: bytes) -> Envelope:
    """Decode a received body; only the header is decoded here.

    Raises:
        EnvelopeError: it is not an envelope, or exceeds a limit.
    """
    if len(body) > MAX_BYTES:
        raise EnvelopeError(f"the body has {len(body):,} bytes, more than any queue accepts")
    head, _, rest = body.partition(b"\n")
    try:
        header = _decode_header(head)
    except _ERRORS:
        raise EnvelopeError("the first line is not the header of a Boilermaker envelope (format 1)") from None
    _check_header(header, rest)
    return Envelope(header=header, steps=Lines(header, rest), head=head)


def _check_header(header: Header, rest: bytes) -> None:
    below = -2
    count = 0
    for first, last in header.lines:
        # Adjacent ranges must be merged: otherwise finding a line could mean searching one range for each line.
        if not (below + 1 < first <= last < MAX_STEPS and first >= 0):
            raise EnvelopeError("the header's step numbers are out of order, out of range, or not merged")
        below = last
        count += last - first + 1
    if not header.lines or header.lines[0][0] != header.at:
        raise EnvelopeError("the current step is not the first of the lines")
    # Messages after the first step contain lines that a worker has already checked, and counting them again would cost more
    # than everything else here. A line that is missing nevertheless raises when it is read.
    if header.at == 0 and rest.count(b"\n") != count - 1:
        raise EnvelopeError(f"the header declares {count:,} steps, but another number of lines follows")
    if not 1 <= header.attempt <= MOST_TRIES or not 0 <= header.put_off <= MAX_PUT_OFF:
        raise EnvelopeError("the header's `attempt` or `put_off` is out of range")
    if header.fork and header.failure is None:
        raise EnvelopeError("the message represents failure callbacks but contains no failure")
    if not _is_seed(header.seed):
        raise EnvelopeError("the seed is not 32 hex digits")
    if not all(map(str.isprintable, header.queues)):
        raise EnvelopeError("the header has a queue name with a character that is not printable")
    if header.kept and not 0 <= min(header.kept) <= max(header.kept) < header.at:
        raise EnvelopeError("the header keeps results of steps that have not run")
    if not header.workflow.isprintable():
        raise EnvelopeError("the workflow id contains a character that is not printable")
    if header.failure is not None and _is_long(header.failure):
        raise EnvelopeError(f"the failure that led here has a text of more than {MAX_TEXT:,} characters")


def _is_long(failure: FailureInfo) -> bool:
    texts = (failure.task, failure.reason, failure.description, failure.error, failure.message_id)
    return any(text is not None and len(text) > MAX_TEXT for text in texts)


# ---- going on -------------------------------------------------------------------------------------------


def advance(envelope: Envelope, next_: Next, seed: str) -> bytes:
    """The envelope of the next message of the same workflow. Steps that can no longer run are left out.

    Args:
        envelope: the envelope of the message that leads to it.
        next_: describes the next message.
        seed: the seed of the next message, from `identity.derived`.

    Raises:
        EnvelopeError: a step that can still run is malformed.
    """
    header, lines = envelope.header, envelope.steps
    ranges, data = (
        lines.from_step(next_.to)
        if _keeps_all(envelope, next_)
        else lines.only(ahead.reachable(lines, next_.to))
    )
    kept = {number: kept for number, kept in header.kept.items() if kept.until >= next_.to}
    current = envelope.current
    if next_.result is not None and current.keep is not None:
        kept[header.at] = Kept(until=current.keep, value=next_.result)
    following = msgspec.structs.replace(
        header,
        seed=seed,
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


def restart(envelope: Envelope, identity: Identity) -> bytes:
    """The envelope of a new workflow that starts at the current step, at its first attempt and with its published policy."""
    header = msgspec.structs.replace(
        envelope.header, workflow=identity.id, seed=identity.seed, attempt=1, put_off=0, policy=None
    )
    return b"\n".join((_encode(header), envelope.steps.from_step(header.at)[1]))


def _keeps_all(envelope: Envelope, next_: Next) -> bool:
    """Whether all following steps stay reachable: the next message is for the same step, or for the next one of a chain.

    Only steps that are failure callbacks of the current step alone, or that a jump skips, can become unreachable.
    """
    current = envelope.current
    if next_.to == current.number:
        return True
    return next_.to == current.then and set(current.otherwise) <= set(envelope.header.otherwise)


def results_for(envelope: Envelope, step: Step) -> dict[str, msgspec.Raw]:
    """The values of a step's references, as JSON, by parameter. A missing result is null.

    Raises:
        EnvelopeError: together they are larger than a message can be: one large result, referred to many times.
    """
    if not step.refs:
        return {}
    header, failure = envelope.header, None
    results: dict[str, msgspec.Raw] = {}
    for name, ref in step.refs.items():
        if ref.step is None:
            failure = failure or msgspec.Raw(_encode(header.failure))
            results[name] = failure
        else:
            kept = header.kept.get(ref.step)
            results[name] = _NULL if kept is None else kept.value
    if len(results) > 1 and sum(memoryview(value).nbytes for value in results.values()) > MAX_BYTES:
        raise EnvelopeError(
            f"the results that step {step.number} refers to have more than {MAX_BYTES:,} bytes in total"
        )
    return results


_NULL = msgspec.Raw(b"null")


# ---- identity -------------------------------------------------------------------------------------------


def fingerprint(envelope: Envelope) -> str:
    """A hash of the envelope without its seed: messages of one workflow that is published twice have the same fingerprint."""
    digest = hashlib.blake2b(envelope.head.replace(envelope.header.seed.encode(), b"", 1), digest_size=32)
    digest.update(b"\n")
    digest.update(envelope.steps.data)
    return digest.hexdigest()
