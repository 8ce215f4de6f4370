"""The queues of a namespace and the receivers of their messages.

It tracks receivers and their credit, and has one timer for timed events of the queues. No AMQP here; everything runs in
one event loop's thread.
"""

import asyncio
from collections import deque
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Protocol

from boilermaker.localbus.messages import StoredMessage
from boilermaker.localbus.queue import Queue
from boilermaker.transport.clock import elapsed

_LONGEST_SLEEP_SECONDS = 3600.0  # bounds the delay after the machine was suspended


_BEGAN = datetime.now(UTC) - timedelta(seconds=elapsed())


def now() -> datetime:
    """The time of all queues: this machine's time at process start plus the time elapsed since.

    Like the service's clock, it does not change when the machine's clock is set.
    """
    return _BEGAN + timedelta(seconds=elapsed())


class Consumer(Protocol):
    """A receiving link, with or without credit."""

    @property
    def is_settled(self) -> bool:
        """Whether messages are deleted once sent: receive-and-delete."""
        ...

    def can_take(self) -> bool:
        """Whether it can take a message now."""
        ...

    def deliver(self, message: StoredMessage) -> None:
        """Send it."""
        ...


class Namespace:
    """The queues and the receivers of their messages.

    Args:
        queues: queues by name; names are not case-sensitive.
        loop: the event loop.
    """

    def __init__(self, queues: Mapping[str, Queue], loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._entities: dict[str, Queue] = {}
        for queue in queues.values():
            for entity in (queue, queue.dead_letters, queue.transfer_dead_letters):
                if entity is not None:
                    self._entities[entity.name.lower()] = entity
        self._consumers: dict[Queue, deque[Consumer]] = {queue: deque() for queue in self._entities.values()}
        self._touched: set[Queue] = set()
        self._timer: asyncio.TimerHandle | None = None
        self._timer_due: datetime | None = None

    def entity(self, name: str) -> Queue | None:
        """A queue, or one of its sub-queues, by its address."""
        return self._entities.get(name.lower())

    def lose_locks(self, name: str | None) -> None:
        """Expire every lock of a queue; None for all queues."""
        for queue in self._entities.values():
            if name is None or queue.name.lower() == name.lower():
                queue.lose_locks(now())
                self.touch(queue)

    # ---- receivers

    def join(self, queue: Queue, consumer: Consumer) -> None:
        """A receiver has attached."""
        self._consumers[queue].append(consumer)

    def leave(self, queue: Queue, consumer: Consumer) -> None:
        """A receiver has detached or disconnected. Its messages stay locked until the locks expire."""
        if consumer in self._consumers[queue]:
            self._consumers[queue].remove(consumer)

    def touch(self, queue: Queue) -> None:
        """Deliver messages after the current turn of the event loop: the queue changed, or a receiver got credit."""
        if not self._touched:
            self._loop.call_soon(self._deliver_touched)
        self._touched.add(queue)
        if queue.dead_letters is not None:
            self._touched.add(queue.dead_letters)

    def _deliver_touched(self) -> None:
        touched, self._touched = self._touched, set()
        for queue in touched:
            self.deliver(queue)
            self._watch(queue)

    def deliver(self, queue: Queue) -> None:
        """Deliver available messages to receivers with credit, in turn."""
        consumers = self._consumers[queue]
        moment = now()
        queue.advance(moment)
        idle = 0
        while queue.has_ready and idle < len(consumers):
            consumer = consumers[0]
            consumers.rotate(-1)
            if not consumer.can_take():
                idle += 1
                continue
            idle = 0
            take = queue.receive_and_delete if consumer.is_settled else queue.receive
            if (message := take(moment)) is not None:
                consumer.deliver(message)

    # ---- time

    def _watch(self, queue: Queue) -> None:
        due = queue.next_event()
        if due is not None and (self._timer_due is None or due < self._timer_due):
            self._set_timer(due)

    def _set_timer(self, due: datetime) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._timer_due = due
        wait = min(max((due - now()).total_seconds(), 0.0), _LONGEST_SLEEP_SECONDS)
        self._timer = self._loop.call_later(wait, self._on_timer)

    def _on_timer(self) -> None:
        self._timer = self._timer_due = None
        moment = now()
        for queue in self._entities.values():
            due = queue.next_event()
            if due is None:
                continue
            if due <= moment:
                queue.advance(moment)
                self.touch(queue)
            else:
                self._watch(queue)
