"""SIGINT and SIGTERM while workers run in this process, and in its forks.

Handlers are installed with `signal.signal`: those of asyncio's event loop share a file descriptor with every forked child,
whose signals would then stop the worker, and they cannot be put back where something else was before.
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
_LAST = 3  # the signal with this number ends the process, whatever still goes on

_Stop = tuple[asyncio.AbstractEventLoop, Callable[[], object]]


class _Signals:
    """What this process does about them: tell all workers that run."""

    def __init__(self) -> None:
        self._stops: dict[int, _Stop] = {}
        self._previous: dict[signal.Signals, Any] = {}
        self._seen = 0
        self._mask: set[Any] | None = None

    def are_free(self) -> bool:
        """Whether nobody else handles them."""
        return bool(self._previous) or signal.getsignal(signal.SIGTERM) is signal.SIG_DFL

    def add(self, stop: Callable[[], object]) -> Callable[[], None]:
        """Call `stop` on each, until the callable that is returned is called."""
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
        """Keep signals back: one that a child gets before it has put the handlers back would be lost."""
        if self._stops:
            self._mask = signal.pthread_sigmask(signal.SIG_BLOCK, _NUMBERS)

    def after_fork(self) -> None:
        """In the parent."""
        mask, self._mask = self._mask, None
        if mask is not None:
            signal.pthread_sigmask(signal.SIG_SETMASK, mask)

    def forget(self) -> None:
        """In a forked child: it has none of the workers, and signals do to it what they did before."""
        self._stops.clear()
        self._restore()
        self.after_fork()

    def _on_signal(self, number: int, _frame: FrameType | None) -> None:
        self._seen += 1
        if self._seen >= _LAST:
            signal.signal(number, signal.SIG_DFL)
            signal.raise_signal(number)
        for loop, stop in list(self._stops.values()):
            with contextlib.suppress(RuntimeError):  # that loop is closed
                loop.call_soon_threadsafe(stop)

    def _restore(self) -> None:
        previous, self._previous = self._previous, {}
        for number, handler in previous.items():
            # Somebody may have installed a handler over ours: it stays. None is one that Python did not install.
            with contextlib.suppress(ValueError):
                if signal.getsignal(number) == self._on_signal and handler is not None:
                    signal.signal(number, handler)


_signals = _Signals()
if hasattr(os, "register_at_fork"):
    os.register_at_fork(
        before=_signals.before_fork, after_in_parent=_signals.after_fork, after_in_child=_signals.forget
    )


def on_stop_signals(stop: Callable[[], object], *, handle: bool | None) -> Callable[[], None]:
    """Call `stop` on SIGINT and SIGTERM; returns what undoes that.

    Args:
        stop: called in the running event loop, once for each signal.
        handle: None for where nobody else does, in the main thread: elsewhere whoever runs the process decides.

    Raises:
        ConfigurationError: they are to be handled, and this is not the main thread.
    """
    is_main = threading.current_thread() is threading.main_thread()
    if handle and not is_main:
        raise ConfigurationError(
            "signals can be handled in the main thread alone: run the worker there, or with handle_signals=False"
        )
    if handle is False or not is_main or not (handle or _signals.are_free()):
        return lambda: None
    return _signals.add(stop)
