"""Receives, runs so many handlers at a time, keeps their locks, and stops in good order."""

import asyncio
import logging
import random
import time
from collections.abc import Sequence
from datetime import timedelta

import msgspec

from boilermaker.attempt import Cause
from boilermaker.errors import BusError
from boilermaker.transport.port import Delivery, Receiver
from boilermaker.worker.handle import Handling, Workshop
from boilermaker.worker.locks import LockKeeper
from boilermaker.worker.settle import give_back
from boilermaker.worker.watchdog import Watchdog

log = logging.getLogger("boilermaker.app")

_RECEIVE_SECONDS = 1.0  # how long one look at the queue waits; a stop is noticed within it
_PAUSE_SECONDS = 0.5
_AHEAD_SECONDS = 1.0  # what is fetched ahead should be started within it: its lock runs, and nobody renews it
_MEMORY = 0.9  # of the mean time that handlers take
_LONGEST_BACKOFF = 30.0


class Pace(msgspec.Struct, frozen=True, kw_only=True):
    """How much at a time, and how long.

    Attributes:
        concurrency: handlers that run at a time.
        grace_seconds: what running handlers are given to finish once the worker is stopped.
        lock_limit: how long a lock is renewed at most.
    """

    concurrency: int = 100
    grace_seconds: float = 30
    lock_limit: timedelta = timedelta(hours=1)


class Health(msgspec.Struct, frozen=True, kw_only=True):
    """What a worker is doing.

    Attributes:
        is_receiving: it takes messages; not while it starts, stops, reconnects, or waits for a queue to publish to.
        is_blocked: the event loop does not turn, because a handler blocks it.
        running: handlers that are running.
        handled: messages taken since it started.
    """

    is_receiving: bool
    is_blocked: bool
    running: int
    handled: int


