"""The sender and the receiver of the in-memory bus."""

import asyncio
import time
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import TypeVar
from uuid import UUID

from boilermaker.errors import (
    BusError,
    LockLostError,
    MessageTooLargeError,
    NotScheduledError,
    SessionQueueError,
    SettlementError,
)
from boilermaker.localbus.messages import InvalidMessage, LockLost, MessageNotFound, MessageTooLarge
from boilermaker.localbus.queue import Queue
from boilermaker.transport.memory.message import MemoryDelivery, delivered, peeked
from boilermaker.transport.memory.namespace import Namespace
from boilermaker.transport.port import Delivery, Message, OutgoingMessage

_T = TypeVar("_T")


class MemorySender:
    """Sends to one queue."""

    def __init__(self, namespace: Namespace, queue: str) -> None:
        self._namespace = namespace
        self._name = queue

    @property
    def max_message_size(self) -> int:
        """Maximum bytes of one message, including all properties."""
        return self._namespace.queue(self._name).settings.max_message_size

    async def open(self) -> None:
        """Check that the queue exists. Raises QueueNotFoundError."""
        self._namespace.queue(self._name)

    async def send(self, message: OutgoingMessage) -> None:
        """Enqueue. Raises as the port says."""
        self._enqueued(message)

    async def schedule(self, message: OutgoingMessage) -> int:
        """Enqueue for later; returns the sequence number. Raises as the port says."""
        return self._enqueued(message) or 0

    async def cancel_scheduled(self, sequence_number: int) -> None:
        """Remove a scheduled message. Raises as the port says."""
        try:
            with self._namespace.lock:
                self._namespace.looked_at(self._name).cancel_scheduled(
                    [sequence_number], self._namespace.clock.now()
                )
        except MessageNotFound as error:
            raise NotScheduledError(f"queue {self._name!r}: {error}", queue=self._name) from None

    def _enqueued(self, message: OutgoingMessage) -> int | None:
        queue = self._namespace.queue(self._name)
        if queue.settings.requires_session:
            raise _session_queue(self._name)
        try:
            number = self._namespace.accept(self._name, message)
        except MessageTooLarge as error:
            raise MessageTooLargeError(
                f"{error}. Send a reference to large data instead of the data.", queue=self._name
            ) from None
        except InvalidMessage as error:
            raise BusError(f"queue {self._name!r} rejects the message: {error}", queue=self._name) from None
        self._namespace.wake()
        return number

    async def send_many(self, messages: Sequence[OutgoingMessage]) -> Sequence[BusError | None]:
        """Enqueue in order; an error of one message does not stop the others. See the port."""
        return [await self._fate(message) for message in messages]

    async def _fate(self, message: OutgoingMessage) -> BusError | None:
        try:
            await self.send(message)
        except BusError as error:
            return error
        return None

    async def close(self) -> None:
        """Nothing to close."""


class MemoryReceiver:
    """Receives from one queue."""

    def __init__(self, namespace: Namespace, queue: str) -> None:
        self._namespace = namespace
        self._name = queue
        self._closes = 0

    async def open(self) -> None:
        """Check that the queue can be received from. Raises QueueNotFoundError, SessionQueueError."""
        self._open_queue()

    async def receive(self, max_messages: int, max_wait_seconds: float) -> Sequence[Delivery]:
        """Receive up to `max_messages`; waits in real time if there are none, 0 does not wait."""
        await asyncio.sleep(0)  # a busy loop over this bus must let its handlers run
        queue, closes = self._open_queue(), self._closes
        deadline = time.monotonic() + max_wait_seconds
        while True:
            found: list[Delivery] = []
            with self._namespace.lock:
                while (
                    len(found) < max_messages
                    and (stored := queue.receive(self._namespace.clock.now())) is not None
                ):
                    found.append(delivered(stored))
            left = deadline - time.monotonic()
            if found or left <= 0 or self._closes != closes:
                return found
            await self._namespace.wait(left)

    async def peek(self, max_messages: int, from_sequence_number: int = 1) -> Sequence[Message]:
        """Return messages without locking them. See the port for errors."""
        with self._namespace.lock:
            found = self._open_queue().peek(from_sequence_number, max_messages, self._namespace.clock.now())
        return [peeked(stored) for stored in found]

    async def set_prefetch(self, count: int) -> None:
        """Ignored: this receiver does not prefetch."""

    async def stop(self) -> None:
        """Ignored: this receiver buffers no messages."""

    async def complete(self, delivery: Delivery, *, confirmed: bool = True) -> None:  # noqa: ARG002 - always confirmed
        """Complete the message. See the port for errors."""
        self._settle(delivery, Queue.complete)

    async def abandon(self, delivery: Delivery) -> None:
        """Abandon the message; counts a delivery. See the port for errors."""
        self._settle(delivery, Queue.abandon)

    async def release(self, delivery: Delivery) -> None:
        """Release the lock without counting a delivery. See the port for errors."""
        self._settle(delivery, Queue.release)

    async def dead_letter(self, delivery: Delivery, reason: str, description: str) -> None:
        """Move the message to the dead-letter sub-queue. See the port for errors."""
        self._settle(delivery, lambda queue, token, now: queue.dead_letter(token, reason, description, now))

    async def renew_lock(self, delivery: Delivery) -> datetime:
        """Renew the lock for the lock duration from now; returns the new `locked_until`. Raises LockLostError."""
        return self._settle(delivery, Queue.renew)

    async def close(self) -> None:
        """End a `receive` in progress, which then returns an empty list. Received messages stay locked until they are settled."""
        self._closes += 1
        self._namespace.wake()

    def _settle(self, delivery: Delivery, how: Callable[[Queue, UUID, datetime], _T]) -> _T:
        if not isinstance(delivery, MemoryDelivery):
            raise SettlementError(f"a delivery of another bus: {type(delivery).__name__}", queue=self._name)
        try:
            with self._namespace.lock:
                return how(
                    self._namespace.queue(self._name), delivery.lock_token, self._namespace.clock.now()
                )
        except LockLost as error:
            raise LockLostError(
                f"message {delivery.sequence_number} of queue {self._name!r}: {error}", queue=self._name
            ) from None
        finally:
            self._namespace.wake()

    def _open_queue(self) -> Queue:
        queue = self._namespace.queue(self._name)
        if queue.settings.requires_session:
            raise _session_queue(self._name)
        return queue


def _session_queue(name: str) -> SessionQueueError:
    return SessionQueueError(
        f"queue {name!r} requires sessions, which Boilermaker does not use: create a queue without sessions",
        queue=name,
    )
