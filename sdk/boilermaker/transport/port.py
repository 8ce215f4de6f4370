"""What Boilermaker asks of a bus. Words are those of Service Bus; bytes are opaque here.

Two implementations: `transport.servicebus` (Azure Service Bus and anything that speaks its AMQP) and
`transport.memory` (no sockets, virtual time). One suite of tests runs over both.
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
        message_id: at most 128 characters; what duplicate detection compares.
        subject: the task's name.
        correlation_id: the workflow's id.
        properties: application properties.
        scheduled_enqueue_time: when the message becomes visible (UTC); None for now.
    """

    body: bytes
    message_id: str
    subject: str = ""
    content_type: str = "application/json"
    correlation_id: str = ""
    properties: Mapping[str, PropertyValue] = {}
    scheduled_enqueue_time: datetime | None = None


class Message(Protocol):
    """One message in a queue, as one looks at it: values only."""

    @property
    def body(self) -> bytes: ...
    @property
    def message_id(self) -> str | None: ...
    @property
    def sequence_number(self) -> int: ...
    @property
    def delivery_count(self) -> int:
        """How often the message was delivered before this time: 0 the first time."""
        ...

    @property
    def enqueued_time(self) -> datetime | None: ...
    @property
    def subject(self) -> str | None: ...
    @property
    def correlation_id(self) -> str | None: ...
    @property
    def properties(self) -> Mapping[str, object]:
        """Application properties with text keys, and text in place of bytes values."""
        ...


class Delivery(Message, Protocol):
    """One message received under a peek-lock. Settling is the receiver's."""

    @property
    def locked_until(self) -> datetime: ...


class Sender(Protocol):
    """Sends to one queue. Any number of coroutines may use it at once."""

    @property
    def max_message_size(self) -> int:
        """Bytes that one message may have, all properties included; known after `open`."""
        ...

    async def open(self) -> None:
        """Connect. Raises QueueNotFoundError, SessionQueueError, NotAuthorizedError, BusError."""
        ...

    async def send(self, message: OutgoingMessage) -> None:
        """Return once the bus has accepted the message.

        Raises:
            MessageTooLargeError: the bus refuses its size.
            MessageRefusedError: the bus refuses it permanently, for something else about it.
            QueueNotFoundError: there is no such queue.
            BusError: anything else; `is_transient` says whether a repeat may help. The message may have been
                accepted all the same: repeat with the same message_id.
        """
        ...

    async def send_many(self, messages: Sequence[OutgoingMessage]) -> Sequence[BusError | None]:
        """Send in order, in as few batches as the size allows, whatever becomes of one of them.

        Returns, for each, what `send` would have raised.
        """
        ...

    async def schedule(self, message: OutgoingMessage) -> int:
        """Send a message for its `scheduled_enqueue_time`; returns the sequence number by which it can be cancelled.

        0 where the queue has dropped it as a duplicate. It costs a management operation, which the Standard tier throttles
        tenfold: `send` schedules as well, without a number. Raises as `send`.
        """
        ...

    async def cancel_scheduled(self, sequence_number: int) -> None:
        """Remove a scheduled message that has not become active.

        Raises:
            NotScheduledError: no scheduled message has that number.
            BusError: anything else.
        """
        ...

    async def close(self) -> None: ...


class Receiver(Protocol):
    """Receives from one queue under peek-locks. Any number of coroutines may settle and renew at once."""

    async def open(self) -> None:
        """Connect. Raises QueueNotFoundError, SessionQueueError, BusError."""
        ...

    async def receive(self, max_messages: int, max_wait_seconds: float) -> Sequence[Delivery]:
        """Up to `max_messages`; empty once `max_wait_seconds` went by without one. Raises BusError."""
        ...

    async def peek(self, max_messages: int, from_sequence_number: int = 1) -> Sequence[Message]:
        """Look at messages from a sequence number on, locked and scheduled ones too, without locking any.

        Fewer than `max_messages` may come though there are more; empty means that there are none. Raises as `receive`.
        """
        ...

    async def set_prefetch(self, count: int) -> None:
        """How many messages are fetched, and locked, ahead of being asked for; 0 releases those that wait."""
        ...

    async def stop(self) -> None:
        """Ask for no more messages; what is buffered and was not handed out is released. Settling and renewing go on.

        What is released after this goes to other receivers, and not back to this one. `open` starts again.
        """
        ...

    async def complete(self, delivery: Delivery, *, confirmed: bool = True) -> None:
        """Remove the message. `confirmed=False` may return before the bus has answered.

        Raises:
            LockLostError: the lock is lost, the message comes again.
            SettlementError: anything else; the message may come again.
        """
        ...

    async def abandon(self, delivery: Delivery) -> None:
        """Give the lock up; the message comes again at once and its delivery count goes up. Raises as `complete`."""
        ...

    async def release(self, delivery: Delivery) -> None:
        """Give the lock up without counting a delivery (AMQP 1.0, 3.4.4 `released`). Raises as `complete`."""
        ...

    async def dead_letter(self, delivery: Delivery, reason: str, description: str) -> None:
        """Move the message to the dead-letter sub-queue. Raises as `complete`."""
        ...

    async def renew_lock(self, delivery: Delivery) -> datetime:
        """Renew for the queue's lock duration; returns the new `locked_until`. Raises LockLostError, BusError."""
        ...

    async def close(self) -> None:
        """Disconnect; what is buffered and was not handed out is released."""
        ...


class Clock(Protocol):
    """Time as the bus counts it: as well as it is known for Azure, virtual in memory."""

    def now(self) -> datetime:
        """The bus's time, UTC, with tzinfo: for moments that are sent to it, or that it stated."""
        ...

    def monotonic(self) -> float:
        """Seconds since some moment, by a clock that nobody sets: for durations."""
        ...


class Bus(Protocol):
    """A Service Bus namespace, as far as Boilermaker needs one. Making one opens no connection."""

    @property
    def default_queue(self) -> str | None:
        """The queue meant where none is named (an EntityPath, an environment variable)."""
        ...

    @property
    def clock(self) -> Clock: ...

    def sender(self, queue: str) -> Sender: ...

    def receiver(self, queue: str, *, prefetch: int = 0) -> Receiver: ...

    def forget(self, sender: Sender) -> None:
        """Drop a sender whose event loop is closed: nothing of it can be closed any more."""
        ...

    async def close(self) -> None:
        """Close every connection. Closing twice is fine."""
        ...
