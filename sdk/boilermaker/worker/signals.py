"""SIGINT and SIGTERM, while a worker runs."""

import asyncio
import signal
from collections.abc import Callable


def on_stop_signals(stop: Callable[[], object]) -> Callable[[], None]:
    """Call `stop` on SIGINT and SIGTERM where this thread may handle signals; returns what undoes that."""
    running = asyncio.get_running_loop()
    installed: list[signal.Signals] = []
    for number in (signal.SIGINT, signal.SIGTERM):
        try:
            running.add_signal_handler(number, stop)
            installed.append(number)
        except (NotImplementedError, RuntimeError, ValueError):
            pass  # not the main thread, or a platform without: `stop()` remains

    def undo() -> None:
        for number in installed:
            running.remove_signal_handler(number)

    return undo
