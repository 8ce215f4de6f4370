"""What is published on account of a dead letter: the task once more, or word of its failure. Pure; nothing is sent here."""

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


class Unsent(Exception):  # noqa: N818  # no fault: this dead letter is left as it is
    """Nothing can be published on account of this dead letter; the text says why."""


def replay_of(message: Message, queue: str, clock: Clock) -> OutgoingMessage:
    """The message that runs a dead letter's task again, with what follows from it.

    It starts a lineage of its own: another workflow id, another seed, and the first attempt. Both are derived from the dead
    letter: the replay of one dead letter, done twice because somebody pulled the plug, runs once where the queue detects
    duplicates.

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
    """By queue, the messages that tell failure handlers of a task that the bus has buried.

    They are what a worker would have published for this attempt, under the same ids: what a worker did publish for it
    before the bus buried it wins, where the queue detects duplicates.

    Args:
        message: the dead letter.
        letter: what `read` says of it.
        queue: where it was buried.
        queues: those that may be published to.
        clock: of the bus.

    Raises:
        Unsent: nobody is to be told, or in a queue that may not be published to.
        EnvelopeError: the dead letter holds no envelope.
    """
    envelope = envelope_of(message, queue)
    _check_handlers(envelope, queues)
    cause = identity.own_id(message, queue)
    around = Circumstances(
        registration=None, limits=Limits(), queues=queues, message_id=cause, jitter=0, now=clock.now()
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


_IN_OUR_WORDS: dict[str, Reason] = {
    "MaxDeliveryCountExceeded": "DeliveriesExhausted",
    "TTLExpiredException": "Expired",
}


def _outcome(envelope: Envelope, letter: DeadLetter) -> Outcome:
    if envelope.header.fork:
        return Forked()
    reason = _IN_OUR_WORDS.get(letter.reason or "")
    if reason is None:
        raise Unsent(f"{letter.reason} is no reason of the bus: a worker has told the failure callbacks")
    return Failed(reason=reason, description=letter.description or f"buried by the bus: {letter.reason}")


def _check_handlers(envelope: Envelope, queues: frozenset[str]) -> None:
    numbers = envelope.current.otherwise
    readable = ahead.messages(envelope.steps, numbers)
    handlers: set[str] = set()
    for number in numbers:
        if number not in readable:
            raise Unsent(f"a failure callback, step {number}, or what follows from it cannot be read")
        try:
            handlers.add(envelope.steps[number].queue)
        except EnvelopeError as error:
            raise Unsent(f"a failure callback cannot be read: {error}") from None
    if not handlers:
        raise Unsent("it has no failure callback")
    if refused := sorted(handlers - queues):
        raise Unsent(f"a failure callback is for the queue {', '.join(refused)}, which was not allowed")
