"""One execution of a handler: in the event loop or in a thread, its time limit, and how the worker cancels it.

What its result means is in `execute`.
"""

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
    """One execution of a handler. Within the context, `boilermaker.attempt` gives the handler access to it."""

    def __init__(
        self,
        registration: Registration,
        told: Attempt,
        threads: Threads,
        hold: Callable[[], Awaitable[None]],
    ) -> None:
        """`hold` is awaited once a thread is free; it raises asyncio.CancelledError if the lock was lost meanwhile."""
        self.registration = registration
        self._hold = hold
        self.timeout = registration.timeout
        """Seconds that it may take; None for no limit."""
        self.is_in_thread = False
        """True while a thread runs it: a thread cannot be cancelled, but the handler can check `attempt.cancelled()`."""
        self._running = Running(told)
        self._threads = threads
        self._task = asyncio.current_task()
        self._limit: asyncio.TimerHandle | None = None

    @property
    def cause(self) -> Cause | None:
        """Why the worker wants it to end; None while it may continue."""
        return self._running.cause

    def __enter__(self) -> Self:
        self._token = attempt.running.set(self._running)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        attempt.running.reset(self._token)

    def limit(self, seconds: float | None) -> None:
        """Set the time limit of this call, before it is called; the shorter of this and the registered limit applies."""
        if seconds is not None:
            self.timeout = seconds if self.timeout is None else min(seconds, self.timeout)

    async def call(self, function: Callable[[], Any]) -> Any:
        """Run the handler: returns what it returns, raises what it raises."""
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
        """Cancel it. The worker cancels in no other way, so that a handler that cancels itself can be recognised."""
        if cause is not Cause.TIME_LIMIT or self._running.cause is None:
            self._running.cause = cause
        if not self.is_in_thread:
            if self._task is not None:
                self._task.cancel()
        elif cause is Cause.TIME_LIMIT:
            log.warning(
                "[%s] takes longer than its time limit of %gs; a thread cannot be cancelled, so it continues. Long functions "
                "should call `attempt.check_cancelled()`",
                self.registration.name,
                self.timeout,
            )

    async def _begin_in_thread(self) -> None:
        await self._hold()
        self.is_in_thread = True
        self._begin()

    def _begin(self) -> None:
        """Start the time limit: a timer of the event loop, which is cheaper than a task."""
        if self.timeout is not None:
            loop = asyncio.get_running_loop()
            self._limit = loop.call_later(self.timeout, self.interrupt, Cause.TIME_LIMIT)
