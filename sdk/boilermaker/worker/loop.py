"""Receives messages, limits how many handlers run concurrently, and stops in order.

How one message is handled is in `handle`, renewing locks in `locks`, the end of a worker in `ending`.
"""

import asyncio
import logging
import os
import random
import time
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import msgspec

from boilermaker.errors import BusError
from boilermaker.transport.port import Delivery, Receiver
from boilermaker.worker.ending import Ending, wind_down
from boilermaker.worker.handle import Handling
from boilermaker.worker.locks import LockKeeper
from boilermaker.worker.settle import give_back
from boilermaker.worker.threads import Threads
from boilermaker.worker.turns import Turns
from boilermaker.worker.watchdog import Watchdog
from boilermaker.worker.workshop import Workshop

log = logging.getLogger("boilermaker.app")

_RECEIVE_SECONDS = 1.0  # how long one receive call waits; a stop is noticed within this time
_PAUSE_SECONDS = 0.5
_AHEAD_SECONDS = (
    1.0  # prefetched messages should start within this time: their locks are not renewed until then
)
_MOST_AHEAD = 4  # most prefetched messages, as a multiple of concurrency, once handlers' durations are known
_CONCLUDE_SECONDS = (
    0.25  # how long the next handler waits until ended ones are settled, if handlers block the event loop
)
_RENEW_SECONDS = 5.0  # and how long until locks are renewed
_MEMORY = 0.9  # decay of the mean duration of handlers
_LONGEST_BACKOFF = 30.0
_SHORT_LOCK_SECONDS = 10.0
_LEAVE_SECONDS = (
    1.5  # how long a stopped worker waits for a bus that does not respond; a receive call takes less
)


THREADS = min(32, (os.cpu_count() or 1) + 4)
"""Default number of plain functions that run concurrently; the same as the default of `ThreadPoolExecutor`."""


class Pace(msgspec.Struct, frozen=True, kw_only=True):
    """How many handlers run concurrently, and how long they may take.

    Attributes:
        concurrency: how many handlers run concurrently.
        threads: how many of these may be plain functions, each in a thread.
        grace_seconds: how long running handlers may take to finish after a stop.
        lock_limit: how long a lock is renewed at most.
    """

    concurrency: int = 100
    threads: int = THREADS
    grace_seconds: float = 30
    lock_limit: timedelta = timedelta(hours=1)


class Health(msgspec.Struct, frozen=True, kw_only=True):
    """What a worker is doing.

    Attributes:
        is_receiving: whether it receives messages; False while it starts, stops, reconnects, or waits for its outcome store.
        waits_for: what currently does not work, as text: queues to publish to, the outcome store.
        is_blocked: whether a handler blocks the event loop.
        running: number of running handlers.
        handled: messages received since it started.
    """

    is_receiving: bool
    waits_for: tuple[str, ...] = ()
    is_blocked: bool
    running: int
    handled: int


