"""A day in virtual time: handlers that outlast their locks, delays and retries of hours, a deploy every hour."""

import asyncio
import random
from collections import Counter
from collections.abc import Iterator
from datetime import timedelta
from unittest import mock

import pytest

from boilermaker import Boilermaker, InMemoryServiceBus, attempt, chain
from boilermaker.failure import TaskFailed
from boilermaker.localbus.settings import QueueSettings
from boilermaker.retries import RetryException, RetryPolicy
from boilermaker.worker import loop as worker_loop
from simulation.virtual import VirtualLoop
from simulation.world import Unwatched, quiet

_WORKFLOWS = 240
_EVERY = 360.0  # seconds, which makes a day of them
_QUEUE = "day"
_POLICY = RetryPolicy(max_tries=3, delay=1800, delay_max=7200)


@pytest.fixture(autouse=True)
def quiet_workers() -> Iterator[None]:
    """Hundreds of log lines are not wanted."""
    yield from quiet()


class _Day:
    def __init__(self) -> None:
        settings = QueueSettings(
            name=_QUEUE,
            lock_duration=timedelta(seconds=30),
            max_delivery_count=2,
            duplicate_detection_window=timedelta(minutes=10),
        )
        self.bus = InMemoryServiceBus(settings)
        self.dice = random.Random(5)
        self.ran: Counter[str] = Counter()
        self.deploys = 0
        self.most_tasks = 0

    def worker(self) -> Boilermaker["_Day"]:
        worker = Boilermaker(self, self.bus, queue=_QUEUE)
        for handler in (load, check, mend):
            worker.register_async(handler, policy=_POLICY)
        return worker

    async def publish(self) -> None:
        """A workflow every few minutes; every third starts hours later."""
        async with self.worker() as worker:
            for published in range(_WORKFLOWS):
                first = worker.create_task(load, published)
                second = worker.create_task(check, first.result.placeholder())
                second.on_failure = worker.create_task(mend, published)
                await worker.publish_task(chain(first, second), delay=timedelta(hours=published % 3 * 2))
                self.most_tasks = max(self.most_tasks, len(asyncio.all_tasks()))
                await asyncio.sleep(_EVERY)

    async def deploy(self) -> None:
        """A new worker every hour, once the one before has stopped."""
        while True:
            worker = self.worker()
            running = asyncio.create_task(worker.run(concurrency=10, grace_seconds=5))
            try:
                await asyncio.sleep(3600)
            finally:
                worker.stop()
                await running
            self.deploys += 1

    async def live(self) -> None:
        deploying = asyncio.create_task(self.deploy())
        await self.publish()
        while self.bus.messages(_QUEUE) or self.bus.scheduled(_QUEUE):  # noqa: ASYNC110 - a bus has no event for being empty
            await asyncio.sleep(60)
        deploying.cancel()
        await asyncio.gather(deploying, return_exceptions=True)


async def load(day: _Day, number: int) -> int:
    """Takes up to five minutes, ten times its lock; every seventh needs a second try."""
    await asyncio.sleep(day.dice.random() * 300)
    if number % 7 == 0 and attempt.current().number == 1:
        raise RetryException("later")
    day.ran["load"] += 1
    return number


async def check(day: _Day, number: int) -> None:
    """Every tenth fails for good."""
    if number % 10 == 0:
        raise TaskFailed("every tenth")
    day.ran["check"] += 1


async def mend(day: _Day, number: int) -> None:
    """What a failure leads to."""
    day.ran["mend"] += 1


def test_a_day_leaves_nothing_behind() -> None:
    """Every workflow ends, deploys use up no deliveries, and what the worker holds in the evening it held in the morning."""
    day = _Day()
    loop = VirtualLoop(day.bus)
    with mock.patch.object(worker_loop, "Watchdog", Unwatched):
        try:
            loop.run_until_complete(day.live())
        finally:
            loop.close()
    tenth = _WORKFLOWS // 10

    assert day.deploys >= 24
    assert day.ran == {"load": _WORKFLOWS, "check": _WORKFLOWS - tenth, "mend": tenth}
    assert [letter.dead_letter_reason for letter in day.bus.dead_letters(_QUEUE)] == ["TaskFailed"] * tenth
    assert day.most_tasks < 40
