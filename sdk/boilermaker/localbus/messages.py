"""Messages before and after they are enqueued, and the errors with which a queue rejects them."""

import uuid
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import Enum
from typing import Any

# Service Bus quotas: "Message property size: maximum of 32 KB for each property; the cumulative size of all
# properties can't exceed 64 KB".
MAX_MESSAGE_ID = 128
MAX_PROPERTY = 32 * 1024
MAX_PROPERTIES = 64 * 1024
# A batch has its own limits, independent of the message size limit: 1 MB (256 KB on Standard, as for one
# message) and 4,500 messages (azure-service-bus issue 397; nothing on the link announces it).
MAX_BATCH_BYTES = 1024 * 1024
MAX_BATCH_MESSAGES = 4500


class QueueError(Exception):
    """The queue rejects an operation. The AMQP front and the in-memory transport translate it."""


class LockLost(QueueError):  # noqa: N818 - an AMQP condition's name, message-lock-lost
    """The lock has expired, or there is no such lock."""


class MessageTooLarge(QueueError):  # noqa: N818 - see LockLost
    """The message exceeds the queue's maximum message size."""


class BatchTooLong(QueueError):  # noqa: N818 - see LockLost
    """The batch has more messages than Service Bus accepts."""


class InvalidMessage(QueueError):  # noqa: N818 - see LockLost
    """A property exceeds a limit of Service Bus."""


class NotAllowed(QueueError):  # noqa: N818 - an AMQP condition's name, not-allowed
    """The queue's settings do not allow the message or batch."""


class MessageNotFound(QueueError):  # noqa: N818 - an AMQP condition's name, message-not-found
    """No message in the required state has this sequence number."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Incoming:
    """A message as a sender passes it to the queue.

    Attributes:
        content: the message in the transport's own form, kept unchanged.
        size: bytes, including all properties.
        properties_size: bytes of everything but the body.
        largest_property: bytes of the largest application property.
    """

    content: object
    size: int
    properties_size: int = 0
    largest_property: int = 0
    message_id: str | None = None
    time_to_live: timedelta | None = None
    scheduled_enqueue_time: datetime | None = None


class State(Enum):
    """State of a message; the values are those of `x-opt-message-state`."""

    ACTIVE = 0
    DEFERRED = 1
    SCHEDULED = 2


@dataclass(eq=False, kw_only=True, slots=True)
class StoredMessage:
    """A message in the queue. Only the queue changes it.

    Attributes:
        delivery_count: number of failed deliveries.
        modified: application properties that receivers set when they settled it, in the transport's own form; they
            replace the sender's.
    """

    incoming: Incoming
    sequence_number: int
    enqueued_time: datetime
    state: State = State.ACTIVE
    scheduled_for: datetime | None = None
    expires_at: datetime | None = None
    delivery_count: int = 0
    lock_token: uuid.UUID | None = None
    locked_until: datetime | None = None
    dead_letter_reason: str | None = None
    dead_letter_description: str | None = None
    modified: dict[str, Any] = field(default_factory=dict[str, Any])

    @property
    def content(self) -> object:
        """The message in the transport's own form."""
        return self.incoming.content


@dataclass(frozen=True, kw_only=True)
class Counts:
    """Message counts of a queue. A message is `active`, `scheduled` or `deferred`; `locked` ones are among the active."""

    active: int
    locked: int
    scheduled: int
    deferred: int
    dead_letter: int
