"""One run of a handler: how it is called, how long it may take, and how the worker ends it."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from types import TracebackType
from typing import Any, Self

from boilermaker import attempt
from boilermaker.attempt import Attempt, Cause, Running
from boilermaker.tasks.registration import Registration
from boilermaker.worker.threads import Threads

log = logging.getLogger("boilermaker.app")


class Execution:
    """A handler's run. Within, the handler can ask what it runs for."""

    def __init__(
        self,
        registration: Registration,
        told: Attempt,
        threads: Threads,
        hold: Callable[[], Awaitable[None]],
    ) -> None:
        """`hold` is awaited once there is a thread; it raises asyncio.CancelledError where the lock was lost meanwhile."""
        self.registration = registration
        self._hold = hold
        self.timeout = registration.timeout
        """Seconds that it may take; None for no limit."""
        self.is_in_thread = False
        """True while a thread runs it: that cannot be cancelled. It may ask, and is waited for."""
        self._running = Running(told)
        self._threads = threads
        self._task = asyncio.current_task()
        self._limit: asyncio.TimerHandle | None = None

    @property
    def cause(self) -> Cause | None:
        """Why the worker wants it to end, once it does."""
        return self._running.cause

    def __enter__(self) -> Self:
        self._token = attempt.running.set(self._running)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        attempt.running.reset(self._token)

    def limit(self, seconds: float | None) -> None:
        """The time limit of one call: the shorter one holds. Before it is called."""
        if seconds is not None:
            self.timeout = seconds if self.timeout is None else min(seconds, self.timeout)

    async def call(self, function: Callable[[], Any]) -> Any:
        """What the handler gives, or raises."""
        try:
            if not self.registration.signature.is_async:
                return await self._threads.run(function, begin=self._begin_in_thread)
            self._begin()
            return await function()
        finally:
            self.is_in_thread = False
            if self._limit is not None:
                self._limit.cancel()

    def interrupt(self, cause: Cause) -> None:
        """End it: the only way in which a worker does, so that a handler that cancels itself can be told apart."""
        if cause is not Cause.TIME_LIMIT or self._running.cause is None:
            self._running.cause = cause
        if not self.is_in_thread:
            if self._task is not None:
                self._task.cancel()
        elif cause is Cause.TIME_LIMIT:
            log.warning(
                "[%s] takes longer than its time limit of %gs; a thread cannot be cancelled, it goes on",
                self.registration.name,
                self.timeout,
            )

    async def _begin_in_thread(self) -> None:
        await self._hold()
        self.is_in_thread = True
        self._begin()

    def _begin(self) -> None:
        """A time limit is an entry in the event loop's one heap of timers, no task."""
        if self.timeout is not None:
            loop = asyncio.get_running_loop()
            self._limit = loop.call_later(self.timeout, self.interrupt, Cause.TIME_LIMIT)
