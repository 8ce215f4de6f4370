"""One dead letter as a value, and the selection of dead letters."""

from datetime import datetime

import msgspec

from boilermaker.envelope import legacy
from boilermaker.envelope.codec import Envelope
from boilermaker.errors import EnvelopeError
from boilermaker.transport.port import Message

BUS_REASONS = frozenset({"MaxDeliveryCountExceeded", "TTLExpiredException"})
"""Reasons for which the broker itself dead-letters a message. No worker sees it, so no failure callback was published."""


class DeadLetter(msgspec.Struct, frozen=True, kw_only=True):
    """The facts about a dead letter, without its payload.

    Attributes:
        sequence_number: identifies it within its queue.
        reason: why it was dead-lettered; None if no reason was given.
        task: name of the task; the message's subject if the body is not an envelope.
        workflow: id of the workflow.
        attempt: the attempt of the task, from 1.
        deliveries: number of deliveries.
        enqueued_time: when it was enqueued.
        unreadable: why the body is not an envelope; None if it is one.
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
    """Selects the dead letters that match every given criterion; all if none is given."""

    numbers: frozenset[int] = frozenset()
    tasks: frozenset[str] = frozenset()
    reasons: frozenset[str] = frozenset()

    def takes(self, letter: DeadLetter) -> bool:
        """Whether a dead letter is selected."""
        return (
            (not self.numbers or letter.sequence_number in self.numbers)
            and (not self.tasks or letter.task in self.tasks)
            and (not self.reasons or letter.reason in self.reasons)
        )


def read(message: Message, queue: str) -> DeadLetter:
    """The facts about a message of the dead-letter sub-queue of `queue`."""
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
    """The envelope in a message.

    Raises:
        EnvelopeError: the body is not an envelope.
    """
    return legacy.read(message.body, queue)


def _text(value: object) -> str | None:
    return None if value is None else str(value)
