"""SIGINT and SIGTERM while workers run in this process, and in its forked children. What a stop does is in `loop`.

Handlers are installed with `signal.signal`. Those of asyncio's event loop share a file descriptor with every forked child,
whose signals would then stop the worker, and they cannot restore a previous handler.
"""

import asyncio
import contextlib
import os
import signal
import threading
from collections.abc import Callable
from types import FrameType
from typing import Any

from boilermaker.errors import ConfigurationError

_NUMBERS = (signal.SIGINT, signal.SIGTERM)
_LAST = 3  # the third signal ends the process, even if a worker is still stopping

_Stop = tuple[asyncio.AbstractEventLoop, Callable[[], object]]


class _Signals:
    """The signal handlers of this process: they stop all running workers."""

    def __init__(self) -> None:
        self._stops: dict[int, _Stop] = {}
        self._previous: dict[signal.Signals, Any] = {}
        self._seen = 0
        self._mask: set[Any] | None = None

    def are_free(self) -> bool:
        """Whether no other code in this process handles SIGTERM."""
        return bool(self._previous) or signal.getsignal(signal.SIGTERM) is signal.SIG_DFL

    def add(self, stop: Callable[[], object]) -> Callable[[], None]:
        """Call `stop` on each signal, until the returned callable is called."""
        if not self._stops:
            self._seen = 0
            self._previous = {number: signal.getsignal(number) for number in _NUMBERS}
            for number in _NUMBERS:
                signal.signal(number, self._on_signal)
        key = id(stop_of := (asyncio.get_running_loop(), stop))
        self._stops[key] = stop_of

        def remove() -> None:
            if self._stops.pop(key, None) is not None and not self._stops:
                self._restore()

        return remove

    def before_fork(self) -> None:
        """Block signals: one that a child receives before it has restored the handlers would be lost."""
        if self._stops:
            self._mask = signal.pthread_sigmask(signal.SIG_BLOCK, _NUMBERS)

    def after_fork(self) -> None:
        """Unblock signals, in the parent."""
        mask, self._mask = self._mask, None
        if mask is not None:
            signal.pthread_sigmask(signal.SIG_SETMASK, mask)

    def forget(self) -> None:
        """Restore previous handlers, in a forked child, which has none of the workers."""
        self._stops.clear()
        self._restore()
        self.after_fork()

    def _on_signal(self, number: int, _frame: FrameType | None) -> None:
        self._seen += 1
        if self._seen >= _LAST:
            signal.signal(number, signal.SIG_DFL)
            signal.raise_signal(number)
        for loop, stop in list(self._stops.values()):
            with contextlib.suppress(RuntimeError):  # its event loop is closed
                loop.call_soon_threadsafe(stop)

    def _restore(self) -> None:
        previous, self._previous = self._previous, {}
        for number, handler in previous.items():
            # Other code may have replaced our handler: it is kept. None is a handler that was not installed by Python.
            with contextlib.suppress(ValueError):
                if signal.getsignal(number) == self._on_signal and handler is not None:
                    signal.signal(number, handler)


_signals = _Signals()
if hasattr(os, "register_at_fork"):
    os.register_at_fork(
        before=_signals.before_fork, after_in_parent=_signals.after_fork, after_in_child=_signals.forget
    )


def on_stop_signals(stop: Callable[[], object], *, handle: bool | None) -> Callable[[], None]:
    """Call `stop` on SIGINT and SIGTERM; returns a callable that undoes that.

    Args:
        stop: called in the running event loop, once for each signal.
        handle: whether to handle the signals; None to do so only in the main thread and if no other code handles SIGTERM.

    Raises:
        ConfigurationError: `handle` is True outside the main thread.
    """
    is_main = threading.current_thread() is threading.main_thread()
    if handle and not is_main:
        raise ConfigurationError(
            "signals can only be handled in the main thread: run the worker there, or with handle_signals=False"
        )
    if handle is False or not is_main or not (handle or _signals.are_free()):
        return lambda: None
    return _signals.add(stop)
