"""The queues of a namespace and who waits for their messages.

It hears of receivers and their credit and has one timer for what time alone changes. No AMQP here; everything runs
in one event loop's thread.
"""

import asyncio
from collections import deque
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Protocol

from boilermaker.localbus.messages import StoredMessage
from boilermaker.localbus.queue import Queue
from boilermaker.transport.clock import elapsed

_LONGEST_SLEEP_SECONDS = 3600.0  # a computer's sleep is made up for at least so often


_BEGAN = datetime.now(UTC) - timedelta(seconds=elapsed())


def now() -> datetime:
    """The time that all queues are told: this machine's when the process began, and what has gone by since.

    The service's clock is not set when that of a client is.
    """
    return _BEGAN + timedelta(seconds=elapsed())


class Consumer(Protocol):
    """A receiving link with credit, or without."""

    @property
    def is_settled(self) -> bool:
        """Whether messages are gone once they are sent: receive-and-delete."""
        ...

    def can_take(self) -> bool:
        """Whether it wants a message now."""
        ...

    def deliver(self, message: StoredMessage) -> None:
        """Send it."""
        ...


class Namespace:
    """The queues and who waits for their messages.

    Args:
        queues: by name; case does not count.
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
        """Let every lock on a queue end, as if its time were over; None for all queues."""
        for queue in self._entities.values():
            if name is None or queue.name.lower() == name.lower():
                queue.lose_locks(now())
                self.touch(queue)

    # ---- receivers

    def join(self, queue: Queue, consumer: Consumer) -> None:
        """A receiver has attached."""
        self._consumers[queue].append(consumer)

    def leave(self, queue: Queue, consumer: Consumer) -> None:
        """A receiver has detached, or vanished. What it locked stays locked until the locks expire."""
        if consumer in self._consumers[queue]:
            self._consumers[queue].remove(consumer)

    def touch(self, queue: Queue) -> None:
        """Something changed in a queue, or a receiver got credit: deliver, once the present turn of the loop is over."""
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
        """Give what is ready to those with credit, in turn."""
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
