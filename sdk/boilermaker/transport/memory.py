"""A bus in memory, for users' unit tests: no sockets, virtual time, and the queue code of the local Service Bus."""

import asyncio
import time
import weakref
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from typing import TypeVar
from uuid import UUID

from boilermaker.errors import (
    BusError,
    LockLostError,
    MessageTooLargeError,
    QueueNotFoundError,
    SessionQueueError,
    SettlementError,
)
from boilermaker.localbus.messages import InvalidMessage, LockLost, MessageTooLarge, State
from boilermaker.localbus.queue import DEAD_LETTER_SUFFIX, Queue
from boilermaker.localbus.settings import QueueSettings
from boilermaker.transport.memory_message import (
    MemoryDelivery,
    MemoryMessage,
    delivered,
    incoming,
    peeked,
    shown,
)
from boilermaker.transport.port import Delivery, Message, OutgoingMessage

_T = TypeVar("_T")


class VirtualClock:
    """Time that moves when it is told to. Starts at the real time, so that schedules in users' tests make sense."""

    def __init__(self) -> None:
        self._now = datetime.now(UTC)

    def now(self) -> datetime:
        """The virtual time, UTC."""
        return self._now

    def advance_to(self, then: datetime) -> None:
        """Move forward; never back."""
        self._now = max(self._now, then)


