"""Which event loop owns a client's connections, and how calls from other event loops and threads reach it.

A connection belongs to the event loop that opened it. A client's home is the loop of its first call. A call from another
loop is run in the home loop while that loop runs; once the home loop is closed, the loop of the next call becomes the home.
Connections themselves are in `transport`.
"""

import asyncio
import inspect
import os
import threading
import weakref
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

from boilermaker.errors import EventLoopError

T = TypeVar("T")

_CARE_SECONDS = 0.2
"""How often a waiting call checks whether its home has been closed: nothing else would notify it."""

_LOOKS = 5  # checks, after which an event loop that is not running is assumed not to run again


class Home:
    """One client's home.

    Args:
        forget: discards connections whose event loop is closed: they cannot be closed any more.
    """

    def __init__(self, forget: Callable[[], None]) -> None:
        self._forget = forget
        self._loop: asyncio.AbstractEventLoop | None = None
        self._moving = threading.Lock()
        _HOMES.add(self)

    @property
    def loop(self) -> asyncio.AbstractEventLoop | None:
        """The home loop; None if there is none."""
        return self._loop

    def is_here(self) -> bool:
        """Whether the running event loop is the home; it becomes the home if there is none or the home is closed."""
        here = asyncio.get_running_loop()
        if self._loop is here:
            return True
        with self._moving:
            if self._loop is None or self._loop.is_closed():
                if self._loop is not None:
                    self._forget()
                self._loop = here
            return self._loop is here

    def leave(self) -> None:
        """Give the home up, once everything is closed: the loop of the next call becomes the home."""
        with self._moving:
            self._loop = None

    async def elsewhere(self, call: Callable[[], Coroutine[Any, Any, T]]) -> T:
        """Run a call in the home loop, and wait for it in this one.

        The call is repeated if the home is closed meanwhile, so it must be safe to repeat.

        Raises:
            EventLoopError: the home loop is neither running nor closed.
        """
        while not self.is_here():
            home = self._loop
            if home is None:
                continue
            if not await _is_awake(home):
                raise EventLoopError(
                    "this client's connections belong to another event loop, which is not running now. Close the client "
                    "there first, create one client per event loop, or use SyncClient in synchronous code"
                )
            try:
                return await _carried_out(call, home)
            except _HomeClosedError:
                continue
        return await call()

    def forget(self) -> None:
        """Discard the connections and the home: neither can be closed any more."""
        self._moving = threading.Lock()  # the thread that held it may not exist in this process
        self._loop = None
        self._forget()


async def _is_awake(home: asyncio.AbstractEventLoop) -> bool:
    """Whether the loop is running or closed within a moment: `asyncio.run` stops and restarts it several times at its end."""
    for _ in range(_LOOKS):
        if home.is_running() or home.is_closed():
            return True
        await asyncio.sleep(_CARE_SECONDS)
    return home.is_running() or home.is_closed()


_HOMES: "weakref.WeakSet[Home]" = weakref.WeakSet()


def _forget_all() -> None:
    """Reset all homes in a forked process: it has none of its parent's threads, so their event loops do not run in it."""
    for home in list(_HOMES):
        home.forget()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget_all)


class _HomeClosedError(Exception):
    """The event loop was closed before the call had ended."""


async def _carried_out(call: Callable[[], Coroutine[Any, Any, T]], home: asyncio.AbstractEventLoop) -> T:
    coroutine = call()
    try:
        at_home = asyncio.run_coroutine_threadsafe(coroutine, home)
    except RuntimeError:  # closed since it was checked
        coroutine.close()
        raise _HomeClosedError from None
    waiting = asyncio.ensure_future(asyncio.wrap_future(at_home))
    try:
        while not waiting.done() and not (home.is_closed() and not at_home.done()):
            await asyncio.wait([waiting], timeout=_CARE_SECONDS)
    finally:
        if not waiting.done():
            waiting.cancel()  # and with it the call in the home loop
    if waiting.cancelled() or not waiting.done():  # because the home was closed: nobody here cancelled it
        if inspect.getcoroutinestate(coroutine) == inspect.CORO_CREATED:
            coroutine.close()
        raise _HomeClosedError
    return waiting.result()
