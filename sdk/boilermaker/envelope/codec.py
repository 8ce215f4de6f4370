"""Envelopes as bytes: JSON Lines, a header and a line for each step. With `payload`, the only room with bytes.

A hop reads the header, the lines that it needs, and passes the others on untouched: a chain of a thousand steps costs
a hop hardly more than one of ten.
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
MAX_BYTES = 100 * 1024 * 1024  # the largest message that any Service Bus tier takes
MAX_PUT_OFF = 1000
MAX_TEXT = 4096  # of a failure's description, and of each other text that it has
_ERRORS = (msgspec.MsgspecError, RecursionError, ValueError)

T = TypeVar("T")


# ---- publishing -----------------------------------------------------------------------------------------


def encode(plan: Plan, workflow: str, seed: str) -> bytes:
    """The envelope of a new workflow, at its first step; `seed` is its own (`identity.new_seed`)."""
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
    """Distinct values and their places, the most common first: index 0 is what steps leave out."""
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
    raise TypeError("a plan is dated before it is encoded")


def _is_plain(plan: Plan, number: int) -> bool:
    """Whether a result is kept for the next step alone: that step's references say so."""
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
_is_seed = re.compile(SEED).fullmatch  # as a constraint of the struct it would take ten times as long


class Envelope(msgspec.Struct, frozen=True, kw_only=True):
    """A received message: its header, and its steps, each read when asked for.

    Attributes:
        head: the first line as it came; of a message of boilermaker-servicebus 1.x, all of it.
    """

    header: Header
    steps: Lines
    head: bytes

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
    return Envelope(header=header, steps=Lines(header, rest), head=head)


def _check_header(header: Header, rest: bytes) -> None:
    below = -2
    count = 0
    for first, last in header.lines:
        # Ranges that touch are one range: whoever looks for a line must not have to look through one for each line.
        if not (below + 1 < first <= last < MAX_STEPS and first >= 0):
            raise EnvelopeError(
                "the header's step numbers are out of order, out of range, or not put together"
            )
        below = last
        count += last - first + 1
    if not header.lines or header.lines[0][0] != header.at:
        raise EnvelopeError("the current step is not the first of the lines")
    # Later hops carry what a worker has checked: to count again would cost more than all else of a hop. A line that is
    # missing all the same is an error where it is read.
    if header.at == 0 and rest.count(b"\n") != count - 1:
        raise EnvelopeError(f"the header announces {count:,} steps, another number of lines follows")
    if not 1 <= header.attempt <= MOST_TRIES or not 0 <= header.put_off <= MAX_PUT_OFF:
        raise EnvelopeError("the header counts what cannot be")
    if header.fork and header.failure is None:
        raise EnvelopeError("the message stands for failure callbacks and tells no failure")
    if not _is_seed(header.seed):
        raise EnvelopeError("the seed is not 32 hex digits")
    if not all(map(str.isprintable, header.queues)):
        raise EnvelopeError("the header names a queue that no queue can be called")
    if header.kept and not 0 <= min(header.kept) <= max(header.kept) < header.at:
        raise EnvelopeError("the header keeps results of steps that have not run")
    if not header.workflow.isprintable():
        raise EnvelopeError("the workflow id holds a character that cannot be printed")
    if header.failure is not None and _is_long(header.failure):
        raise EnvelopeError(f"the failure that led here has a text of more than {MAX_TEXT:,} characters")


def _is_long(failure: FailureInfo) -> bool:
    texts = (failure.task, failure.reason, failure.description, failure.error, failure.message_id)
    return any(text is not None and len(text) > MAX_TEXT for text in texts)


# ---- going on -------------------------------------------------------------------------------------------


def advance(envelope: Envelope, next_: Next, seed: str) -> bytes:
    """The envelope of the next message of the same workflow. Steps that can no longer run are left out.

    Args:
        envelope: of the message that leads to it.
        next_: what it is.
        seed: its own, as `identity.derived` gave it.

    Raises:
        EnvelopeError: a step on the way is malformed.
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
    """The envelope of a new workflow that goes on at the current step, at its first attempt and as it was published."""
    header = msgspec.structs.replace(
        envelope.header, workflow=identity.id, seed=identity.seed, attempt=1, put_off=0, policy=None
    )
    return b"\n".join((_encode(header), envelope.steps.from_step(header.at)[1]))


def _keeps_all(envelope: Envelope, next_: Next) -> bool:
    """Whether what lies ahead stays reachable: the same step again, or the usual success of a chain.

    Only the handlers of the current step alone, and what a jump passes over, can drop out of reach.
    """
    current = envelope.current
    if next_.to == current.number:
        return True
    return next_.to == current.then and set(current.otherwise) <= set(envelope.header.otherwise)


def results_for(envelope: Envelope, step: Step) -> dict[str, msgspec.Raw]:
    """The values of a step's references, as JSON, by parameter. What is not there is null.

    Raises:
        EnvelopeError: they are more than a message can hold: one large result, referred to many times.
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
            f"the results that step {step.number} refers to have more than {MAX_BYTES:,} bytes"
        )
    return results


_NULL = msgspec.Raw(b"null")


# ---- identity -------------------------------------------------------------------------------------------


def fingerprint(envelope: Envelope) -> str:
    """The same for messages whose bodies differ in their seed only, as those of one workflow that is published twice."""
    digest = hashlib.blake2b(envelope.head.replace(envelope.header.seed.encode(), b"", 1), digest_size=32)
    digest.update(b"\n")
    digest.update(envelope.steps.data)
    return digest.hexdigest()