class InMemoryServiceBus:
    """A Service Bus namespace in memory.

    Nothing happens by itself: locks run out and scheduled messages come when `advance` or `jump` moves the clock.
    It is bound to no event loop; several may use it, one after the other.

    Args:
        queues: queues to create, by name or with settings.
        default_queue: the queue of workers that name none.
        create_queues: False refuses queues that are not declared, as Service Bus does.

    Raises:
        ValueError: a name that Service Bus would refuse, or two queues of one name.
    """

    def __init__(
        self, *queues: QueueSettings | str, default_queue: str = "tasks", create_queues: bool = True
    ) -> None:
        self.default_queue: str | None = default_queue
        self.clock = VirtualClock()
        self._create = create_queues
        self._queues: dict[str, Queue] = {}
        self._receivers: weakref.WeakSet[MemoryReceiver] = weakref.WeakSet()
        self._waiting: set[tuple[asyncio.AbstractEventLoop, asyncio.Event]] = set()
        self._watchers: list[Callable[[str, OutgoingMessage], None]] = []
        for declared in queues:
            settings = QueueSettings(name=declared) if isinstance(declared, str) else declared
            if settings.name.lower() in self._queues:
                raise ValueError(
                    f"two queues are called {settings.name!r}; Service Bus does not tell case apart"
                )
            self._queues[settings.name.lower()] = Queue(settings)

    def sender(self, queue: str) -> "MemorySender":
        """A sender to a queue."""
        return MemorySender(self, queue)

    def receiver(self, queue: str, *, prefetch: int = 0) -> "MemoryReceiver":  # noqa: ARG002 - nothing to fetch from afar
        """A receiver from a queue, or from `<queue>/$deadletterqueue`."""
        receiver = MemoryReceiver(self, queue)
        self._receivers.add(receiver)
        return receiver

    async def close(self) -> None:
        """End what receivers wait for. Messages stay, as they do in Service Bus."""
        for receiver in list(self._receivers):
            await receiver.close()

    # ---- time

    def advance(self, by: timedelta) -> None:
        """Let this much time go by; what is due happens in its order."""
        self._go_to(self.clock.now() + by)

    def next_event(self, queue: str | None = None) -> datetime | None:
        """When time alone will change something in one queue or in any: a lock, a schedule or a life ends."""
        if queue is None:
            every = [
                one for main in self._queues.values() for one in (main, main.dead_letters) if one is not None
            ]
        else:
            # What ends in a queue may show in its dead-letter sub-queue.
            every = [self._looked_at(queue), self.queue(_main(queue))]
        return min((due for one in every if (due := one.next_event()) is not None), default=None)

    def jump(self, queue: str) -> bool:
        """Move the clock until something can be received from a queue.

        Returns:
            True once something can, at once where it already could; False where time alone will bring nothing
            more. The clock then stands where the last thing happened.
        """
        target = self._looked_at(queue)
        while not target.has_ready:
            due = self.next_event(queue)
            if due is None:
                return False
            self._go_to(due)
        return True

    # ---- looking

    def messages(self, queue: str) -> list[MemoryMessage]:
        """What is active in a queue, locked or not, by sequence number."""
        return [shown(m) for m in self._looked_at(queue).messages() if m.state is State.ACTIVE]

    def scheduled(self, queue: str) -> list[MemoryMessage]:
        """What is scheduled for later, by sequence number. A message gets a new one when it becomes active."""
        return [shown(m) for m in self._looked_at(queue).messages() if m.state is State.SCHEDULED]

    def dead_letters(self, queue: str) -> list[MemoryMessage]:
        """What is in the dead-letter sub-queue of a queue, by sequence number."""
        dead = self._looked_at(queue).dead_letters
        return [] if dead is None else [shown(m) for m in dead.messages()]

    def queue(self, name: str) -> Queue:
        """The queue of this name, or a dead-letter sub-queue.

        Raises:
            QueueNotFoundError: there is none of that name, and `create_queues` is off or Service Bus refuses the name.
        """
        key = _main(name)
        found = self._queues.get(key)
        if found is None:
            if not self._create:
                known = ", ".join(sorted(one.name for one in self._queues.values())) or "none"
                raise QueueNotFoundError(
                    f"there is no queue {name!r}; declared are: {known}. "
                    "Declare it: InMemoryServiceBus('name', ...)",
                    queue=name,
                )
            try:
                settings = QueueSettings(name=name[: len(key)])
            except ValueError as error:
                raise QueueNotFoundError(str(error), queue=name) from None
            found = self._queues[key] = Queue(settings)
        if name.lower() != key and found.dead_letters is not None:
            return found.dead_letters
        return found

    def watch(self, watcher: Callable[[str, OutgoingMessage], None]) -> None:
        """Call this with queue and message for whatever the bus accepts from now on; not for duplicates it drops."""
        self._watchers.append(watcher)

    # ---- for senders and receivers

    def accept(self, name: str, message: OutgoingMessage) -> None:
        """Enqueue a message. Raises as `Queue.send`."""
        queue = self.queue(name)
        if queue.send(incoming(message), self.clock.now()) is not None:
            for watcher in self._watchers:
                watcher(queue.name, message)

    def wake(self) -> None:
        """Tell waiting receivers to look again, whichever event loop they wait in."""
        for loop, event in list(self._waiting):
            if loop.is_closed():
                self._waiting.discard((loop, event))
            else:
                loop.call_soon_threadsafe(event.set)

    async def wait(self, seconds: float) -> None:
        """Wait, in real time, until something may have come."""
        event = asyncio.Event()
        waiter = (asyncio.get_running_loop(), event)
        self._waiting.add(waiter)
        try:
            async with asyncio.timeout(seconds):
                await event.wait()
        except TimeoutError:
            pass  # nothing came
        finally:
            self._waiting.discard(waiter)

    def _looked_at(self, name: str) -> Queue:
        queue = self.queue(name)
        # Through the queue, whose messages may be due in its dead-letter sub-queue.
        self.queue(_main(name)).advance(self.clock.now())
        return queue

    def _go_to(self, then: datetime) -> None:
        self.clock.advance_to(then)
        for queue in self._queues.values():
            queue.advance(self.clock.now())
        self.wake()


