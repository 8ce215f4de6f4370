"""Detects handlers that block the event loop, and logs where: nothing else runs meanwhile, and locks are not renewed.

`turns` limits the damage; this module only reports it.
"""

import asyncio
import logging
import sys
import threading
import time
from types import FrameType, TracebackType
from typing import Self

from boilermaker.worker import execution

log = logging.getLogger("boilermaker.app")

_BLOCKED_SECONDS = 1.0


class Watchdog:
    """Checks from a separate thread whether the running event loop still makes progress.

    Args:
        limit: seconds without progress after which the loop counts as blocked.
    """

    def __init__(self, limit: float = _BLOCKED_SECONDS) -> None:
        self._limit = limit
        self._loop = asyncio.get_running_loop()
        self._watched = threading.get_ident()
        self._answered = threading.Event()
        self._ended = threading.Event()
        self.is_blocked = False
        """Whether the loop is blocked now."""
        self.checks = 0
        """Number of checks so far."""
        self._thread = threading.Thread(target=self._watch, name="boilermaker-watchdog", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._ended.set()

    def _watch(self) -> None:
        while not self._ended.wait(self._limit / 2):
            asked = time.monotonic()
            self.checks += 1
            self._answered.clear()
            try:
                self._loop.call_soon_threadsafe(self._answered.set)
            except RuntimeError:
                return  # the loop is closed
            if not self._answered.wait(self._limit):
                self.is_blocked = True
                self._tell(asked)
                self.is_blocked = False

    def _tell(self, asked: float) -> None:
        if self._ended.is_set():
            return
        # The documented way to see another thread's stack.
        frame = sys._current_frames().get(self._watched)  # noqa: SLF001  # pyright: ignore[reportPrivateUsage]
        where = _where(frame)
        log.warning(
            "The event loop is blocked %s: nothing else runs, and locks are not renewed. Use an async call, or move the "
            "call to a thread with `asyncio.to_thread`",
            where,
        )
        while not self._answered.wait(self._limit) and not self._ended.is_set():
            pass
        log.warning("The event loop was blocked for %.1fs %s", time.monotonic() - asked, where)


def _where(frame: FrameType | None) -> str:
    """The line in the handler if one is running, otherwise the innermost line."""
    innermost = frame
    while frame is not None and frame.f_back is not None:
        if frame.f_back.f_code.co_filename == execution.__file__:
            innermost = frame
            break
        frame = frame.f_back
    if innermost is None:
        return "at an unknown place"
    code = innermost.f_code
    return f"in `{code.co_qualname}` ({code.co_filename}:{innermost.f_lineno})"