class Loop:
    """The receive loop of one worker on one queue."""

    def __init__(self, workshop: Workshop, receiver: Receiver, pace: Pace) -> None:
        self._shop = workshop
        self._receiver = receiver
        self._pace = pace
        self._locks = LockKeeper(receiver, workshop.clock, pace.lock_limit)
        self._threads = Threads(pace.threads)
        self._turns = Turns(self._before_next)
        kinds = {registration.signature.is_async for registration in workshop.registry}
        self._has_plain, self._has_async = False in kinds, True in kinds
        self._running: dict[asyncio.Task[None], Handling] = {}
        self._stopping = asyncio.Event()
        self._hurrying = asyncio.Event()
        self._changed = asyncio.Event()
        self._watchdog: Watchdog | None = None
        self._is_receiving = self._is_asking = self._has_left = self._is_lock_seen = False
        self._main: asyncio.Task[Any] | None = None
        self._ahead = 0
        self._mean_seconds = 0.0
        self.handled = 0
        """Messages received so far."""

    def stop(self) -> None:
        """Stop receiving and let running handlers finish; a second call skips the grace period."""
        if self._stopping.is_set():
            self._hurrying.set()
        else:
            asyncio.get_running_loop().call_later(_LEAVE_SECONDS, self._leave)
        self._stopping.set()
        self._changed.set()

    def _leave(self) -> None:
        """Stop waiting for a bus that does not respond."""
        if self._is_asking and self._main is not None:
            self._has_left = True
            self._main.cancel()

    async def run(self) -> Ending:
        """Receive and handle messages until stopped.

        Raises:
            BusError: a permanent error of the worker's own queue.
        """
        self._main = asyncio.current_task()
        keeper = asyncio.create_task(self._locks.run())
        try:
            with Watchdog() as self._watchdog:
                await self._work()
        finally:
            self._is_receiving = False
            await self._receiver.stop()
            ending = await wind_down(self._receiver, self._running, self._pace.grace_seconds, self._hurrying)
            self._locks.stop()
            self._shop.patience.close()
            self._threads.close()
            keeper.cancel()
            await asyncio.gather(keeper, return_exceptions=True)
        return msgspec.structs.replace(ending, handled=self.handled)

    def tell_start(self) -> None:
        """Log the worker's settings."""
        shop, pace = self._shop, self._pace
        log.info(
            "Working on queue=%s with %s tasks, %s at a time%s; settlement %s, locks renewed for %gs, given up after %s deliveries",
            shop.queue,
            len(shop.registry),
            pace.concurrency,
            f", plain functions in {pace.threads} threads" if self._has_plain else "",
            "confirmed" if shop.is_confirmed else "optimistic",
            pace.lock_limit.total_seconds(),
            shop.limits.max_deliveries,
        )
        if not shop.is_confirmed:
            log.warning(
                "Settlement is optimistic: unless queue=%s detects duplicates, a lost settlement repeats the rest of a workflow",
                shop.queue,
            )

    def health(self) -> Health:
        """What it is doing; may be called from any thread."""
        return Health(
            is_receiving=self._is_receiving and not self._stopping.is_set(),
            waits_for=self._shop.patience.waits_for,
            is_blocked=self._watchdog is not None and self._watchdog.is_blocked,
            running=len(self._running),
            handled=self.handled,
        )

    async def drain(self) -> int:
        """Handle the messages that can be received now, but none that arrive later; returns how many there were."""
        batch = await self._receiver.receive(self._pace.concurrency, 0)
        for delivery in batch:
            self._start(delivery)
        while self._running:
            await asyncio.wait(self._running)
        self._threads.close()
        return len(batch)

    async def _work(self) -> None:
        backoff = 0.0
        while not self._stopping.is_set():
            free = self._free()
            is_paused = self._shop.patience.is_paused
            if free <= 0 or is_paused:
                self._is_receiving = not is_paused and not backoff
                if self._is_behind():
                    await self._fetch_ahead(0)
                if not await self._wait_for_change():
                    await self._fetch_ahead(0)  # no handler ends: leave the messages to other workers
                continue
            try:
                batch = await self._ask(free)
            except BusError as error:
                if not error.is_transient:
                    raise
                self._is_receiving = False
                if not backoff:
                    log.warning("Receiving failed, retrying until it works: %s", error)
                backoff = min(max(backoff * 2, 0.25), _LONGEST_BACKOFF)
                await self._sleep_unless_stopped(backoff * (0.5 + random.random() / 2))  # noqa: S311 - spreads reconnects
                continue
            if backoff:
                log.info("Receiving works again")
                backoff = 0.0
            await self._take(batch)

    async def _ask(self, free: int) -> Sequence[Delivery]:
        """Receive messages; connects first if not connected."""
        self._is_asking = True
        try:
            if not self._is_receiving:
                await self._receiver.open()
                self._is_receiving = True
            await self._fetch_ahead(self._startable_soon())
            return await self._receiver.receive(free, _RECEIVE_SECONDS)
        except asyncio.CancelledError:
            if not self._has_left or self._main is None or self._main.uncancel():
                raise
            return ()
        finally:
            self._is_asking = False

    async def _take(self, batch: Sequence[Delivery]) -> None:
        if self._stopping.is_set():
            await give_back(self._receiver, batch)
            return
        if batch and not self._is_lock_seen:
            self._look_at_lock(batch[-1])
        for delivery in batch:
            self._start(delivery)
        if self._has_plain:
            await asyncio.sleep(0)  # the handlings start, and those of plain functions ask for a thread

    def _look_at_lock(self, delivery: Delivery) -> None:
        """Warn about a short lock duration. Only messages reveal it; the last one of a batch was locked most recently."""
        self._is_lock_seen = True
        lasts = (delivery.locked_until - self._shop.clock.now()).total_seconds()
        if lasts < _SHORT_LOCK_SECONDS:
            log.warning(
                "The locks of queue=%s last about %.0fs (or the clocks differ): a pause as long as that loses them, and running "
                "handlers are cancelled and run again. Set the queue's lock duration to a minute, which suits most queues",
                self._shop.queue,
                lasts,
            )

    def _is_behind(self) -> bool:
        """Whether handlers block the event loop, so that received messages do not start soon: leave the rest to other workers."""
        return self._turns.backlog_seconds > _AHEAD_SECONDS

    async def _before_next(self, block_seconds: float) -> None:
        """Before a handler that may block the loop: let ended handlings settle, and renew locks that would expire meanwhile."""
        block_seconds = max(block_seconds, self._locks.lag_seconds)
        ended = [task for task, handling in self._running.items() if handling.is_concluding]
        if ended and not self._shop.patience.waiting:
            await asyncio.wait(ended, timeout=min(block_seconds, _CONCLUDE_SECONDS))
        await self._locks.secure_all(2 * block_seconds, at_most_seconds=_RENEW_SECONDS)

    def _free(self) -> int:
        """How many more messages to receive. No more plain functions wait for a thread than there are threads.

        Messages whose handlers have ended and which wait to publish to a queue do not occupy a slot, up to `concurrency` of them.
        """
        if self._is_behind():
            return 0
        concurrency, patience = self._pace.concurrency, self._shop.patience
        free = concurrency - len(self._running) + min(patience.waiting, concurrency)
        return min(free, 2 * self._threads.count - self._threads.backlog) if self._has_plain else free

    def _startable_soon(self) -> int:
        """How many messages can be started within `_AHEAD_SECONDS`, estimated from the duration of handlers so far.

        This may be more than `concurrency`: messages take a round trip to arrive, and quick handlers would wait for them.
        """
        running = self._pace.concurrency
        if self._has_plain and not self._has_async:
            running = min(running, self._threads.count)
        most = running * (_MOST_AHEAD if self.handled >= running else 1)
        return min(most, int(running * _AHEAD_SECONDS / max(self._mean_seconds, 0.001)))

    async def _fetch_ahead(self, count: int) -> None:
        """Set the prefetch count, only if it changes considerably: each change is a frame to the broker."""
        if (count == 0) != (self._ahead == 0) or not self._ahead / 2 <= count <= self._ahead * 2:
            self._ahead = count
            await self._receiver.set_prefetch(count)

    def _start(self, delivery: Delivery) -> None:
        handling = Handling(self._shop, self._receiver, self._locks, self._threads, self._turns, delivery)
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
            "Handling sequence_number=%s failed unexpectedly; the message is redelivered once its lock expires",
            handling.delivery.sequence_number,
            exc_info=error,
        )

    async def _wait_for_change(self) -> bool:
        """Wait briefly for a handler to end; False if none did. The caller checks again: handlers that wait do not notify it."""
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


def _error_of(task: asyncio.Task[None]) -> BaseException | None:
    return (
        asyncio.CancelledError("cancelled, but not by the worker") if task.cancelled() else task.exception()
    )
