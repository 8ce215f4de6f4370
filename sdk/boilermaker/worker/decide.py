"""Turns an outcome into a verdict, what to publish and how to settle. Pure functions: nothing is published or settled here.

Outcomes come from `execute`, verdicts are carried out in `publish` and `settle`.
"""

from collections.abc import Sequence
from datetime import datetime

import msgspec

from boilermaker.envelope import Next, Step, ahead
from boilermaker.envelope.codec import Envelope
from boilermaker.errors import EnvelopeError
from boilermaker.failure import FailureInfo, legible
from boilermaker.retries import RetryPolicy, seconds_until
from boilermaker.tasks.options import Limits
from boilermaker.tasks.registration import Registration
from boilermaker.worker.outcome import (
    Blocked,
    Complete,
    DeadLetter,
    Failed,
    Forked,
    Outcome,
    Rejected,
    RetryAsked,
    Settlement,
    Succeeded,
    Verdict,
)

MAX_DESCRIPTION = 4000
"""Characters of a description; Service Bus SDKs cap a dead-letter description at 4,096."""


class Circumstances(msgspec.Struct, frozen=True, kw_only=True):
    """The inputs of a decision other than the envelope and the outcome.

    Attributes:
        queue: where the message was received. Another try goes there, whatever queue its line names.
        registration: the task's registration, if the worker knows the task.
        queues: the queues that the worker may publish to.
        message_id: id of the message being handled.
        jitter: a random number from 0 to 1, drawn for this decision.
        now: the time by the bus's clock.
    """

    queue: str
    registration: Registration | None
    limits: Limits
    queues: frozenset[str]
    message_id: str
    jitter: float
    now: datetime


def decide(envelope: Envelope, outcome: Outcome, around: Circumstances) -> Verdict:
    """The verdict of an outcome.

    Raises:
        EnvelopeError: a step that the outcome leads to is malformed.
    """
    match outcome := _legible(outcome):
        case Forked():
            return _forked(envelope, around)
        case Succeeded():
            return _succeeded(envelope, outcome, around)
        case RetryAsked():
            return _retry(envelope, outcome, around)
        case Rejected(may_heal=True) if envelope.header.put_off < len(around.limits.put_off_seconds):
            put_off = envelope.header.put_off
            wait = around.limits.put_off_seconds[put_off]
            return _put_off(envelope, outcome.description, wait, put_off + 1, around)
        case Blocked(description=description, wait=wait):
            verdict = _put_off(envelope, description, wait, envelope.header.put_off, around)
            return msgspec.structs.replace(verdict, word="Waiting")
        case Rejected() | Failed():
            error = outcome.error if isinstance(outcome, Failed) else None
            return _failed(
                envelope, Failed(reason=outcome.reason, description=outcome.description, error=error), around
            )


def _legible(outcome: Outcome) -> Outcome:
    """The outcome with texts that can be encoded and logged, because they may come from users' code."""
    if isinstance(outcome, Succeeded | Forked):
        return outcome
    described = msgspec.structs.replace(outcome, description=legible(outcome.description))
    if isinstance(described, Rejected | Blocked) or described.error is None:
        return described
    return msgspec.structs.replace(described, error=legible(described.error))


def _succeeded(envelope: Envelope, outcome: Succeeded, around: Circumstances) -> Verdict:
    current = envelope.current
    publish: tuple[Next, ...] = ()
    if current.then is not None:
        step = envelope.steps[current.then]
        publish = (
            Next(
                slot=0,
                to=step.number,
                task=step.task,
                queue=step.queue,
                digest=step.digest,
                result=outcome.result,
                delay=step.wait_seconds(around.now),
            ),
        )
    return Verdict(publish=publish, settlement=Complete(), word="Completed")


def _retry(envelope: Envelope, asked: RetryAsked, around: Circumstances) -> Verdict:
    header, current = envelope.header, envelope.current
    wanted = _wanted(asked.policy or header.policy or current.policy, around)
    policy = wanted.capped(max_tries=around.limits.max_tries, delay_max=around.limits.max_delay)
    if header.attempt >= policy.max_tries:
        tries = "1 try" if header.attempt == 1 else f"{header.attempt} tries"
        if wanted.max_tries > policy.max_tries:
            tries += f" (this worker's `Limits.max_tries`; the policy has {wanted.max_tries:,})"
        failed = Failed(
            reason="RetriesExhausted",
            description=f"gave up after {tries}: {asked.description}",
            error=asked.error,
        )
        return _failed(envelope, failed, around)
    drawn = policy.delay_seconds(header.attempt, around.jitter)
    wait = drawn if asked.delay is None else seconds_until(asked.delay, around.now)
    wait = min(wait, around.limits.max_delay)
    again = msgspec.structs.replace(
        _same_step(current, around),
        attempt=header.attempt + 1,
        policy=asked.policy or header.policy,
        delay=wait,
    )
    return Verdict(
        publish=(again,),
        settlement=Complete(),
        word="Retrying",
        detail=f"try {header.attempt + 1} of {policy.max_tries} in {wait:.1f}s: {asked.description}",
    )


def _wanted(policy: RetryPolicy | None, around: Circumstances) -> RetryPolicy:
    """The policy as requested, before the worker's limits are applied."""
    registered = around.registration.policy if around.registration is not None else RetryPolicy.no_retry()
    return policy or registered