class Loop:
    """One worker at work on one queue."""

    def __init__(self, workshop: Workshop, receiver: Receiver, pace: Pace) -> None:
        self._shop = workshop
        self._receiver = receiver
        self._pace = pace
        self._locks = LockKeeper(receiver, workshop.clock, pace.lock_limit)
        self._running: dict[asyncio.Task[None], Handling] = {}
        self._stopping = asyncio.Event()
        self._hurrying = asyncio.Event()
        self._changed = asyncio.Event()
        self._watchdog: Watchdog | None = None
        self._is_receiving = False
        self._ahead = 0
        self._mean_seconds = 0.0
        self.handled = 0
        """Messages taken so far."""

    def stop(self) -> None:
        """Receive nothing more and let running handlers finish; called again, do not wait for them."""
        if self._stopping.is_set():
            self._hurrying.set()
        self._stopping.set()
        self._changed.set()

    async def run(self) -> None:
        """Work until stopped.

        Raises:
            BusError: a fault of the worker's own queue that cannot heal by itself.
        """
        await self._receiver.open()
        keeper = asyncio.create_task(self._locks.run())
        try:
            with Watchdog() as self._watchdog:
                await self._work()
        finally:
            self._is_receiving = False
            await self._wind_down()
            self._locks.stop()
            keeper.cancel()
            await asyncio.gather(keeper, return_exceptions=True)

    def health(self) -> Health:
        """What it is doing; may be asked from any thread."""
        return Health(
            is_receiving=self._is_receiving and not self._stopping.is_set(),
            is_blocked=self._watchdog is not None and self._watchdog.is_blocked,
            running=len(self._running),
            handled=self.handled,
        )

    async def drain(self) -> int:
        """Handle what can be received now, and nothing that comes later; returns how many messages that were."""
        batch = await self._receiver.receive(self._pace.concurrency, 0)
        for delivery in batch:
            self._start(delivery)
        while self._running:
            await asyncio.wait(self._running)
        return len(batch)

    async def _work(self) -> None:
        backoff = 0.0
        while not self._stopping.is_set():
            free = self._pace.concurrency - len(self._running)
            is_paused = any(handling.is_paused for handling in self._running.values())
            self._is_receiving = not is_paused and not backoff
            if free <= 0 or is_paused:
                if not await self._wait_for_change():
                    await self._fetch_ahead(0)  # nothing gets free: others may have it
                continue
            try:
                await self._fetch_ahead(self._startable_soon())
                batch = await self._receiver.receive(free, _RECEIVE_SECONDS)
            except BusError as error:
                if not error.is_transient:
                    raise
                if not backoff:
                    log.warning("Receiving failed, tried again until it works: %s", error)
                backoff = min(max(backoff * 2, 0.25), _LONGEST_BACKOFF)
                await self._sleep_unless_stopped(backoff * (0.5 + random.random() / 2))  # noqa: S311 - spreads reconnects
                continue
            if backoff:
                log.info("Receiving works again")
                backoff = 0.0
            await self._take(batch)

    async def _take(self, batch: Sequence[Delivery]) -> None:
        for delivery in batch:
            if self._stopping.is_set():
                await give_back(self._receiver, delivery)
            else:
                self._start(delivery)

    def _startable_soon(self) -> int:
        """How many messages can be started within `_AHEAD_SECONDS`, as handlers have gone so far."""
        most = self._pace.concurrency
        return min(most, int(most * _AHEAD_SECONDS / max(self._mean_seconds, 0.001)))

    async def _fetch_ahead(self, count: int) -> None:
        """In large steps: each is a word to the bus."""
        if (count == 0) != (self._ahead == 0) or not self._ahead / 2 <= count <= self._ahead * 2:
            self._ahead = count
            await self._receiver.set_prefetch(count)

    def _start(self, delivery: Delivery) -> None:
        handling = Handling(self._shop, self._receiver, self._locks, delivery)
        task = handling.start()
        self._running[task] = handling
        started = time.monotonic()
        task.add_done_callback(lambda done: self._finished(done, handling, started))

    def _finished(self, task: asyncio.Task[None], handling: Handling, started: float) -> None:
        seconds = time.monotonic() - started
        self._mean_seconds = _MEMORY * self._mean_seconds + (1 - _MEMORY) * seconds
        self._locks.forget(handling.delivery)
        self._running.pop(task, None)
        self.handled += 1
        self._changed.set()
        if (task.cancelled() and handling.is_interrupted) or (error := _error_of(task)) is None:
            return
        log.error(
            "Handling sequence_number=%s broke; its lock has to expire",
            handling.delivery.sequence_number,
            exc_info=error,
        )

    async def _wait_for_change(self) -> bool:
        """Wait for a handler to end; False where none did. Paused handlers say nothing when they go on: look again."""
        self._changed.clear()
        try:
            async with asyncio.timeout(_PAUSE_SECONDS):
                await self._changed.wait()
        except TimeoutError:
            return False
        return True

    async def _sleep_unless_stopped(self, seconds: float) -> None:
        try:
            async with asyncio.timeout(seconds):
                await self._stopping.wait()
        except TimeoutError:
            pass  # the usual end of a sleep

    async def _wind_down(self) -> None:
        """Give back what was fetched ahead, wait for what runs, cancel the rest of it and give that back, too."""
        await self._receiver.stop()
        if self._running:
            log.info(
                "Stopping: waiting up to %gs for %s running tasks",
                self._pace.grace_seconds,
                len(self._running),
            )
            hurry = asyncio.create_task(self._hurrying.wait())
            everything = asyncio.create_task(asyncio.wait(set(self._running)))
            await asyncio.wait(
                {hurry, everything}, timeout=self._pace.grace_seconds, return_when=asyncio.FIRST_COMPLETED
            )
            hurry.cancel()
            everything.cancel()
        left = dict(self._running)
        for handling in left.values():
            handling.interrupt(Cause.STOPPING)
        await asyncio.gather(*left, return_exceptions=True)
        given_back = [handling for handling in left.values() if not handling.is_settled]
        for handling in given_back:
            await give_back(self._receiver, handling.delivery)
        if left:
            log.warning(
                "Stopped with %s tasks unfinished: %s were given back and will run again, %s were settled early and are lost",
                len(left),
                len(given_back),
                len(left) - len(given_back),
            )


def _error_of(task: asyncio.Task[None]) -> BaseException | None:
    return asyncio.CancelledError("cancelled by somebody else") if task.cancelled() else task.exception()
