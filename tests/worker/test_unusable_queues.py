"""Queues that cannot be published to, in memory: what needs them is a failure with a reason, and nobody else waits."""

from collections import Counter

import pytest

from boilermaker import Boilermaker, InMemoryServiceBus, QueueSettings
from boilermaker.failure import TaskFailed

GOOD = 20


class Service:
    """A worker, what ran, and a bus that creates no queues."""

    def __init__(self) -> None:
        self.bus = InMemoryServiceBus(
            "jobs", "emails", QueueSettings(name="sessions", requires_session=True), create_queues=False
        )
        self.worker = Boilermaker(
            Counter[str](), self.bus, queue="jobs", forwards_to=["emails", "sessions", "nowhere"]
        )
        for handler in (work, fails, mend):
            self.worker.register_async(handler)

    async def publish_good(self) -> None:
        """Twenty that need no other queue."""
        await self.worker.client.publish_many([self.worker.create_task(work) for _ in range(GOOD)])

    def letters(self) -> list[tuple[str | None, str | None]]:
        """Reasons and descriptions of all dead letters."""
        return [
            (letter.dead_letter_reason, letter.dead_letter_description)
            for letter in self.bus.dead_letters("jobs")
        ]


async def work(runs: Counter[str]) -> None:
    """Succeeds."""
    runs["work"] += 1


async def fails(runs: Counter[str]) -> None:
    """Fails."""
    runs["fails"] += 1
    raise TaskFailed("as planned")


async def mend(runs: Counter[str]) -> None:
    """A failure callback."""
    runs["mend"] += 1


@pytest.fixture
def service() -> Service:
    """One of its own for each test."""
    return Service()


async def test_what_leads_to_a_queue_that_does_not_exist_is_not_run(service: Service) -> None:
    """It is put off four times, then fails with a reason; its failure callback and all others run."""
    bad = service.worker.create_task(work)
    bad.on_success = service.worker.create_task(work).options(queue="nowhere")
    bad.on_failure = service.worker.create_task(mend)
    began = service.bus.clock.now()
    await service.worker.publish_task(bad)
    await service.publish_good()

    await service.worker.drain(concurrency=1)

    assert Counter(work=GOOD, mend=1) == service.worker.state
    assert ["QueueNotFound"] == [found for found, _ in service.letters()]
    assert (service.bus.clock.now() - began).total_seconds() == pytest.approx(15 + 30 + 60 + 120)


async def test_a_queue_that_takes_nothing_fails_what_was_run(service: Service) -> None:
    """It can be connected to, and refuses every message for it requires sessions."""
    bad = service.worker.create_task(work)
    bad.on_success = service.worker.create_task(work).options(queue="sessions")
    bad.on_failure = service.worker.create_task(mend)
    await service.worker.publish_task(bad)
    await service.publish_good()

    await service.worker.drain(concurrency=1)

    assert Counter(work=GOOD + 1, mend=1) == service.worker.state
    [(reason, description)] = service.letters()
    assert reason == "PublishRefused"
    assert "requires sessions" in str(description)


async def test_a_failure_callback_for_such_a_queue_is_told_in_the_dead_letter(service: Service) -> None:
    """The failure keeps its own reason."""
    bad = service.worker.create_task(fails)
    bad.on_failure = service.worker.create_task(mend).options(queue="nowhere")
    await service.worker.publish_task(bad)
    await service.publish_good()

    await service.worker.drain(concurrency=1)

    [(reason, description)] = service.letters()
    assert reason == "TaskFailed"
    assert "failure callbacks were not published: there is no queue 'nowhere'" in str(description)
    assert Counter(work=GOOD, fails=1) == service.worker.state


async def test_of_several_failure_callbacks_those_run_whose_queues_work(service: Service) -> None:
    """The message that stands for them is a dead letter, which can be replayed once the queue is there."""
    bad = service.worker.create_task(fails)
    bad.add_on_failure(service.worker.create_task(mend).options(queue="nowhere"))
    bad.add_on_failure(service.worker.create_task(mend))
    await service.worker.publish_task(bad)

    await service.worker.drain()

    assert Counter(fails=1, mend=1) == service.worker.state
    assert ["QueueNotFound", "TaskFailed"] == sorted(str(reason) for reason, _ in service.letters())
