"""A handler that blocks the event loop is noticed and named."""

import asyncio
import threading

import pytest

from boilermaker import Boilermaker, InMemoryServiceBus
from boilermaker.worker import loop
from boilermaker.worker.watchdog import Watchdog


class _Blocked:
    def __init__(self, caplog: pytest.LogCaptureFixture) -> None:
        self._caplog = caplog

    def until_told(self) -> None:
        """Block, until the log says so."""
        pause = threading.Event()
        for _ in range(500):
            if "is blocked" in self._caplog.text:
                return
            pause.wait(0.01)


async def test_a_handler_that_blocks_is_named_with_its_line(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """While it blocks, and again when it is over, with the time that it took."""
    monkeypatch.setattr(loop, "Watchdog", lambda: Watchdog(limit=0.05))
    worker = Boilermaker(_Blocked(caplog), InMemoryServiceBus())
    over = asyncio.Event()

    @worker.task
    async def crunch(state: _Blocked) -> None:
        state.until_told()
        over.set()

    await worker.publish_task(worker.create_task(crunch))
    running = asyncio.create_task(worker.run())
    async with asyncio.timeout(10):
        await over.wait()
        while "was blocked for" not in caplog.text:  # noqa: ASYNC110 - a line of another thread
            await asyncio.sleep(0.01)
    worker.stop()
    await running
    told = [record.getMessage() for record in caplog.records if "blocked" in record.getMessage()]
    assert len(told) == 2
    assert all("crunch`" in line and "test_watchdog.py:" in line for line in told)


async def test_a_loop_that_turns_is_left_alone(caplog: pytest.LogCaptureFixture) -> None:
    """No line for a loop that answers."""
    with Watchdog(limit=0.1) as dog:
        async with asyncio.timeout(10):
            while dog.checks < 4:  # noqa: ASYNC110 - a thread counts
                await asyncio.sleep(0.01)
    assert "blocked" not in caplog.text
