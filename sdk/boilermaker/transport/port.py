"""The interface that Boilermaker requires of a bus, in Service Bus's terms. Message bodies are opaque bytes.

Two implementations: `transport.servicebus` (Azure Service Bus and anything that speaks its AMQP) and
`transport.memory` (no sockets, virtual time). One test suite runs on both.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Protocol

import msgspec

from boilermaker.errors import BusError

PropertyValue = str | int | float | bool


class OutgoingMessage(msgspec.Struct, frozen=True, kw_only=True):
    """One message to send.

    Attributes:
        message_id: at most 128 characters; duplicate detection compares it.
        subject: the task's name.
        correlation_id: the workflow's id.
        properties: application properties.
        scheduled_enqueue_time: when the message becomes visible (UTC); None for immediately.
    """

    body: bytes
    message_id: str
    subject: str = ""
    content_type: str = "application/json"
    correlation_id: str = ""
    properties: Mapping[str, PropertyValue] = {}
    scheduled_enqueue_time: datetime | None = None


class Message(Protocol):
    """One message in a queue, as a peek returns it: values only."""

    @property
    def body(self) -> bytes: ...
    @property
    def message_id(self) -> str | None: ...
    @property
    def sequence_number(self) -> int: ...
    @property
    def delivery_count(self) -> int:
        """Number of earlier deliveries of the message: 0 on the first delivery."""
        ...

    @property
    def enqueued_time(self) -> datetime | None: ...
    @property
    def subject(self) -> str | None: ...
    @property
    def correlation_id(self) -> str | None: ...
    @property
    def properties(self) -> Mapping[str, object]:
        """Application properties. Keys are text; bytes values are decoded to text."""
        ...


class Delivery(Message, Protocol):
    """One message received under a peek-lock. Its receiver settles it."""

    @property
    def locked_until(self) -> datetime: ...


class Sender(Protocol):
    """Sends to one queue. Any number of coroutines may use it concurrently."""

    @property
    def max_message_size(self) -> int:
        """Maximum bytes of one message, including all properties; known after `open`."""
        ...

    async def open(self) -> None:
        """Connect. Raises QueueNotFoundError, SessionQueueError, NotAuthorizedError, BusError."""
        ...

    async def send(self, message: OutgoingMessage) -> None:
        """Send a message; return once the broker has acknowledged it.

        Raises:
            MessageTooLargeError: the broker rejects the message's size.
            MessageRefusedError: the broker rejects the message permanently, for another reason.
            QueueNotFoundError: the queue does not exist.
            BusError: any other error; `is_transient` says whether a retry may help. The message may have been accepted
                nevertheless: retry with the same message_id.
        """
        ...

    async def send_many(self, messages: Sequence[OutgoingMessage]) -> Sequence[BusError | None]:
        """Send in order, in as few batches as the size allows. An error of one message does not stop the others.

        Returns, for each message, the error that `send` would have raised, or None.
        """
        ...

    async def schedule(self, message: OutgoingMessage) -> int:
        """Send a message for its `scheduled_enqueue_time`; returns the sequence number by which it can be cancelled.

        The number is 0 if the queue dropped the message as a duplicate. Scheduling is a management operation, which counts
        tenfold toward throttling on the Standard tier: `send` schedules too, but returns no number. Raises as `send`.
        """
        ...

    async def cancel_scheduled(self, sequence_number: int) -> None:
        """Remove a scheduled message that has not become active.

        Raises:
            NotScheduledError: no scheduled message has that number.
            BusError: any other error.
        """
        ...

    async def close(self) -> None: ...


class Receiver(Protocol):
    """Receives from one queue under peek-locks. Any number of coroutines may settle and renew concurrently."""

    async def open(self) -> None:
        """Connect. Raises QueueNotFoundError, SessionQueueError, BusError."""
        ...

    async def receive(self, max_messages: int, max_wait_seconds: float) -> Sequence[Delivery]:
        """Receive up to `max_messages`; empty if none arrives within `max_wait_seconds`. Raises BusError."""
        ...

    async def peek(self, max_messages: int, from_sequence_number: int = 1) -> Sequence[Message]:
        """Return messages from a sequence number on, including locked and scheduled ones, without locking any.

        It may return fewer than `max_messages` although there are more; empty means that there are none. Raises as
        `receive`.
        """
        ...

    async def set_prefetch(self, count: int) -> None:
        """Set how many messages are prefetched, and thereby locked; 0 releases prefetched messages."""
        ...

    async def stop(self) -> None:
        """Stop receiving and release prefetched messages. Settling and renewing still work.

        Messages released from now on go to other receivers, not back to this one. `open` starts receiving again.
        """
        ...

    async def complete(self, delivery: Delivery, *, confirmed: bool = True) -> None:
        """Complete the message. `confirmed=False` may return before the broker has answered.

        Raises:
            LockLostError: the lock is lost; the message will be redelivered.
            SettlementError: any other error; the message may be redelivered.
        """
        ...

    async def abandon(self, delivery: Delivery) -> None:
        """Abandon the message: it is redelivered immediately, with an increased delivery count. Raises as `complete`."""
        ...

    async def release(self, delivery: Delivery) -> None:
        """Release the lock without counting a delivery (AMQP 1.0, 3.4.4 `released`). Raises as `complete`."""
        ...

    async def dead_letter(self, delivery: Delivery, reason: str, description: str) -> None:
        """Move the message to the dead-letter sub-queue. Raises as `complete`."""
        ...

    async def renew_lock(self, delivery: Delivery) -> datetime:
        """Renew the lock for the queue's lock duration; returns the new `locked_until`. Raises LockLostError, BusError."""
        ...

    async def close(self) -> None:
        """Disconnect and release prefetched messages."""
        ...


class Clock(Protocol):
    """The time of the bus: estimated for Azure, virtual in memory."""

    def now(self) -> datetime:
        """The bus's time in UTC, with tzinfo: for times that are sent to it or come from it."""
        ...

    def monotonic(self) -> float:
        """Seconds of a monotonic clock: for durations."""
        ...


class Bus(Protocol):
    """The operations of a Service Bus namespace that Boilermaker needs. Creating one opens no connection."""

    @property
    def default_queue(self) -> str | None:
        """The queue to use if none is given (from an EntityPath or an environment variable)."""
        ...

    @property
    def clock(self) -> Clock: ...

    def sender(self, queue: str) -> Sender: ...

    def receiver(self, queue: str, *, prefetch: int = 0) -> Receiver: ...

    def forget(self, sender: Sender) -> None:
        """Drop a sender whose event loop is closed, since it can no longer be closed."""
        ...

    async def close(self) -> None:
        """Close every connection. Closing twice is fine."""
        ...
