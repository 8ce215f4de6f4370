"""An event loop whose time is virtual: where it would wait, the clock of a bus in memory jumps instead."""

import asyncio
import selectors
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from boilermaker import InMemoryServiceBus


class Stuck(Exception):  # noqa: N818 - a finding, told as one
    """Nothing can happen any more, and somebody still waits."""


class _Skip(selectors.SelectSelector):
    """Watches nothing: says at once that nothing came, and tells the loop how long it was asked to wait."""

    def __init__(self) -> None:
        super().__init__()
        self.loop: VirtualLoop | None = None

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        if self.loop is not None:
            self.loop.skip(timeout)
        return []


class VirtualLoop(asyncio.SelectorEventLoop):
    """Time stands still while anything can run, and jumps to the next timer or to what the bus does next."""

    def __init__(self, bus: InMemoryServiceBus) -> None:
        self._seconds = 0.0
        self._bus = bus
        selector = _Skip()
        super().__init__(selector)
        selector.loop = self

    def time(self) -> float:
        """Virtual seconds since the beginning."""
        return self._seconds

    def bus_seconds(self) -> float:
        """The bus's time, in seconds since the epoch."""
        return self._bus.clock.now().timestamp()

    def skip(self, timeout: float | None) -> None:
        """Go on to what comes next."""
        if timeout is not None and timeout <= 0:
            return
        due = self._bus.next_event()
        until_due = None if due is None else max((due - self._bus.clock.now()).total_seconds(), 0.0)
        waits = [wait for wait in (timeout, until_due) if wait is not None]
        if not waits:
            raise Stuck("nothing is under way, and somebody waits")
        self.jump(min(waits))

    def jump(self, seconds: float) -> None:
        """Let time go by."""
        self._seconds += seconds
        self._bus.advance(timedelta(seconds=seconds))

    def _make_self_pipe(self) -> None:
        """No other thread ever wakes this loop, so it needs no sockets: a world takes a fifth less time without."""

    def _close_self_pipe(self) -> None:
        """See `_make_self_pipe`."""

    def _write_to_self(self) -> None:
        """See `_make_self_pipe`."""

    def add_signal_handler(self, *_: Any) -> None:
        """Signals are for real processes."""
        raise NotImplementedError

    def call_exception_handler(self, context: Mapping[str, Any]) -> None:  # type: ignore[override] # narrower in typeshed
        """What asyncio would only log is a finding."""
        error = context.get("exception")
        if isinstance(error, Exception):
            raise error
