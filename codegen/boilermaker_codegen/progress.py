"""Shows on a terminal how far a long scan is. On standard error: standard output belongs to the result."""

import contextlib
import time
from collections.abc import Generator

from rich.console import Console
from rich.status import Status

from boilermaker_codegen.scan import Notice

_PATIENCE_SECONDS = 1.0
_BETWEEN_SECONDS = 0.1

_TEXTS = {"search": "looking for tasks", "read": "reading modules"}


@contextlib.contextmanager
def shown_progress(console: Console | None = None) -> Generator[Notice | None, None, None]:
    """What a scan is to call; None off a terminal. Nothing is shown where the scan is done at once."""
    console = console or Console(stderr=True)
    if not console.is_terminal:
        yield None
        return
    line = _Line(console)
    try:
        yield line.notice
    finally:
        line.close()


class _Line:
    """One line that says what goes on."""

    def __init__(self, console: Console) -> None:
        self._status = Status("", console=console)
        self._due = time.monotonic() + _PATIENCE_SECONDS
        self._is_shown = False

    def notice(self, what: str, done: int, total: int) -> None:
        """Say it, unless that was said just now."""
        now = time.monotonic()
        if now < self._due:
            return
        self._due = now + _BETWEEN_SECONDS
        self._status.update(f"{_TEXTS[what]}: {done:,} of {total:,}")
        if not self._is_shown:
            self._status.start()
            self._is_shown = True

    def close(self) -> None:
        """Take the line away."""
        if self._is_shown:
            self._status.stop()
