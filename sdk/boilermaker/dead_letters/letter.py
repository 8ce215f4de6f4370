"""One dead letter as a value, and which of many are meant."""

from datetime import datetime

import msgspec

from boilermaker.envelope import legacy
from boilermaker.envelope.codec import Envelope
from boilermaker.errors import EnvelopeError
from boilermaker.transport.port import Message

BUS_REASONS = frozenset({"MaxDeliveryCountExceeded", "TTLExpiredException"})
"""Why the bus itself buries a message. No worker saw it end, so no failure callback was published."""


class DeadLetter(msgspec.Struct, frozen=True, kw_only=True):
    """What there is to say of a dead letter. Holds no payload.

    Attributes:
        sequence_number: what tells it from the others of its queue.
        reason: why it is here; None where whoever buried it did not say.
        task: name of the task; the message's subject where the body is no envelope.
        workflow: id of the workflow.
        attempt: which execution of the task it stands for, from 1.
        deliveries: how often it was delivered.
        enqueued_time: when it came into the queue.
        unreadable: why the body is no envelope, where it is none.
    """

    sequence_number: int
    message_id: str | None
    reason: str | None
    description: str | None
    task: str | None
    workflow: str | None
    attempt: int | None = None
    deliveries: int = 0
    enqueued_time: datetime | None = None
    unreadable: str | None = None


class Selection(msgspec.Struct, frozen=True, kw_only=True):
    """Which dead letters are meant: those that every given criterion holds for; all where none is given."""

    numbers: frozenset[int] = frozenset()
    tasks: frozenset[str] = frozenset()
    reasons: frozenset[str] = frozenset()

    def takes(self, letter: DeadLetter) -> bool:
        """Whether a dead letter is meant."""
        return (
            (not self.numbers or letter.sequence_number in self.numbers)
            and (not self.tasks or letter.task in self.tasks)
            and (not self.reasons or letter.reason in self.reasons)
        )


def read(message: Message, queue: str) -> DeadLetter:
    """What there is to say of a message of the dead-letter sub-queue of `queue`."""
    known = DeadLetter(
        sequence_number=message.sequence_number,
        message_id=message.message_id,
        reason=_text(message.properties.get("DeadLetterReason")),
        description=_text(message.properties.get("DeadLetterErrorDescription")),
        task=message.subject,
        workflow=message.correlation_id,
        deliveries=message.delivery_count,
        enqueued_time=message.enqueued_time,
    )
    try:
        envelope = envelope_of(message, queue)
        step = envelope.current
    except EnvelopeError as error:
        return msgspec.structs.replace(known, unreadable=str(error))
    return msgspec.structs.replace(
        known, task=step.task, workflow=envelope.header.workflow, attempt=envelope.header.attempt
    )


def envelope_of(message: Message, queue: str) -> Envelope:
    """The envelope that a message holds.

    Raises:
        EnvelopeError: it holds none.
    """
    return legacy.read(message.body, queue)


def _text(value: object) -> str | None:
    return None if value is None else str(value)
