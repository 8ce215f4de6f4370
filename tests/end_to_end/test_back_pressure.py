"""No more messages are locked than can be started soon: over the real client, on a queue whose locks are short."""

import asyncio
from collections.abc import Iterator
from datetime import timedelta

import pytest

from boilermaker import AzureServiceBus, Boilermaker, attempt
from boilermaker.localbus.server import LocalServiceBus
from boilermaker.localbus.settings import QueueSettings

LOCK = timedelta(seconds=2)
MESSAGES = 4


@pytest.fixture
def bus() -> Iterator[LocalServiceBus]:
    """One queue."""
    with LocalServiceBus([QueueSettings(name="jobs", lock_duration=LOCK)]) as bus:
        yield bus


async def test_what_waits_for_slow_handlers_does_not_lose_its_lock(bus: LocalServiceBus) -> None:
    """Handlers outlast the lock, all slots are taken: what was fetched ahead is released, and no delivery is counted."""
    counts: list[int] = []
    done = asyncio.Event()
    worker = Boilermaker(counts, AzureServiceBus.from_connection_string(bus.connection_string), queue="jobs")

    @worker.task
    async def slow(counts: list[int]) -> None:
        counts.append(attempt.current().delivery_count)
        await asyncio.sleep(LOCK.total_seconds() * 1.3)
        if len(counts) >= MESSAGES:
            done.set()

    await worker.client.publish_many([worker.create_task(slow) for _ in range(MESSAGES)])
    running = asyncio.create_task(worker.run(concurrency=2))
    async with asyncio.timeout(30):
        await done.wait()
    worker.stop()
    await running
    assert counts == [0] * MESSAGES


async def test_a_worker_whose_slots_are_taken_leaves_the_rest_to_others(bus: LocalServiceBus) -> None:
    """Only what runs stays locked."""
    go_on, begun = asyncio.Event(), asyncio.Event()
    worker = Boilermaker(None, AzureServiceBus.from_connection_string(bus.connection_string), queue="jobs")

    @worker.task
    async def wait(state: None) -> None:
        begun.set()
        await go_on.wait()

    await worker.client.publish_many([worker.create_task(wait) for _ in range(MESSAGES)])
    running = asyncio.create_task(worker.run(concurrency=2))
    async with asyncio.timeout(30):
        await begun.wait()
        while bus.counts()["jobs"].locked != 2:  # noqa: ASYNC110 - in another thread
            await asyncio.sleep(0.01)
    go_on.set()
    worker.stop()
    await running
