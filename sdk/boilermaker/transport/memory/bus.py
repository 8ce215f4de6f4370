"""An in-memory bus for users' unit tests: no sockets, virtual time, and the queue code of the local Service Bus."""

import weakref
from collections.abc import Callable
from datetime import datetime, timedelta

from boilermaker.localbus.messages import State
from boilermaker.localbus.queue import Queue
from boilermaker.localbus.settings import QueueSettings
from boilermaker.transport.memory.links import MemoryReceiver, MemorySender
from boilermaker.transport.memory.message import MemoryMessage, shown
from boilermaker.transport.memory.namespace import Namespace
from boilermaker.transport.port import OutgoingMessage, Sender


class InMemoryServiceBus:
    """A Service Bus namespace in memory.

    Time is virtual: locks expire and scheduled messages become active only when `advance` or `jump` moves the clock.
    The bus is not bound to an event loop; several may use it, one after the other.

    Args:
        queues: queues to create, by name or with settings.
        default_queue: the queue of workers that do not name one.
        create_queues: if False, queues that are not declared do not exist, as in Service Bus.

    Raises:
        ValueError: a name that Service Bus would reject, or two queues with the same name.
    """

    def __init__(
        self, *queues: QueueSettings | str, default_queue: str = "tasks", create_queues: bool = True
    ) -> None:
        self.default_queue: str | None = default_queue
        self._namespace = Namespace(queues, create=create_queues)
        self.clock = self._namespace.clock
        self._receivers: weakref.WeakSet[MemoryReceiver] = weakref.WeakSet()

    def sender(self, queue: str) -> MemorySender:
        """A sender to a queue."""
        return MemorySender(self._namespace, queue)

    def receiver(self, queue: str, *, prefetch: int = 0) -> MemoryReceiver:  # noqa: ARG002 - nothing to prefetch
        """A receiver from a queue, or from `<queue>/$deadletterqueue`."""
        receiver = MemoryReceiver(self._namespace, queue)
        self._receivers.add(receiver)
        return receiver

    def forget(self, sender: Sender) -> None:
        """Nothing to drop."""

    async def close(self) -> None:
        """Close all receivers. Messages stay in their queues, as in Service Bus."""
        for receiver in list(self._receivers):
            await receiver.close()

    # ---- time

    def advance(self, by: timedelta) -> None:
        """Move the clock forward by this duration; due events happen in order."""
        self._namespace.go_to(self.clock.now() + by)

    def next_event(self, queue: str | None = None) -> datetime | None:
        """The time of the next event in a queue, or in any: a lock expires, a message becomes active or expires."""
        return self._namespace.next_event(queue)

    def jump(self, queue: str) -> bool:
        """Move the clock until something can be received from a queue.

        Returns:
            True if a message can be received, now or at a later time; False if no timed event is left. The clock then stays at
            the last event.
        """
        target = self._namespace.looked_at(queue)
        while not target.has_ready:
            due = self.next_event(queue)
            if due is None:
                return False
            self._namespace.go_to(due)
        return True

    # ---- inspecting

    def messages(self, queue: str) -> list[MemoryMessage]:
        """The active messages of a queue, locked or not, by sequence number."""
        return [shown(m) for m in self._namespace.looked_at(queue).messages() if m.state is State.ACTIVE]

    def scheduled(self, queue: str) -> list[MemoryMessage]:
        """The scheduled messages of a queue, by sequence number. A message gets a new one when it becomes active."""
        return [shown(m) for m in self._namespace.looked_at(queue).messages() if m.state is State.SCHEDULED]

    def dead_letters(self, queue: str) -> list[MemoryMessage]:
        """The dead letters of a queue, by sequence number."""
        dead = self._namespace.looked_at(queue).dead_letters
        return [] if dead is None else [shown(m) for m in dead.messages()]

    def queue(self, name: str) -> Queue:
        """The queue of this name, or a dead-letter sub-queue.

        Raises:
            QueueNotFoundError: it does not exist, and `create_queues` is off or Service Bus would reject the name.
        """
        return self._namespace.queue(name)

    def watch(self, watcher: Callable[[str, OutgoingMessage], None]) -> None:
        """Call `watcher` with queue and message for each message that the bus accepts from now on, except dropped duplicates."""
        self._namespace.watch(watcher)
