"""Shows the progress of a long scan on a terminal. On standard error, because standard output is for the result."""

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
    """The progress callback for a scan; None if stderr is not a terminal. A fast scan shows nothing."""
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
    """One line of progress on the terminal."""

    def __init__(self, console: Console) -> None:
        self._status = Status("", console=console)
        self._due = time.monotonic() + _PATIENCE_SECONDS
        self._is_shown = False

    def notice(self, what: str, done: int, total: int) -> None:
        """Show progress, unless it was shown a moment ago."""
        now = time.monotonic()
        if now < self._due:
            return
        self._due = now + _BETWEEN_SECONDS
        self._status.update(f"{_TEXTS[what]}: {done:,} of {total:,}")
        if not self._is_shown:
            self._status.start()
            self._is_shown = True

    def close(self) -> None:
        """Clear the line."""
        if self._is_shown:
            self._status.stop()
