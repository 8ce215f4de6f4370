"""The event loop that a client's connections live in, and how calls from other loops and threads get there.

A connection belongs to the event loop that opened it. A client makes its home in the loop of its first call. A call from
another loop is carried out at home while that loop runs; once it is closed, the client moves to the loop of the next call.
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
"""How often a waiting call looks whether its home has been closed: then nobody else would tell it."""

_LOOKS = 5  # until an event loop that does not run is taken for one that will not


class Home:
    """One client's home.

    Args:
        forget: drops connections whose event loop is closed: nothing of them can be closed any more.
    """

    def __init__(self, forget: Callable[[], None]) -> None:
        self._forget = forget
        self._loop: asyncio.AbstractEventLoop | None = None
        self._moving = threading.Lock()
        _HOMES.add(self)

    @property
    def loop(self) -> asyncio.AbstractEventLoop | None:
        """The event loop that is home; None where there is none."""
        return self._loop

    def is_here(self) -> bool:
        """Whether the running event loop is home; it becomes it where there is none, or where that is closed."""
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
        """Everything is closed: the next call may make its home elsewhere."""
        with self._moving:
            self._loop = None

    async def elsewhere(self, call: Callable[[], Coroutine[Any, Any, T]]) -> T:
        """Carry a call out at home, and wait for it here.

        The call is repeated where its home is closed meanwhile: make it one that can be.

        Raises:
            EventLoopError: the home is an event loop that neither runs nor is closed.
        """
        while not self.is_here():
            home = self._loop
            if home is None:
                continue
            if not await _is_awake(home):
                raise EventLoopError(
                    "this client's connections belong to another event loop, which is not running now. Close the client "
                    "there first, make a client for each event loop, or use SyncClient in synchronous code"
                )
            try:
                return await _carried_out(call, home)
            except _HomeClosedError:
                continue
        return await call()

    def forget(self) -> None:
        """Drop connections and home, of which nothing can be closed any more."""
        self._moving = threading.Lock()  # whoever held it may be gone
        self._loop = None
        self._forget()


async def _is_awake(home: asyncio.AbstractEventLoop) -> bool:
    """Whether it runs, or is closed, at the latest in a moment: `asyncio.run` runs it in several pieces when it ends."""
    for _ in range(_LOOKS):
        if home.is_running() or home.is_closed():
            return True
        await asyncio.sleep(_CARE_SECONDS)
    return home.is_running() or home.is_closed()


_HOMES: "weakref.WeakSet[Home]" = weakref.WeakSet()


def _forget_all() -> None:
    """A forked process has none of its parent's threads, and their event loops do not run in it."""
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
    except RuntimeError:  # closed since it was looked at
        coroutine.close()
        raise _HomeClosedError from None
    waiting = asyncio.ensure_future(asyncio.wrap_future(at_home))
    try:
        while not waiting.done() and not (home.is_closed() and not at_home.done()):
            await asyncio.wait([waiting], timeout=_CARE_SECONDS)
    finally:
        if not waiting.done():
            waiting.cancel()  # and with it the call at home
    if waiting.cancelled() or not waiting.done():  # by the end of its home: nobody here has asked for it
        if inspect.getcoroutinestate(coroutine) == inspect.CORO_CREATED:
            coroutine.close()
        raise _HomeClosedError
    return waiting.result()
