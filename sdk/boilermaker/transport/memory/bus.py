"""A bus in memory, for users' unit tests: no sockets, virtual time, and the queue code of the local Service Bus."""

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
        self._namespace = Namespace(queues, create=create_queues)
        self.clock = self._namespace.clock
        self._receivers: weakref.WeakSet[MemoryReceiver] = weakref.WeakSet()

    def sender(self, queue: str) -> MemorySender:
        """A sender to a queue."""
        return MemorySender(self._namespace, queue)

    def receiver(self, queue: str, *, prefetch: int = 0) -> MemoryReceiver:  # noqa: ARG002 - nothing to fetch from afar
        """A receiver from a queue, or from `<queue>/$deadletterqueue`."""
        receiver = MemoryReceiver(self._namespace, queue)
        self._receivers.add(receiver)
        return receiver

    def forget(self, sender: Sender) -> None:
        """There is nothing to drop."""

    async def close(self) -> None:
        """End what receivers wait for. Messages stay, as they do in Service Bus."""
        for receiver in list(self._receivers):
            await receiver.close()

    # ---- time

    def advance(self, by: timedelta) -> None:
        """Let this much time go by; what is due happens in its order."""
        self._namespace.go_to(self.clock.now() + by)

    def next_event(self, queue: str | None = None) -> datetime | None:
        """When time alone will change something in one queue or in any: a lock, a schedule or a life ends."""
        return self._namespace.next_event(queue)

    def jump(self, queue: str) -> bool:
        """Move the clock until something can be received from a queue.

        Returns:
            True once something can, at once where it already could; False where time alone will bring nothing
            more. The clock then stands where the last thing happened.
        """
        target = self._namespace.looked_at(queue)
        while not target.has_ready:
            due = self.next_event(queue)
            if due is None:
                return False
            self._namespace.go_to(due)
        return True

    # ---- looking

    def messages(self, queue: str) -> list[MemoryMessage]:
        """What is active in a queue, locked or not, by sequence number."""
        return [shown(m) for m in self._namespace.looked_at(queue).messages() if m.state is State.ACTIVE]

    def scheduled(self, queue: str) -> list[MemoryMessage]:
        """What is scheduled for later, by sequence number. A message gets a new one when it becomes active."""
        return [shown(m) for m in self._namespace.looked_at(queue).messages() if m.state is State.SCHEDULED]

    def dead_letters(self, queue: str) -> list[MemoryMessage]:
        """What is in the dead-letter sub-queue of a queue, by sequence number."""
        dead = self._namespace.looked_at(queue).dead_letters
        return [] if dead is None else [shown(m) for m in dead.messages()]

    def queue(self, name: str) -> Queue:
        """The queue of this name, or a dead-letter sub-queue.

        Raises:
            QueueNotFoundError: there is none of that name, and `create_queues` is off or Service Bus refuses the name.
        """
        return self._namespace.queue(name)

    def watch(self, watcher: Callable[[str, OutgoingMessage], None]) -> None:
        """Call this with queue and message for whatever the bus accepts from now on; not for duplicates it drops."""
        self._namespace.watch(watcher)
