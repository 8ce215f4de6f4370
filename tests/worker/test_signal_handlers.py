"""Which signal handlers a running worker installs, and that it puts back what was there."""

import asyncio
import signal
from collections.abc import Iterator
from typing import Any

import pytest

from boilermaker import Boilermaker, InMemoryServiceBus
from boilermaker.errors import ConfigurationError

_NUMBERS = (signal.SIGINT, signal.SIGTERM)


@pytest.fixture(autouse=True)
def handlers() -> Iterator[None]:
    """Handlers as they were, whatever a test does."""
    before = {number: signal.getsignal(number) for number in _NUMBERS}
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


def _own(*_: Any) -> None:
    """A handler of the process."""


async def _receiving(worker: Boilermaker[Any]) -> None:
    async with asyncio.timeout(10):
        while not worker.health().is_receiving:  # noqa: ASYNC110 - there is nothing to be woken by
            await asyncio.sleep(0.01)


async def test_a_worker_leaves_the_handlers_of_its_process_alone() -> None:
    """By default, where SIGTERM has a handler; and where it is told so."""
    for handles, before in ((None, _own), (False, signal.SIG_DFL)):
        signal.signal(signal.SIGTERM, before)
        worker = Boilermaker(None, InMemoryServiceBus(), queue="tasks")
        running = asyncio.create_task(worker.run(handle_signals=handles))
        await _receiving(worker)
        assert signal.getsignal(signal.SIGTERM) is before
        worker.stop()
        await running


@pytest.mark.parametrize(("handles", "before"), [(None, signal.SIG_DFL), (True, _own)])
async def test_a_signal_stops_all_workers_and_handlers_are_put_back(
    handles: bool | None, before: Any
) -> None:
    """Two workers in one event loop end by one signal."""
    for number in _NUMBERS:
        signal.signal(number, before)
    workers = [Boilermaker(None, InMemoryServiceBus(), queue="tasks") for _ in range(2)]
    running = [asyncio.create_task(worker.run(handle_signals=handles)) for worker in workers]
    for worker in workers:
        await _receiving(worker)
    signal.raise_signal(signal.SIGTERM)
    async with asyncio.timeout(10):
        await asyncio.gather(*running)
    assert [signal.getsignal(number) for number in _NUMBERS] == [before, before]


async def test_a_handler_that_came_later_stays() -> None:
    """Whoever installed it is the one that runs the process."""
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    worker = Boilermaker(None, InMemoryServiceBus(), queue="tasks")
    running = asyncio.create_task(worker.run())
    await _receiving(worker)
    signal.signal(signal.SIGTERM, _own)
    worker.stop()
    await running
    assert signal.getsignal(signal.SIGTERM) is _own


async def test_signals_cannot_be_handled_in_another_thread() -> None:
    """Asked for there, it is told; not asked for, the worker runs without. Afterwards it can run."""
    worker = Boilermaker(None, InMemoryServiceBus(), queue="tasks")

    def run(handles: bool | None) -> None:
        asyncio.run(worker.run(handle_signals=handles))

    with pytest.raises(ConfigurationError, match="handle_signals=False"):
        await asyncio.to_thread(run, True)
    running = asyncio.create_task(asyncio.to_thread(run, None))
    await _receiving(worker)
    assert signal.getsignal(signal.SIGTERM) is signal.SIG_DFL
    worker.stop()
    await running
