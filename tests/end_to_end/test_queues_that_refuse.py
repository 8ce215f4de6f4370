"""A queue that a worker publishes to rejects, does not work or does not exist: what needs it fails or waits, all else goes on."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from datetime import timedelta

import pytest

from boilermaker import AzureServiceBus, Boilermaker, Client, Limits, attempt
from boilermaker.failure import TaskFailed
from boilermaker.localbus.server import LocalServiceBus
from boilermaker.localbus.settings import QueueSettings

GOOD = 20


class Seen:
    """What has run, and how often it was delivered before."""

    def __init__(self) -> None:
        self.runs: Counter[str] = Counter()
        self.deliveries: set[int] = set()
        self.changed = asyncio.Event()

    def run(self, what: str) -> None:
        """A handler runs."""
        self.runs[what] += 1
        self.deliveries.add(attempt.current().delivery_count)
        self.changed.set()

    async def until(self, what: str, count: int) -> None:
        """Wait until it has run so often."""
        async with asyncio.timeout(60):
            while self.runs[what] < count:
                self.changed.clear()
                await self.changed.wait()


async def mail(seen: Seen) -> None:
    """For another queue."""
    seen.run("mail")


async def bill(seen: Seen) -> None:
    """Leads to the other queue."""
    seen.run("bill")


async def breaks(seen: Seen) -> None:
    """Its failure callback is for the other queue."""
    seen.run("breaks")
    raise TaskFailed("as planned")


async def good(seen: Seen) -> None:
    """Needs no other queue."""
    seen.run("good")


async def mend(seen: Seen) -> None:
    """A failure callback."""
    seen.run("mend")


@pytest.fixture
def bus() -> Iterator[LocalServiceBus]:
    """The worker's queue, and one that it forwards to."""
    lock = timedelta(seconds=5)
    with LocalServiceBus(
        [QueueSettings(name="jobs", lock_duration=lock), QueueSettings(name="emails")]
    ) as bus:
        yield bus


@pytest.fixture
async def client(bus: LocalServiceBus) -> AsyncIterator[Client]:
    """A producer."""
    async with Client(AzureServiceBus.from_connection_string(bus.connection_string)) as client:
        yield client


def _worker(bus: LocalServiceBus, mails: str = "emails") -> Boilermaker[Seen]:
    worker = Boilermaker(
        Seen(),
        AzureServiceBus.from_connection_string(bus.connection_string),
        queue="jobs",
        forwards_to=[mails],
        limits=Limits(put_off_seconds=(0.2, 0.2)),
    )
    worker.register_async(mail, queue=mails)
    for handler in (bill, breaks, good, mend):
        worker.register_async(handler)
    return worker


@pytest.fixture
async def worker(bus: LocalServiceBus) -> AsyncIterator[Boilermaker[Seen]]:
    """One handler at a time: whatever waits in its place holds up all others."""
    worker = _worker(bus)
    running = asyncio.create_task(worker.run(concurrency=1, grace_seconds=0))
    yield worker
    worker.stop()
    await running
    await worker.close()


async def _publish_bad_then_good(worker: Boilermaker[Seen], bad: int = 1) -> None:
    for _ in range(bad):
        billed = worker.create_task(bill)
        billed.on_success = worker.create_task(mail)
        billed.on_failure = worker.create_task(mend)
        await worker.publish_task(billed)
    await worker.client.publish_many([worker.create_task(good) for _ in range(GOOD)])


async def _dead_letters(bus: LocalServiceBus, count: int) -> list[tuple[str | None, str | None]]:
    queue = bus.queues["jobs"].dead_letters
    assert queue is not None
    async with asyncio.timeout(30):
        while len(queue.messages()) < count:  # noqa: ASYNC110 - in another thread
            await asyncio.sleep(0.02)
    return [(letter.dead_letter_reason, letter.dead_letter_description) for letter in queue.messages()]


async def test_what_is_rejected_permanently_is_a_failure_and_holds_nobody_up(
    bus: LocalServiceBus, worker: Boilermaker[Seen]
) -> None:
    """It was published again and again, and nothing else was received."""
    bus.faults.add("send=invalid,queue=emails")
    await _publish_bad_then_good(worker)

    await worker.state.until("good", GOOD)
    await worker.state.until("mend", 1)
    [(reason, description)] = await _dead_letters(bus, 1)

    assert (reason, worker.state.runs["bill"]) == ("PublishRefused", 1)
    assert "queue 'emails' rejects the message" in str(description)
    assert worker.health().waits_for == ()


async def test_a_queue_that_does_not_exist_fails_what_needs_it_before_it_runs(bus: LocalServiceBus) -> None:
    """Put off first, for somebody may create it; nothing else waits meanwhile."""
    other = _worker(bus, mails="nowhere")
    running = asyncio.create_task(other.run(concurrency=1))
    await _publish_bad_then_good(other)

    await other.state.until("good", GOOD)
    await other.state.until("mend", 1)
    [(reason, description)] = await _dead_letters(bus, 1)

    assert (reason, other.state.runs["bill"]) == ("QueueNotFound", 0)
    assert "there is no queue 'nowhere'" in str(description)
    other.stop()
    await running
    await other.close()


async def test_a_disabled_queue_makes_only_those_wait_that_need_it(
    bus: LocalServiceBus, worker: Boilermaker[Seen]
) -> None:
    """What has run keeps its result and its lock; what has not is put off; afterwards all of it arrives, each once."""
    first = worker.create_task(bill)
    first.on_success = worker.create_task(mail)
    await worker.publish_task(first)
    await worker.state.until("bill", 1)  # connected to the other queue
    async with asyncio.timeout(10):
        while len(bus.queues["emails"].messages()) < 1:  # noqa: ASYNC110 - in another thread
            await asyncio.sleep(0.01)
    with bus.faults.add("entity=disabled,queue=emails"), bus.faults.add("send=disabled,queue=emails"):
        await _publish_bad_then_good(worker, bad=4)
        await worker.state.until("good", GOOD)
        assert worker.health().waits_for == ("the queue emails",)
        assert worker.health().is_receiving
        assert 1 == len(bus.queues["emails"].messages())
        runs = worker.state.runs["bill"]
        assert runs <= 2, "of four, one may have run before the queue was known to be disabled"
    async with asyncio.timeout(30):
        while len(bus.queues["emails"].messages()) < 5:  # noqa: ASYNC110 - in another thread
            await asyncio.sleep(0.02)

    assert (worker.state.runs["bill"], worker.state.deliveries) == (5, {0})
    assert bus.counts()["jobs"].dead_letter == 0
    assert worker.health().waits_for == ()


async def test_failures_that_wait_for_their_callbacks_leave_room_for_others(
    bus: LocalServiceBus, worker: Boilermaker[Seen]
) -> None:
    """A dozen of them with one slot: two wait with their locks kept, the others are put off."""
    bus.faults.add("entity=disabled,queue=emails")
    for _ in range(12):
        failing = worker.create_task(breaks)
        failing.on_failure = worker.create_task(mail)
        await worker.publish_task(failing)
    await worker.client.publish_many([worker.create_task(good) for _ in range(GOOD)])

    await worker.state.until("good", GOOD)

    assert worker.state.runs["breaks"] <= 2
    bus.faults.clear()
    async with asyncio.timeout(60):
        while len(bus.queues["emails"].messages()) < 12:  # noqa: ASYNC110 - in another thread
            await asyncio.sleep(0.05)
    assert (worker.state.runs["breaks"], worker.state.deliveries) == (12, {0})
