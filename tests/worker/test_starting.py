"""What a worker does before its first message comes."""

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any

import pytest

from boilermaker import AzureServiceBus, Boilermaker, InMemoryServiceBus, QueueSettings
from boilermaker.errors import ConfigurationError
from boilermaker.localbus.server import LocalServiceBus
from transport.wires import Wire


class _Lines(logging.Handler):
    """What was logged, for a coroutine of another thread's loop to wait for."""

    def __init__(self, wanted: str) -> None:
        super().__init__()
        self._wanted = wanted
        self._loop = asyncio.get_running_loop()
        self.came = asyncio.Event()

    def emit(self, record: logging.LogRecord) -> None:
        """Tell who waits."""
        if record.getMessage().endswith(self._wanted):
            self._loop.call_soon_threadsafe(self.came.set)


async def test_a_worker_connects_for_publishing_when_it_starts() -> None:
    """The first callback of a worker does not wait half a second for a connection."""
    local_log = logging.getLogger("boilermaker.local")
    local_log.setLevel(logging.INFO)
    lines = _Lines("sends to accounts")
    local_log.addHandler(lines)
    try:
        with LocalServiceBus(["accounts"]) as local:
            bus = AzureServiceBus.from_connection_string(local.connection_string)
            worker = Boilermaker(None, bus, queue="accounts")
            working = asyncio.create_task(worker.run())
            async with asyncio.timeout(15):
                await lines.came.wait()
            worker.stop()
            await working
    finally:
        local_log.removeHandler(lines)
        local_log.setLevel(logging.NOTSET)


class Pool:
    """A lifespan that takes as long as the test wants."""

    def __init__(self) -> None:
        self.entering, self.go_on = asyncio.Event(), asyncio.Event()
        self.told: list[str] = []

    @asynccontextmanager
    async def __call__(self) -> AsyncIterator["Pool"]:
        try:
            self.entering.set()
            await self.go_on.wait()
            yield self
        finally:
            self.told.append("closed")


async def note(pool: Pool) -> None:
    """Tell that it ran."""
    pool.told.append("ran")


async def test_a_worker_that_still_starts_is_running() -> None:
    """A second `run` during a slow lifespan is refused, and leaves the first alone."""
    pool = Pool()
    worker = Boilermaker(bus=InMemoryServiceBus(), lifespan=pool, queue="tasks").register_async(note)
    first = asyncio.create_task(worker.run())
    await pool.entering.wait()
    with pytest.raises(ConfigurationError, match="already running"):
        await worker.run()
    await worker.apply_async(note)
    pool.go_on.set()
    async with asyncio.timeout(10):
        while "ran" not in pool.told:  # noqa: ASYNC110 - there is nothing to be woken by
            await asyncio.sleep(0.01)
        worker.stop()
        assert (await first).handled == 1


async def test_a_worker_that_is_stopped_while_it_starts_does_not_begin() -> None:
    """Its lifespan is cancelled, and may clean up; the next run is a new one."""
    pool = Pool()
    worker = Boilermaker(bus=InMemoryServiceBus(), lifespan=pool, queue="tasks").register_async(note)
    await worker.apply_async(note)
    running = asyncio.create_task(worker.run())
    await pool.entering.wait()
    worker.stop()
    async with asyncio.timeout(10):
        assert (await running).handled == 0
    assert pool.told == ["closed"]
    pool.go_on.set()
    await worker.drain()
    assert pool.told == ["closed", "ran", "closed"]


async def test_a_stop_before_the_run_began_is_heard() -> None:
    """As where a task was made of `run` and has not had its turn; the run after it works."""
    told = Pool()
    worker = Boilermaker(told, InMemoryServiceBus(), queue="tasks").register_async(note)
    await worker.apply_async(note)
    running = asyncio.create_task(worker.run())
    worker.stop()
    async with asyncio.timeout(10):
        assert (await running).handled == 0
    assert not told.told
    again = asyncio.create_task(worker.run())
    async with asyncio.timeout(10):
        while not told.told:  # noqa: ASYNC110 - there is nothing to be woken by
            await asyncio.sleep(0.01)
        worker.stop()
        await again


async def test_a_run_that_is_cancelled_while_it_starts_is_cancelled() -> None:
    """Not taken for one that was stopped."""
    pool = Pool()
    worker = Boilermaker(bus=InMemoryServiceBus(), lifespan=pool, queue="tasks")
    running = asyncio.create_task(worker.run())
    await pool.entering.wait()
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running


async def test_a_worker_waits_for_a_bus_that_is_away_and_says_so_once(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """It starts before its bus does, is told that it does not receive, and begins when the bus is there."""
    caplog.set_level(logging.INFO, "boilermaker.app")
    with LocalServiceBus(["accounts"]) as local:
        wire = Wire(local.port)
        await wire.connect()
        await wire.disconnect()
        there = local.connection_string.replace(f":{local.port}", f":{wire.port}")
        worker = Boilermaker(None, AzureServiceBus.from_connection_string(there), queue="accounts")
        running = asyncio.create_task(worker.run())
        async with asyncio.timeout(30):
            while "Receiving failed" not in caplog.text:  # noqa: ASYNC110 - there is nothing to be woken by
                await asyncio.sleep(0.01)
            assert not worker.health().is_receiving
            await wire.connect()
            while not worker.health().is_receiving:  # noqa: ASYNC110 - there is nothing to be woken by
                await asyncio.sleep(0.01)
        worker.stop()
        await running
        await wire.disconnect()
    assert caplog.text.count("Receiving failed") == 1
    assert caplog.text.count("Receiving works again") == 1


async def test_what_can_be_seen_to_be_dangerous_is_told_when_it_starts(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """A queue whose locks are short, and settlement that is not confirmed."""
    told = Pool()
    bus = InMemoryServiceBus(QueueSettings(name="tasks", lock_duration=timedelta(seconds=5)))
    worker = Boilermaker(told, bus, queue="tasks", optimistic=True).register_async(note)
    await worker.client.publish_many([worker.create_task(note) for _ in range(2)])
    running = asyncio.create_task(worker.run())
    async with asyncio.timeout(10):
        while len(told.told) < 2:  # noqa: ASYNC110 - there is nothing to be woken by
            await asyncio.sleep(0.01)
        worker.stop()
        await running
    assert caplog.text.count("Settlement is optimistic: unless queue=tasks detects duplicates") == 1
    assert caplog.text.count("The locks of queue=tasks last about 5s") == 1


@pytest.mark.parametrize(
    ("option", "told"),
    [
        ({"queue": 5}, r"Boilermaker\(queue=...\) must be a queue's name, not a int"),
        ({"service": b"x"}, r"Boilermaker\(service=...\) must be a service's name, not a bytes"),
        ({"optimistic": "no"}, r"Boilermaker\(optimistic=...\) must be True or False, not a str"),
        ({"limits": {"max_tries": 3}}, r"Boilermaker\(limits=...\) must be Limits, not a dict"),
        ({"forwards_to": [7]}, "forwards_to must be a list of queue names; it contains a int"),
        ({"max_lock_renewal": "1h"}, "a number of seconds or a timedelta, not a str"),
    ],
)
def test_options_of_another_type_are_refused(option: dict[str, Any], told: str) -> None:
    """Where the worker is made, in our words."""
    with pytest.raises(TypeError, match=told):
        Boilermaker(None, InMemoryServiceBus(), **option)
