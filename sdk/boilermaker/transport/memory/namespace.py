"""The queues of the in-memory bus, their clock, and the receivers that wait for messages."""

import asyncio
import threading
from collections.abc import Callable, Iterable
from datetime import UTC, datetime

from boilermaker.errors import QueueNotFoundError
from boilermaker.localbus.queue import DEAD_LETTER_SUFFIX, TRANSFER_DEAD_LETTER_SUFFIX, Queue
from boilermaker.localbus.settings import QueueSettings
from boilermaker.transport.memory.message import incoming
from boilermaker.transport.port import OutgoingMessage


class VirtualClock:
    """A clock that moves only when advanced. Starts at the real time, so that schedules in users' tests make sense."""

    def __init__(self) -> None:
        self._began = self._now = datetime.now(UTC)

    def now(self) -> datetime:
        """The virtual time, UTC."""
        return self._now

    def monotonic(self) -> float:
        """Virtual seconds since the bus was created."""
        return (self._now - self._began).total_seconds()

    def advance_to(self, then: datetime) -> None:
        """Move the clock forward; never back."""
        self._now = max(self._now, then)


class Namespace:
    """Queues by name, in virtual time.

    Args:
        declared: queues to create, by name or with settings.
        create: if False, queues that are not declared do not exist, as in Service Bus.

    Raises:
        ValueError: a name that Service Bus would reject, or two queues with the same name.
    """

    def __init__(self, declared: Iterable[QueueSettings | str], *, create: bool) -> None:
        self.clock = VirtualClock()
        self.lock = threading.RLock()  # synchronous producers publish from their own threads
        self._create = create
        self._queues: dict[str, Queue] = {}
        self._waiting: set[tuple[asyncio.AbstractEventLoop, asyncio.Event]] = set()
        self._watchers: list[Callable[[str, OutgoingMessage], None]] = []
        for each in declared:
            settings = QueueSettings(name=each) if isinstance(each, str) else each
            if settings.name.lower() in self._queues:
                raise ValueError(f"two queues have the name {settings.name!r}; Service Bus ignores case")
            self._queues[settings.name.lower()] = Queue(settings)

    def queue(self, name: str) -> Queue:
        """The queue of this name, or one of its dead-letter sub-queues.

        Raises:
            QueueNotFoundError: it does not exist, and `create_queues` is off or Service Bus would reject the name.
        """
        with self.lock:
            return self._queue(name)

    def _queue(self, name: str) -> Queue:
        key = _main(name)
        found = self._queues.get(key)
        if found is None:
            if not self._create:
                known = ", ".join(sorted(one.name for one in self._queues.values())) or "none"
                raise QueueNotFoundError(
                    f"there is no queue {name!r}; declared queues: {known}. "
                    "Declare it: InMemoryServiceBus('name', ...)",
                    queue=name,
                )
            try:
                settings = QueueSettings(name=name[: len(key)])
            except ValueError as error:
                raise QueueNotFoundError(str(error), queue=name) from None
            found = self._queues[key] = Queue(settings)
        return _sub_queue(found, name.lower().removeprefix(key))

    def looked_at(self, name: str) -> Queue:
        """The queue of this name, after processing its due events."""
        with self.lock:
            queue = self.queue(name)
            # Advances the main queue, whose messages may move to its dead-letter sub-queue.
            self.queue(_main(name)).advance(self.clock.now())
            return queue

    # ---- sending

    def accept(self, name: str, message: OutgoingMessage) -> int | None:
        """Enqueue a message; returns its sequence number, None for a duplicate. Raises as `Queue.send`."""
        with self.lock:
            queue = self.queue(name)
            number = queue.send(incoming(message), self.clock.now())
            if number is not None:
                for watcher in self._watchers:
                    watcher(queue.name, message)
            return number

    def watch(self, watcher: Callable[[str, OutgoingMessage], None]) -> None:
        """Call `watcher` with queue and message for each message that the bus accepts from now on, except dropped duplicates."""
        self._watchers.append(watcher)

    # ---- time

    def next_event(self, queue: str | None = None) -> datetime | None:
        """The time of the next event in a queue, or in any: a lock expires, a message becomes active or expires."""
        if queue is None:
            every = [
                one for main in self._queues.values() for one in (main, main.dead_letters) if one is not None
            ]
        else:
            # An event of a queue may add to its dead-letter sub-queue.
            every = [self.looked_at(queue), self.queue(_main(queue))]
        return min((due for one in every if (due := one.next_event()) is not None), default=None)

    def go_to(self, then: datetime) -> None:
        """Move the clock; due events happen in order."""
        with self.lock:
            self.clock.advance_to(then)
            for queue in self._queues.values():
                queue.advance(self.clock.now())
        self.wake()

    # ---- waiting

    def wake(self) -> None:
        """Wake waiting receivers in all event loops."""
        for loop, event in list(self._waiting):
            if loop.is_closed():
                self._waiting.discard((loop, event))
            else:
                loop.call_soon_threadsafe(event.set)

    async def wait(self, seconds: float) -> None:
        """Wait, in real time, until a message may have arrived."""
        event = asyncio.Event()
        waiter = (asyncio.get_running_loop(), event)
        self._waiting.add(waiter)
        try:
            async with asyncio.timeout(seconds):
                await event.wait()
        except TimeoutError:
            pass  # nothing arrived
        finally:
            self._waiting.discard(waiter)


def _main(name: str) -> str:
    """The main queue of a queue's or sub-queue's name, in lower case: Service Bus ignores case."""
    return name.lower().removesuffix(TRANSFER_DEAD_LETTER_SUFFIX).removesuffix(DEAD_LETTER_SUFFIX)


def _sub_queue(queue: Queue, suffix: str) -> Queue:
    found = {
        DEAD_LETTER_SUFFIX: queue.dead_letters,
        TRANSFER_DEAD_LETTER_SUFFIX: queue.transfer_dead_letters,
    }.get(suffix)
    return queue if found is None else found
