"""Staggers the start of handlers in the event loop: if they block it, only a few start in one iteration of the loop.

A handler that computes before its first await blocks the loop, so that no lock is renewed and nothing is published or
settled. A hundred of them started in one iteration would block it a hundred times as long. Detecting and logging handlers that
block is in `watchdog`.
"""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable

_TURN_SECONDS = 0.05  # after so long in one iteration of the event loop, no further handler starts in it
_QUICK_SECONDS = _TURN_SECONDS / 4
_MEMORY = 0.9  # decay, per iteration, of the longest iteration

BeforeNext = Callable[[float], Awaitable[None]]
"""Awaited before a handler starts that had to wait, with the seconds for which it may block the loop."""


class Turns:
    """Lets handlers start in the order in which they called `wait`."""

    def __init__(self, before_next: BeforeNext) -> None:
        self._before_next = before_next
        self._waiting: deque[asyncio.Future[None]] = deque()
        self._began: float | None = None
        self._letting: asyncio.Task[None] | None = None
        self._block_seconds = 0.0

    @property
    def backlog_seconds(self) -> float:
        """How long it takes until all waiting handlers have started, estimated from recent iterations."""
        return len(self._waiting) * self._block_seconds

    async def wait(self) -> None:
        """Return once a handler may start: at once, unless this iteration of the event loop has already taken long."""
        loop = asyncio.get_running_loop()
        now = loop.time()
        if self._began is None:
            self._began = now
            loop.call_soon(self._end_turn)
        if not self._waiting and now - self._began < _TURN_SECONDS:
            return
        turn: asyncio.Future[None] = loop.create_future()
        self._waiting.append(turn)
        if self._letting is None:
            self._letting = asyncio.create_task(self._let_begin())
        await turn

    def _end_turn(self) -> None:
        if self._began is not None:
            took = asyncio.get_running_loop().time() - self._began
            self._block_seconds = max(took, self._block_seconds * _MEMORY)
            self._began = None

    async def _let_begin(self) -> None:
        """Start one handler per iteration, after what the previous one led to is done; more while they are quick."""
        loop, count = asyncio.get_running_loop(), 1
        try:
            while self._waiting:
                await asyncio.sleep(0)
                await self._before_next(self._block_seconds)
                began = self._began = loop.time()
                self._let(count)
                await asyncio.sleep(0)  # they start now
                count = count * 2 if loop.time() - began < _QUICK_SECONDS else 1
                self._end_turn()
        finally:
            self._letting = None

    def _let(self, count: int) -> None:
        while self._waiting and count:
            turn = self._waiting.popleft()
            if not turn.done():  # otherwise its lock was lost, or its message released, meanwhile
                turn.set_result(None)
                count -= 1
