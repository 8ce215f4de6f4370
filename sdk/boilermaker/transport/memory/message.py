"""Messages of the in-memory bus: as tests inspect them, as workers receive them, and their sizes on the wire."""

import uuid
from collections.abc import Mapping
from datetime import UTC, datetime
from types import MappingProxyType

import msgspec

from boilermaker.errors import BusError
from boilermaker.localbus.messages import Incoming, StoredMessage
from boilermaker.transport.port import OutgoingMessage, PropertyValue


class MemoryMessage(msgspec.Struct, frozen=True, kw_only=True):
    """A message in a queue, as a test inspects it. A value: later changes of the message do not change it.

    Attributes:
        delivery_count: failed deliveries: abandoned, or not settled before the lock expired.
        scheduled_enqueue_time: the time that the sender set; kept after it has passed.
        dead_letter_reason: why it was dead-lettered; None outside the dead-letter sub-queue.
    """

    body: bytes
    message_id: str
    subject: str
    correlation_id: str
    content_type: str
    properties: Mapping[str, PropertyValue]
    sequence_number: int
    delivery_count: int
    enqueued_time: datetime
    scheduled_enqueue_time: datetime | None = None
    dead_letter_reason: str | None = None
    dead_letter_description: str | None = None


class MemoryPeeked(msgspec.Struct, frozen=True, kw_only=True, eq=False):
    """One peeked message: a `Message` of the port."""

    body: bytes
    message_id: str | None
    sequence_number: int
    delivery_count: int
    enqueued_time: datetime | None
    subject: str | None
    correlation_id: str | None
    properties: Mapping[str, object]


class MemoryDelivery(MemoryPeeked, frozen=True, kw_only=True, eq=False):
    """One message received under a peek-lock: a `Delivery` of the port."""

    locked_until: datetime
    lock_token: uuid.UUID


def incoming(message: OutgoingMessage) -> Incoming:
    """Convert a message for the queue. It is copied, so later changes of the sender's dict have no effect."""
    due = message.scheduled_enqueue_time
    if due is not None and due.tzinfo is None:  # read as UTC, as azure-servicebus does
        due = due.replace(tzinfo=UTC)
    pairs = [_text(name) + _value(value) for name, value in message.properties.items()]
    properties = _properties_section(message) + (12 + sum(pairs) if pairs else 0) + (50 if due else 0)
    return Incoming(
        content=msgspec.structs.replace(
            message, properties=MappingProxyType(dict(message.properties)), scheduled_enqueue_time=due
        ),
        size=_HEADER + properties + 3 + _variable(len(message.body)),
        properties_size=properties,
        largest_property=max(pairs, default=0),
        message_id=message.message_id,
        scheduled_enqueue_time=due,
    )


def shown(stored: StoredMessage) -> MemoryMessage:
    """A stored message as a test inspects it."""
    message = _sent(stored)
    return MemoryMessage(
        body=message.body,
        message_id=message.message_id,
        subject=message.subject,
        correlation_id=message.correlation_id,
        content_type=message.content_type,
        properties=message.properties,
        sequence_number=stored.sequence_number,
        delivery_count=stored.delivery_count,
        enqueued_time=stored.enqueued_time,
        scheduled_enqueue_time=message.scheduled_enqueue_time,
        dead_letter_reason=stored.dead_letter_reason,
        dead_letter_description=stored.dead_letter_description,
    )


def delivered(stored: StoredMessage) -> MemoryDelivery:
    """A message that has just been locked, as a worker receives it."""
    if stored.lock_token is None or stored.locked_until is None:
        raise BusError(f"message {stored.sequence_number} was delivered without a lock")
    return MemoryDelivery(
        **msgspec.structs.asdict(peeked(stored)),
        locked_until=stored.locked_until,
        lock_token=stored.lock_token,
    )


def peeked(stored: StoredMessage) -> MemoryPeeked:
    """A stored message as a peek returns it."""
    message = _sent(stored)
    # "The reason and description become application properties" (Overview of Service Bus dead-letter queues).
    reasons = {
        "DeadLetterReason": stored.dead_letter_reason,
        "DeadLetterErrorDescription": stored.dead_letter_description,
    }
    return MemoryPeeked(
        body=message.body,
        message_id=message.message_id,
        sequence_number=stored.sequence_number,
        delivery_count=stored.delivery_count,
        enqueued_time=stored.enqueued_time,
        subject=message.subject or None,
        correlation_id=message.correlation_id or None,
        properties={
            **message.properties,
            **stored.modified,
            **{name: text for name, text in reasons.items() if text is not None},
        },
    )


def _sent(stored: StoredMessage) -> OutgoingMessage:
    if not isinstance(stored.content, OutgoingMessage):
        raise BusError(f"message {stored.sequence_number} was not sent through this bus")
    return stored.content


# Sizes follow the encodings of AMQP 1.0, part 1.6; the sections' descriptors and counts are rounded up.
_HEADER = 12


def _properties_section(message: OutgoingMessage) -> int:
    texts = (message.message_id, message.subject, message.content_type, message.correlation_id)
    return 20 + sum(_text(text) for text in texts)


def _value(value: PropertyValue) -> int:
    if isinstance(value, str):
        return _text(value)
    return 1 if isinstance(value, bool) else 9


def _text(text: str) -> int:
    return _variable(len(text.encode()))


def _variable(length: int) -> int:
    return length + (2 if length < 256 else 5)
