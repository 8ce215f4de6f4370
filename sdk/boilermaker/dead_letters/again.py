"""What is published on account of a dead letter: the task once more, or word of its failure. Pure; nothing is sent here."""

import hashlib

from boilermaker.dead_letters.letter import DeadLetter, envelope_of
from boilermaker.envelope import codec, outgoing
from boilermaker.envelope.codec import Envelope
from boilermaker.errors import EnvelopeError
from boilermaker.tasks.options import Limits
from boilermaker.telemetry import trace
from boilermaker.transport.port import Clock, Message, OutgoingMessage
from boilermaker.worker.decide import Circumstances, decide
from boilermaker.worker.outcome import Failed, Forked, Outcome, Reason


class Unsent(Exception):  # noqa: N818  # no fault: this dead letter is left as it is
    """Nothing can be published on account of this dead letter; the text says why."""


def replay_of(message: Message, queue: str, clock: Clock) -> OutgoingMessage:
    """The message that runs a dead letter's task again, with what follows from it.

    It starts a lineage of its own: another workflow id, and the first attempt. The id is made of the dead letter's: the
    replay of one dead letter, done twice because somebody pulled the plug, runs once where the queue detects duplicates.

    Raises:
        EnvelopeError: the dead letter holds no envelope.
    """
    envelope = envelope_of(message, queue)
    origin = f"{queue}\n{message.sequence_number}\n{message.message_id}"
    workflow = hashlib.blake2b(f"replay\n{origin}".encode(), digest_size=16).hexdigest()
    step = envelope.current
    return outgoing.message(
        body=codec.restart(envelope, workflow),
        message_id=workflow,
        task=step.task,
        workflow=workflow,
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
    cause = message.message_id or f"sequence-number-{message.sequence_number}"
    around = Circumstances(registration=None, limits=Limits(), queues=queues, message_id=cause, jitter=0)
    verdict = decide(envelope, _outcome(envelope, letter), around)
    return [
        (
            following.queue,
            outgoing.message(
                body=codec.advance(envelope, following),
                message_id=codec.message_id(cause, following.slot),
                task=following.task,
                workflow=envelope.header.workflow,
                digest=following.digest,
                trace=trace.of_properties(message.properties),
                delay=following.delay,
                clock=clock,
            ),
        )
        for following in verdict.publish
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
    handlers: set[str] = set()
    for number in envelope.current.otherwise:
        try:
            handlers.add(codec.step_ahead(envelope, number).queue)
        except EnvelopeError as error:
            raise Unsent(f"a failure callback cannot be read: {error}") from None
    if not handlers:
        raise Unsent("it has no failure callback")
    if refused := sorted(handlers - queues):
        raise Unsent(f"a failure callback is for the queue {', '.join(refused)}, which was not allowed")
