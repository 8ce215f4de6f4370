"""Handlers that block the event loop: each job runs once all the same, and its lock is kept."""

import asyncio
import time
from collections.abc import Callable
from datetime import timedelta

import pytest

from boilermaker import AzureServiceBus, Boilermaker, InMemoryServiceBus, attempt
from boilermaker.localbus.server import LocalServiceBus
from boilermaker.localbus.settings import QueueSettings
from boilermaker.worker.turns import Turns


@pytest.mark.parametrize(
    ("jobs", "block_seconds", "lock_seconds"),
    [(60, 0.05, 2.0), (5, 0.6, 1.2)],
    ids=["many short blocks", "few long blocks"],
)
async def test_what_blocks_the_loop_runs_once(jobs: int, block_seconds: float, lock_seconds: float) -> None:
    """Together they block it for longer than a lock lasts; what follows from each is enqueued once, on any queue."""
    queue = QueueSettings(name="jobs", lock_duration=timedelta(seconds=lock_seconds))
    ran: list[str] = []
    done = asyncio.Event()
    with LocalServiceBus([queue]) as local:
        bus = AzureServiceBus.from_connection_string(local.connection_string)
        worker = Boilermaker(ran, bus, queue="jobs")

        @worker.task
        async def work(ran: list[str], number: int) -> None:
            ran.append(f"work {number}")
            time.sleep(block_seconds)  # noqa: ASYNC251 - what this is about

        @worker.task
        async def after(ran: list[str], number: int) -> None:
            ran.append(f"after {number}")
            if sum(each.startswith("after") for each in ran) == jobs:
                done.set()

        await worker.client.publish_many(
            [worker.create_task(work, number) >> worker.create_task(after, number) for number in range(jobs)]
        )
        running = asyncio.create_task(worker.run())
        async with asyncio.timeout(30):
            await done.wait()
            worker.stop()
            await running
        counts = local.counts()["jobs"]

    assert sorted(ran) == sorted(f"{what} {number}" for what in ("work", "after") for number in range(jobs))
    assert (counts.active, counts.locked, counts.dead_letter) == (0, 0, 0)


async def test_a_handler_does_not_begin_once_its_lock_has_expired() -> None:
    """It came, and before it could begin, the loop was blocked for longer than the lock lasts."""
    bus = InMemoryServiceBus(QueueSettings(name="jobs", lock_duration=timedelta(seconds=10)))
    ran: list[int] = []
    worker = Boilermaker(ran, bus, queue="jobs")

    @worker.task
    async def work(ran: list[int], number: int) -> None:
        ran.append(number)
        if number == 0 and not attempt.current().delivery_count:
            bus.advance(timedelta(seconds=11))
            time.sleep(0.06)  # noqa: ASYNC251 - no other begins in this turn of the loop

    await worker.client.publish_many([worker.create_task(work, number) for number in range(3)])
    assert await worker.drain() == 6
    assert ran == [0, 0, 1, 2]


async def test_quick_handlers_begin_in_one_turn_and_slow_ones_one_by_one() -> None:
    """What is waiting to begin, begins in its order, also where one of them gives up."""
    asked: list[float] = []

    async def before_next(block_seconds: float) -> None:
        asked.append(block_seconds)

    turns, began = Turns(before_next), list[int]()

    async def begin(number: int, do: Callable[[], object]) -> None:
        await turns.wait()
        began.append(number)
        do()

    await asyncio.gather(*(begin(number, lambda: None) for number in range(50)))
    assert began == list(range(50))
    assert not asked

    began.clear()
    tasks = [asyncio.create_task(begin(number, lambda: time.sleep(0.06))) for number in range(4)]
    await asyncio.sleep(0)
    tasks[2].cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    assert began == [0, 1, 3]
    assert all(seconds >= 0.06 * 0.9**3 for seconds in asked)
    assert len(asked) >= 2
