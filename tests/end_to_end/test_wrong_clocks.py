"""Workers on machines whose wall clock is wrong, or is set while they work: locks are kept, and nothing runs twice."""

import asyncio
import time
from collections.abc import Iterator
from datetime import timedelta

import pytest

from boilermaker import AzureServiceBus, Boilermaker
from boilermaker.localbus.server import LocalServiceBus
from boilermaker.localbus.settings import QueueSettings
from boilermaker.retries import RetryException, RetryMode, RetryPolicy

_LOCK = timedelta(seconds=1)
_HANDLER_SECONDS = 2.2
_JOBS = 4


@pytest.fixture
def local() -> Iterator[LocalServiceBus]:
    """A queue without duplicate detection, whose locks are short."""
    with LocalServiceBus([QueueSettings(name="jobs", lock_duration=_LOCK)]) as local:
        yield local


class WallClock:
    """The machine's wall clock, for the worker and the SDK; the bus has its own."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.ahead = 0.0
        right = time.time
        monkeypatch.setattr(time, "time", lambda: right() + self.ahead)


@pytest.mark.parametrize("is_optimistic", [False, True])
@pytest.mark.parametrize(
    ("ahead", "set_to"),
    [(-12.0, -12.0), (30.0, 30.0), (7200.0, 7200.0), (0.0, -30.0), (0.0, 7200.0)],
    ids=["behind", "ahead", "hours ahead", "set back", "set forward"],
)
async def test_a_handler_that_outlasts_its_lock_runs_once(
    local: LocalServiceBus,
    monkeypatch: pytest.MonkeyPatch,
    ahead: float,
    set_to: float,
    is_optimistic: bool,
) -> None:
    """Its lock is renewed in time, it is not cancelled, what follows is enqueued once, and no delivery is counted."""
    wall = WallClock(monkeypatch)
    wall.ahead = ahead
    ran: list[str] = []
    bus = AzureServiceBus.from_connection_string(local.connection_string)
    worker = Boilermaker(ran, bus, queue="jobs", optimistic=is_optimistic)
    done = asyncio.Event()

    @worker.task
    async def work(ran: list[str], number: int) -> None:
        ran.append(f"work {number}")
        await asyncio.sleep(_HANDLER_SECONDS / 2)
        wall.ahead = set_to
        await asyncio.sleep(_HANDLER_SECONDS / 2)

    @worker.task
    async def after(ran: list[str], number: int) -> None:
        ran.append(f"after {number}")
        if len(ran) == 2 * _JOBS:
            done.set()

    await worker.client.publish_many(
        [worker.create_task(work, number) >> worker.create_task(after, number) for number in range(_JOBS)]
    )
    running = asyncio.create_task(worker.run())
    async with asyncio.timeout(30):
        await done.wait()
        worker.stop()
        ending = await running

    assert sorted(ran) == sorted(f"{what} {number}" for what in ("work", "after") for number in range(_JOBS))
    assert ending.handled == 2 * _JOBS
    counts = local.counts()["jobs"]
    assert (counts.active, counts.locked, counts.dead_letter) == (0, 0, 0)


async def test_a_retry_is_scheduled_by_the_clock_of_the_service(
    local: LocalServiceBus, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On a machine whose clock is behind it would come at once, on one that is ahead hours later."""
    WallClock(monkeypatch).ahead = -30.0
    tried: list[float] = []
    bus = AzureServiceBus.from_connection_string(local.connection_string)
    worker = Boilermaker(tried, bus, queue="jobs")
    done = asyncio.Event()

    @worker.task(policy=RetryPolicy(max_tries=2, delay=1, delay_max=1, retry_mode=RetryMode.Fixed))
    async def work(tried: list[float]) -> None:
        tried.append(time.monotonic())
        if len(tried) == 1:
            raise RetryException("again")
        done.set()

    running = asyncio.create_task(worker.run())
    async with asyncio.timeout(20):
        while not worker.health().is_receiving:  # noqa: ASYNC110 - there is nothing to be woken by
            await asyncio.sleep(0.01)
        await worker.apply_async(work)
        await done.wait()
        worker.stop()
        await running
    first, second = tried
    assert 0.8 < second - first < 3