class MemorySender:
    """Sends to one queue."""

    def __init__(self, bus: InMemoryServiceBus, queue: str) -> None:
        self._bus = bus
        self._name = queue

    @property
    def max_message_size(self) -> int:
        """Bytes that one message may have, all properties included."""
        return self._bus.queue(self._name).settings.max_message_size

    async def open(self) -> None:
        """Raises QueueNotFoundError."""
        self._bus.queue(self._name)

    async def send(self, message: OutgoingMessage) -> None:
        """Enqueue. Raises as the port says."""
        queue = self._bus.queue(self._name)
        if queue.settings.requires_session:
            raise _session_queue(self._name)
        try:
            self._bus.accept(self._name, message)
        except MessageTooLarge as error:
            raise MessageTooLargeError(
                f"{error}. Send a reference to large data instead of the data.", queue=self._name
            ) from None
        except InvalidMessage as error:
            raise BusError(f"queue {self._name!r} refuses the message: {error}", queue=self._name) from None
        self._bus.wake()

    async def send_many(self, messages: Sequence[OutgoingMessage]) -> Sequence[BusError | None]:
        """Enqueue in order, whatever becomes of one of them. See the port."""
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

    def __init__(self, bus: InMemoryServiceBus, queue: str) -> None:
        self._bus = bus
        self._name = queue
        self._closes = 0

    async def open(self) -> None:
        """Raises QueueNotFoundError, SessionQueueError."""
        self._open_queue()

    async def receive(self, max_messages: int, max_wait_seconds: float) -> Sequence[Delivery]:
        """What is there, at most `max_messages`; waits in real time where nothing is, 0 never waits."""
        await asyncio.sleep(0)  # a busy loop over this bus must let its handlers run
        queue, closes = self._open_queue(), self._closes
        deadline = time.monotonic() + max_wait_seconds
        while True:
            found: list[Delivery] = []
            while len(found) < max_messages and (stored := queue.receive(self._bus.clock.now())) is not None:
                found.append(delivered(stored))
            left = deadline - time.monotonic()
            if found or left <= 0 or self._closes != closes:
                return found
            await self._bus.wait(left)

    async def peek(self, max_messages: int, from_sequence_number: int = 1) -> Sequence[Message]:
        """Look without locking. See the port for errors."""
        found = self._open_queue().peek(from_sequence_number, max_messages, self._bus.clock.now())
        return [peeked(stored) for stored in found]

    async def set_prefetch(self, count: int) -> None:
        """Nothing is fetched ahead here."""

    async def stop(self) -> None:
        """Nothing is buffered, and nothing comes that was not asked for."""

    async def complete(self, delivery: Delivery, *, confirmed: bool = True) -> None:  # noqa: ARG002 - always confirmed
        """Remove the message. See the port for errors."""
        self._settle(delivery, Queue.complete)

    async def abandon(self, delivery: Delivery) -> None:
        """Give the lock up; counts a delivery. See the port for errors."""
        self._settle(delivery, Queue.abandon)

    async def release(self, delivery: Delivery) -> None:
        """Give the lock up without counting a delivery. See the port for errors."""
        self._settle(delivery, Queue.release)

    async def dead_letter(self, delivery: Delivery, reason: str, description: str) -> None:
        """Move the message to the dead-letter sub-queue. See the port for errors."""
        self._settle(delivery, lambda queue, token, now: queue.dead_letter(token, reason, description, now))

    async def renew_lock(self, delivery: Delivery) -> datetime:
        """Lock for another lock duration from now; returns the new `locked_until`. Raises LockLostError."""
        return self._settle(delivery, Queue.renew)

    async def close(self) -> None:
        """End a `receive` under way, which then returns nothing. What was handed out stays locked until it is settled."""
        self._closes += 1
        self._bus.wake()

    def _settle(self, delivery: Delivery, how: Callable[[Queue, UUID, datetime], _T]) -> _T:
        if not isinstance(delivery, MemoryDelivery):
            raise SettlementError(f"a delivery of another bus: {type(delivery).__name__}", queue=self._name)
        try:
            return how(self._bus.queue(self._name), delivery.lock_token, self._bus.clock.now())
        except LockLost as error:
            raise LockLostError(
                f"message {delivery.sequence_number} of queue {self._name!r}: {error}", queue=self._name
            ) from None
        finally:
            self._bus.wake()

    def _open_queue(self) -> Queue:
        queue = self._bus.queue(self._name)
        if queue.settings.requires_session:
            raise _session_queue(self._name)
        return queue


def _main(name: str) -> str:
    """The queue that a name or the name of its dead-letter sub-queue means; Service Bus does not tell case apart."""
    return name.lower().removesuffix(DEAD_LETTER_SUFFIX)


def _session_queue(name: str) -> SessionQueueError:
    return SessionQueueError(
        f"queue {name!r} requires sessions, which Boilermaker does not use: create a queue without",
        queue=name,
    )
