"""Messages to publish for a dead letter: a replay of its task, or its failure callbacks. Pure; nothing is sent here."""

from boilermaker.dead_letters.letter import DeadLetter, envelope_of
from boilermaker.envelope import ahead, codec, identity, outgoing
from boilermaker.envelope.codec import Envelope
from boilermaker.errors import EnvelopeError
from boilermaker.tasks.options import Limits
from boilermaker.telemetry import trace
from boilermaker.transport.port import Clock, Message, OutgoingMessage
from boilermaker.worker.decide import Circumstances, decide
from boilermaker.worker.outcome import DeadLetter as DeadLettered
from boilermaker.worker.outcome import Failed, Forked, Outcome, Reason


class Unsent(Exception):  # noqa: N818  # not an error of the program: the dead letter is left unchanged
    """Nothing can be published for this dead letter; the text says why."""


def replay_of(message: Message, queue: str, clock: Clock) -> OutgoingMessage:
    """The message that runs a dead letter's task and the steps after it again.

    The replay is a new workflow with a new id and a new seed, at its first attempt. Id and seed are derived from the dead
    letter. So if a replay is interrupted and repeated, the task still runs once where the queue detects duplicates.

    Raises:
        EnvelopeError: the dead letter holds no envelope.
    """
    envelope = envelope_of(message, queue)
    origin = f"{message.sequence_number}\n{identity.own_id(message, queue)}"
    named = identity.derived(envelope.header.seed, queue, origin, identity.REPLAY)
    step = envelope.current
    return outgoing.message(
        body=codec.restart(envelope, named),
        message_id=named.id,
        task=step.task,
        workflow=named.id,
        digest=step.digest,
        trace=trace.of_properties(message.properties),
        delay=0,
        clock=clock,
    )


def failure_of(
    message: Message, letter: DeadLetter, queue: str, queues: frozenset[str], clock: Clock
) -> list[tuple[str, OutgoingMessage]]:
    """The messages that run the failure callbacks of a task that the broker dead-lettered, with their queues.

    They are those that a worker would have published for this attempt, under the same ids. If a worker did publish for the
    attempt before the broker dead-lettered it, its messages win where the queue detects duplicates.

    Args:
        message: the dead letter.
        letter: what `read` returns for it.
        queue: the queue that it was dead-lettered in.
        queues: queues that may be published to.
        clock: the clock of the bus.

    Raises:
        Unsent: there is no failure callback, or it is for a queue that may not be published to.
        EnvelopeError: the dead letter holds no envelope.
    """
    envelope = envelope_of(message, queue)
    _check_handlers(envelope, queues)
    cause = identity.own_id(message, queue)
    around = Circumstances(
        queue=queue,
        registration=None,
        limits=Limits(),
        queues=queues,
        message_id=cause,
        jitter=0,
        now=clock.now(),
    )
    verdict = decide(envelope, _outcome(envelope, letter), around)
    if envelope.header.fork and isinstance(verdict.settlement, DeadLettered):
        raise Unsent(f"{verdict.settlement.reason}: {verdict.settlement.description}")
    named = [identity.derived(envelope.header.seed, queue, cause, each.slot) for each in verdict.publish]
    return [
        (
            following.queue,
            outgoing.message(
                body=codec.advance(envelope, following, name.seed),
                message_id=name.id,
                task=following.task,
                workflow=envelope.header.workflow,
                digest=following.digest,
                trace=trace.of_properties(message.properties),
                delay=following.delay,
                clock=clock,
            ),
        )
        for following, name in zip(verdict.publish, named, strict=True)
    ]


_REASONS: dict[str, Reason] = {
    "MaxDeliveryCountExceeded": "DeliveriesExhausted",
    "TTLExpiredException": "Expired",
}


def _outcome(envelope: Envelope, letter: DeadLetter) -> Outcome:
    if envelope.header.fork:
        return Forked()
    reason = _REASONS.get(letter.reason or "")
    if reason is None:
        raise Unsent(
            f"{letter.reason} is not a reason of the broker: a worker has already published the failure callbacks"
        )
    return Failed(
        reason=reason, description=letter.description or f"dead-lettered by the broker: {letter.reason}"
    )


def _check_handlers(envelope: Envelope, queues: frozenset[str]) -> None:
    numbers = envelope.current.otherwise
    readable = ahead.messages(envelope.steps, numbers)
    handlers: set[str] = set()
    for number in numbers:
        if number not in readable:
            raise Unsent(f"a failure callback, step {number}, or a step after it cannot be read")
        try:
            handlers.add(envelope.steps[number].queue)
        except EnvelopeError as error:
            raise Unsent(f"a failure callback cannot be read: {error}") from None
    if not handlers:
        raise Unsent("it has no failure callback")
    if refused := sorted(handlers - queues):
        raise Unsent(
            f"a failure callback is for the queue {', '.join(refused)}, which is not allowed: pass it in forwards_to, or --forwards-to"
        )
