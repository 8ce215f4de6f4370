"""The queues of the bus in memory, their one clock, and who waits for something to come."""

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
    """Time that moves when it is told to. Starts at the real time, so that schedules in users' tests make sense."""

    def __init__(self) -> None:
        self._began = self._now = datetime.now(UTC)

    def now(self) -> datetime:
        """The virtual time, UTC."""
        return self._now

    def monotonic(self) -> float:
        """Virtual seconds since the bus was made."""
        return (self._now - self._began).total_seconds()

    def advance_to(self, then: datetime) -> None:
        """Move forward; never back."""
        self._now = max(self._now, then)


class Namespace:
    """Queues by name, in virtual time.

    Args:
        declared: queues to create, by name or with settings.
        create: False refuses queues that are not declared, as Service Bus does.

    Raises:
        ValueError: a name that Service Bus would refuse, or two queues of one name.
    """

    def __init__(self, declared: Iterable[QueueSettings | str], *, create: bool) -> None:
        self.clock = VirtualClock()
        self.lock = threading.RLock()  # synchronous producers publish from threads of their own
        self._create = create
        self._queues: dict[str, Queue] = {}
        self._waiting: set[tuple[asyncio.AbstractEventLoop, asyncio.Event]] = set()
        self._watchers: list[Callable[[str, OutgoingMessage], None]] = []
        for each in declared:
            settings = QueueSettings(name=each) if isinstance(each, str) else each
            if settings.name.lower() in self._queues:
                raise ValueError(
                    f"two queues are called {settings.name!r}; Service Bus does not tell case apart"
                )
            self._queues[settings.name.lower()] = Queue(settings)

    def queue(self, name: str) -> Queue:
        """The queue of this name, or one of its dead-letter sub-queues.

        Raises:
            QueueNotFoundError: there is none of that name, and `create_queues` is off or Service Bus refuses the name.
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
                    f"there is no queue {name!r}; declared are: {known}. "
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
        """The same, once all that is due has happened in it."""
        with self.lock:
            queue = self.queue(name)
            # Through the queue, whose messages may be due in its dead-letter sub-queue.
            self.queue(_main(name)).advance(self.clock.now())
            return queue

    # ---- sending

    def accept(self, name: str, message: OutgoingMessage) -> int | None:
        """Enqueue a message; its sequence number, None for a duplicate. Raises as `Queue.send`."""
        with self.lock:
            queue = self.queue(name)
            number = queue.send(incoming(message), self.clock.now())
            if number is not None:
                for watcher in self._watchers:
                    watcher(queue.name, message)
            return number

    def watch(self, watcher: Callable[[str, OutgoingMessage], None]) -> None:
        """Call this with queue and message for whatever the bus accepts from now on; not for duplicates it drops."""
        self._watchers.append(watcher)

    # ---- time

    def next_event(self, queue: str | None = None) -> datetime | None:
        """When time alone will change something in one queue or in any: a lock, a schedule or a life ends."""
        if queue is None:
            every = [
                one for main in self._queues.values() for one in (main, main.dead_letters) if one is not None
            ]
        else:
            # What ends in a queue may show in its dead-letter sub-queue.
            every = [self.looked_at(queue), self.queue(_main(queue))]
        return min((due for one in every if (due := one.next_event()) is not None), default=None)

    def go_to(self, then: datetime) -> None:
        """Move the clock; what is due happens in its order."""
        with self.lock:
            self.clock.advance_to(then)
            for queue in self._queues.values():
                queue.advance(self.clock.now())
        self.wake()

    # ---- waiting

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


def _main(name: str) -> str:
    """The queue that a name or the name of a sub-queue means; Service Bus does not tell case apart."""
    return name.lower().removesuffix(TRANSFER_DEAD_LETTER_SUFFIX).removesuffix(DEAD_LETTER_SUFFIX)


def _sub_queue(queue: Queue, suffix: str) -> Queue:
    found = {
        DEAD_LETTER_SUFFIX: queue.dead_letters,
        TRANSFER_DEAD_LETTER_SUFFIX: queue.transfer_dead_letters,
    }.get(suffix)
    return queue if found is None else found