def _put_off(envelope: Envelope, why: str, wait: float, put_off: int, around: Circumstances) -> Verdict:
    header = envelope.header
    later = msgspec.structs.replace(
        _same_step(envelope.current, around),
        attempt=header.attempt,
        put_off=put_off,
        policy=header.policy,
        delay=wait,
    )
    return Verdict(
        publish=(later,),
        settlement=Complete(),
        word="Put off",
        detail=f"tried again in {wait:.0f}s: {why}",
    )


def _failed(envelope: Envelope, failed: Failed, around: Circumstances) -> Verdict:
    current = envelope.current
    info = FailureInfo(
        task=current.task,
        reason=failed.reason,
        description=failed.description[:MAX_DESCRIPTION],
        error=None if failed.error is None else failed.error[:MAX_DESCRIPTION],
        attempt=envelope.header.attempt,
        message_id=around.message_id,
    )
    handlers, broken, _ = _handlers(envelope)
    allowed = [step for step in handlers if step.queue in around.queues]
    publish = _callbacks(allowed, info, around.now)
    if len(publish) > 1:
        # One message for all of them: with a single slot, a repeat with another outcome cannot publish a second one.
        publish = (msgspec.structs.replace(_same_step(current, around), failure=info, fork=True),)
    description = failed.description
    if broken:
        description += (
            f"; failure callbacks were not published, because they cannot be read: step {_listed(broken)}"
        )
    if refused := sorted({step.queue for step in handlers} - {step.queue for step in allowed}):
        description += f"; failure callbacks were not forwarded to {', '.join(refused)}: not in `forwards_to`"
    return Verdict(
        publish=publish,
        settlement=_failed_settlement(
            current, DeadLetter(failed.reason, description[:MAX_DESCRIPTION]), around
        ),
        word="Failed",
        detail=f"{failed.reason}: {description}",
    )


def _handlers(envelope: Envelope) -> tuple[list[Step], list[int], dict[int, int]]:
    """The failure callbacks of the current step that can be read with all their successors, and the numbers of the others.

    The third value is, by number, how many messages each may lead to.
    """
    most = ahead.messages(envelope.steps, envelope.current.otherwise)
    handlers: list[Step] = []
    broken: list[int] = []
    for number in envelope.current.otherwise:
        try:
            step = envelope.steps[number] if number in most else None
        except EnvelopeError:
            step = None
        if step is None:
            broken.append(number)
        else:
            handlers.append(step)
    return handlers, broken, most


def handlers_of(envelope: Envelope) -> list[Step]:
    """The failure callbacks of the current step that can be read."""
    return _handlers(envelope)[0]


def _listed(numbers: list[int]) -> str:
    more = f" and {len(numbers) - 10} more" if len(numbers) > 10 else ""
    return ", ".join(map(str, numbers[:10])) + more


def without_callbacks(verdict: Verdict, why: str) -> Verdict:
    """The verdict of a failure whose callbacks cannot be published; the dead-letter description says so."""
    said = f"; failure callbacks were not published: {why}"
    settlement = verdict.settlement
    if isinstance(settlement, DeadLetter):
        settlement = DeadLetter(settlement.reason, (settlement.description + said)[:MAX_DESCRIPTION])
    return msgspec.structs.replace(verdict, publish=(), settlement=settlement, detail=verdict.detail + said)


def not_forked(verdict: Verdict, failed: Failed) -> Verdict:
    """The verdict of a message that represents failure callbacks, if the bus rejects one of them permanently."""
    said = f"failure callbacks were not published: {failed.description}"[:MAX_DESCRIPTION]
    return msgspec.structs.replace(
        verdict, settlement=DeadLetter(failed.reason, said), word="Failed", detail=f"{failed.reason}: {said}"
    )


def _forked(envelope: Envelope, around: Circumstances) -> Verdict:
    # Callbacks that cannot be read were reported in the dead letter of the failure.
    handlers, _, most = _handlers(envelope)
    allowed = [step for step in handlers if step.queue in around.queues]
    if sum(most[step.number] for step in allowed) > around.limits.max_messages:
        return _too_many(len(allowed), around.limits.max_messages)
    publish = _callbacks(allowed, envelope.header.failure, around.now)
    return Verdict(
        publish=publish, settlement=Complete(), word="Forked", detail=f"{len(publish)} failure callbacks"
    )


def _too_many(count: int, limit: int) -> Verdict:
    """The verdict that publishes none of the failure callbacks. Their message can be replayed once the limit is raised."""
    why = (
        f"its {count} failure callbacks and their own failure callbacks may lead to more than {limit:,} messages and were not "
        "published: raise `Limits(max_messages=...)` of this worker, then replay this dead letter"
    )
    letter = DeadLetter("TooManyMessages", why)  # even if the step's `should_dead_letter` is False
    return Verdict(settlement=letter, word="Failed", detail=f"TooManyMessages: {why}")


def _callbacks(handlers: Sequence[Step], info: FailureInfo | None, now: datetime) -> tuple[Next, ...]:
    return tuple(
        Next(
            slot=slot,
            to=step.number,
            task=step.task,
            queue=step.queue,
            digest=step.digest,
            failure=info,
            delay=step.wait_seconds(now),
        )
        for slot, step in enumerate(handlers)
    )


def _failed_settlement(current: Step, letter: DeadLetter, around: Circumstances) -> Settlement:
    if letter.reason == "UndecodableMessage":
        return letter  # the line cannot be read, so its `should_dead_letter` is not trusted either
    wanted = current.should_dead_letter
    if wanted is None:
        wanted = around.registration is None or around.registration.should_dead_letter
    return letter if wanted else Complete()


def _same_step(current: Step, around: Circumstances) -> Next:
    return Next(slot=0, to=current.number, task=current.task, queue=around.queue, digest=current.digest)
