"""A pool of threads for handlers that are plain functions. Time limits and cancellation are in `execution`."""

import asyncio
import contextlib
import contextvars
import queue
import threading
from collections import deque
from collections.abc import Awaitable, Callable
from typing import Any, Generic, TypeVar

_T = TypeVar("_T")


class _Job(Generic[_T]):
    __slots__ = ("_context", "_done", "_function", "_loop", "end")

    def __init__(self, function: Callable[[], _T], done: Callable[[], object]) -> None:
        self._function = function
        self._done = done
        self._loop = asyncio.get_running_loop()
        self._context = contextvars.copy_context()
        self.end: asyncio.Future[Callable[[], _T]] = self._loop.create_future()

    def run(self) -> None:
        """Run the function, in the thread."""
        try:
            value = self._context.run(self._function)
        except BaseException as error:  # noqa: BLE001 - raised again where the job is awaited
            self._tell(lambda error=error: _raise(error))  # type: ignore[misc]
        else:
            self._tell(lambda: value)

    def _tell(self, end: Callable[[], _T]) -> None:
        with contextlib.suppress(RuntimeError):  # the event loop is closed: nothing awaits the job any more
            self._loop.call_soon_threadsafe(self._ended, end)

    def _ended(self, end: Callable[[], _T]) -> None:
        self._done()
        if not self.end.done():
            self.end.set_result(end)


class Threads:
    """Runs up to `count` functions concurrently, each in a thread.

    The threads are daemons, started when they are first needed: a function that hangs does not keep the process alive.
    """

    def __init__(self, count: int) -> None:
        self.count = count
        self._busy = 0
        self._begun = 0
        self._jobs: queue.SimpleQueue[_Job[Any] | None] = queue.SimpleQueue()
        self._turns: deque[asyncio.Future[None]] = deque()

    @property
    def backlog(self) -> int:
        """Functions that run or wait for a thread."""
        return self._busy + len(self._turns)

    async def run(self, function: Callable[[], _T], begin: Callable[[], Awaitable[object]]) -> _T:
        """Run a function with the caller's context variables: returns what it returns, raises what it raises.

        If this call is cancelled while it waits for a thread, the function does not run. `begin` is awaited just before the
        function runs; if `begin` raises, the function does not run.
        """
        if self._busy >= self.count:
            await self._turn()
        else:
            self._busy += 1
        try:
            await begin()
        except BaseException:
            self._pass_on()
            raise
        job = _Job(function, self._pass_on)
        if self._begun < self._busy:
            self._begun += 1
            threading.Thread(target=self._work, name="boilermaker-handler", daemon=True).start()
        self._jobs.put(job)
        return (await job.end)()

    def close(self) -> None:
        """End idle threads now, and the others as soon as they are idle."""
        for _ in range(self._begun):
            self._jobs.put(None)
        self._begun = 0

    async def _turn(self) -> None:
        """Wait for a busy thread, which is handed over while it still counts as busy."""
        turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._turns.append(turn)
        try:
            await turn
        except asyncio.CancelledError:
            if turn.cancelled():
                self._turns.remove(turn)
            else:
                self._pass_on()
            raise

    def _pass_on(self) -> None:
        while self._turns:
            turn = self._turns.popleft()
            if not turn.done():
                turn.set_result(None)
                return
        self._busy -= 1

    def _work(self) -> None:
        while (job := self._jobs.get()) is not None:
            job.run()


def _raise(error: BaseException) -> Any:
    raise error
