"""When handlers that run in the event loop may begin: few in one turn of it where they block it.

A handler that computes before it first awaits blocks the loop meanwhile: nothing is renewed, published or settled. Begun
one after the other in one turn, a hundred of them would block it a hundred times as long.
"""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable

_TURN_SECONDS = 0.05  # of one turn of the event loop, after which no further handler begins in it
_QUICK_SECONDS = _TURN_SECONDS / 4
_MEMORY = 0.9  # of the longest turn, at each turn

BeforeNext = Callable[[float], Awaitable[None]]
"""Awaited before one begins that had to wait, with the seconds that the loop may be blocked by it."""


class Turns:
    """Lets handlers begin in the order in which they ask."""

    def __init__(self, before_next: BeforeNext) -> None:
        self._before_next = before_next
        self._waiting: deque[asyncio.Future[None]] = deque()
        self._began: float | None = None
        self._letting: asyncio.Task[None] | None = None
        self._block_seconds = 0.0

    @property
    def backlog_seconds(self) -> float:
        """How long it takes until those have begun that wait, as turns have gone of late."""
        return len(self._waiting) * self._block_seconds

    async def wait(self) -> None:
        """Return once a handler may begin: at once, unless this turn of the event loop has taken long already."""
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
        """One in each turn, once what the one before led to is done; more while they are quick."""
        loop, count = asyncio.get_running_loop(), 1
        try:
            while self._waiting:
                await asyncio.sleep(0)
                await self._before_next(self._block_seconds)
                began = self._began = loop.time()
                self._let(count)
                await asyncio.sleep(0)  # they begin now
                count = count * 2 if loop.time() - began < _QUICK_SECONDS else 1
                self._end_turn()
        finally:
            self._letting = None

    def _let(self, count: int) -> None:
        while self._waiting and count:
            turn = self._waiting.popleft()
            if not turn.done():  # else its message was lost or given back meanwhile
                turn.set_result(None)
                count -= 1
