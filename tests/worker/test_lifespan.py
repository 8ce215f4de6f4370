"""A state that begins and ends with the worker."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, cast

import pytest

from boilermaker import Boilermaker, InMemoryServiceBus
from boilermaker.errors import ConfigurationError

told: list[str] = []


@asynccontextmanager
async def pool() -> AsyncIterator[list[str]]:
    told.append("opened")
    try:
        yield told
    finally:
        told.append("closed")


@pytest.fixture(autouse=True)
def nothing_told() -> None:
    """Each test has its own story."""
    told.clear()


async def _note(state: list[str]) -> None:
    state.append("ran")


def _worker() -> Boilermaker[list[str]]:
    return Boilermaker(bus=InMemoryServiceBus(), lifespan=pool).register_async(_note)


async def test_the_state_begins_with_the_work_and_ends_after_the_last_handler() -> None:
    """Each time that the worker works."""
    worker = _worker()
    for _ in range(2):
        await worker.apply_async(_note)
        await worker.drain()
    assert told == ["opened", "ran", "closed"] * 2


async def test_a_worker_that_is_stopped_ends_its_state() -> None:
    """After running handlers have finished."""
    worker = _worker()
    begun, go_on = asyncio.Event(), asyncio.Event()

    @worker.task
    async def wait(state: list[str]) -> None:
        begun.set()
        await go_on.wait()
        state.append("finished")

    await worker.apply_async(wait)
    running = asyncio.create_task(worker.run())
    async with asyncio.timeout(10):
        await begun.wait()
        worker.stop()
        go_on.set()
        await running
    assert told == ["opened", "finished", "closed"]


async def test_a_state_that_a_test_sets_takes_the_place_of_the_lifespan() -> None:
    """No pool is opened for it."""
    worker = _worker()
    worker.state = []
    await worker.apply_async(_note)
    await worker.drain()
    assert worker.state == ["ran"]
    assert not told


async def test_a_lifespan_that_fails_ends_the_worker_with_its_error() -> None:
    """Nothing was received."""

    @asynccontextmanager
    async def broken() -> AsyncIterator[None]:
        raise ConnectionError("no database")
        yield

    worker = Boilermaker(bus=InMemoryServiceBus(), lifespan=broken)
    with pytest.raises(ConnectionError, match="no database"):
        await worker.run()


def test_a_worker_has_a_state_or_a_lifespan() -> None:
    """The error shows both ways."""
    make = cast("Any", Boilermaker)
    for arguments, options in (
        ((None, InMemoryServiceBus()), {"lifespan": pool}),
        ((), {"bus": InMemoryServiceBus()}),
        ((None,), {}),
    ):
        with pytest.raises(ConfigurationError, match=r"Boilermaker\(state, bus, \.\.\.\)"):
            make(*arguments, **options)


def test_an_option_that_there_is_not_is_told() -> None:
    """As Python tells of an unexpected keyword argument."""
    with pytest.raises(
        TypeError, match="`quueue` is not an option of a worker; the options are describe_error, "
    ):
        cast("Any", Boilermaker)(None, InMemoryServiceBus(), quueue="jobs")
