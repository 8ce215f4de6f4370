"""Many workflows at a time: what was published, what was not, and of what nobody knows."""

import asyncio
from collections.abc import Iterator
from typing import Any

import pytest

from boilermaker import Boilermaker, InMemoryServiceBus, QueueSettings, Task, errors


async def take(state: list[str], text: str) -> None:
    state.append(text)


async def elsewhere(state: list[str]) -> None:
    state.append("elsewhere")


@pytest.fixture
def bus() -> InMemoryServiceBus:
    """One queue, and no other."""
    return InMemoryServiceBus(QueueSettings(name="jobs", max_message_size=4096), create_queues=False)


@pytest.fixture
def worker(bus: InMemoryServiceBus) -> Boilermaker[list[str]]:
    """Its second task goes to a queue that is not there."""
    worker = Boilermaker[list[str]]([], bus, queue="jobs")
    return worker.register_async(take).register_async(elsewhere, queue="missing")


async def test_items_are_made_as_they_are_taken_and_progress_is_told(worker: Boilermaker[list[str]]) -> None:
    """A generator of thousands is never held whole: the next few hundred are made while a thousand are under way."""
    made: list[int] = []
    told: list[tuple[int, int]] = []

    def items() -> Iterator[Task[Any]]:
        for number in range(2200):
            made.append(number)
            yield worker.create_task(take, str(number))

    ids = await worker.client.publish_many(items(), progress=lambda done: told.append((done, len(made))))
    assert told == [(500, 1500), (1000, 2000), (1500, 2200), (2000, 2200), (2200, 2200)]
    assert len(set(ids)) == 2200
    await worker.drain()
    assert worker.state == [str(number) for number in range(2200)]


async def test_what_was_under_way_is_published_when_a_later_item_cannot_be(
    worker: Boilermaker[list[str]],
) -> None:
    """Nothing of the few hundred around the one at fault, all of those before."""
    told: list[int] = []

    def items() -> Iterator[Task[Any]]:
        for number in range(700):
            yield worker.create_task(take, str(number))
        raise RuntimeError("the rest cannot be made")

    with pytest.raises(RuntimeError, match="cannot be made") as caught:
        await worker.client.publish_many(items(), progress=told.append)
    assert caught.value.__notes__ == ["publish_many: the first 500 workflows were published, no others"]
    assert told == [500]
    await worker.drain()
    assert worker.state == [str(number) for number in range(500)]


async def test_ids_that_are_given_make_a_repeat_safe(worker: Boilermaker[list[str]]) -> None:
    """The queue drops what it has seen."""
    for _ in range(2):
        items = [worker.create_task(take, text) for text in "ab"]
        assert await worker.client.publish_many(items, ids=["one", "two"]) == ["one", "two"]
    await worker.drain()
    assert worker.state == ["a", "b"]


async def test_an_id_given_twice_leaves_the_verdict_to_the_queue() -> None:
    """Each item is sent: a queue that detects no duplicates runs both, whatever their ids."""
    bus = InMemoryServiceBus(QueueSettings(name="plain", duplicate_detection_window=None))
    other = Boilermaker[list[str]]([], bus, queue="plain").register_async(take)
    items = [other.create_task(take, text) for text in "ab"]
    assert await other.client.publish_many(items, ids=["one", "one"]) == ["one", "one"]
    await other.drain()
    assert other.state == ["a", "b"]


async def test_too_few_ids_are_refused_before_anything_of_them_is_sent(
    worker: Boilermaker[list[str]], bus: InMemoryServiceBus
) -> None:
    """Two items, one id."""
    items = [worker.create_task(take, text) for text in "ab"]
    with pytest.raises(ValueError, match="fewer ids than items"):
        await worker.client.publish_many(items, ids=["one"])
    assert not bus.messages("jobs")


async def test_what_one_queue_refuses_does_not_hold_up_another(worker: Boilermaker[list[str]]) -> None:
    """The error says which were published, and which surely were not."""
    items = [worker.create_task(take, "a"), worker.create_task(elsewhere), worker.create_task(take, "b")]
    with pytest.raises(errors.PublishManyError, match="2 workflows were published, 1 were not") as caught:
        await worker.client.publish_many(items, ids=["one", "two", "three"])
    assert caught.value.published == ("one", "three")
    assert list(caught.value.refused) == ["two"]
    assert isinstance(caught.value.refused["two"], errors.QueueNotFoundError)
    assert not caught.value.unknown
    assert caught.value.id == "two"
    await worker.drain()
    assert worker.state == ["a", "b"]


async def test_a_workflow_that_is_too_large_stops_its_hundreds(
    worker: Boilermaker[list[str]], bus: InMemoryServiceBus
) -> None:
    """Nothing of them is sent."""
    items = [worker.create_task(take, "a"), worker.create_task(take, "b" * 10_000)]
    with pytest.raises(errors.WorkflowTooLargeError) as caught:
        await worker.client.publish_many(items)
    assert not bus.messages("jobs")
    assert caught.value.__notes__ == ["publish_many: the first 0 workflows were published, no others"]


async def test_what_was_taken_and_not_sent_is_told_too(worker: Boilermaker[list[str]]) -> None:
    """The next few hundred were made already when the bus refused one of those before."""
    taken: list[str] = []

    def items() -> Iterator[Task[Any]]:
        for number in range(2600):
            taken.append(str(number))
            yield worker.create_task(elsewhere) if number == 3 else worker.create_task(take, str(number))

    with pytest.raises(errors.PublishManyError) as caught:
        await worker.client.publish_many(items(), ids=map(str, range(2600)))
    assert len(taken) == 1500
    assert sorted([*caught.value.published, *caught.value.refused]) == sorted(taken)
    assert caught.value.id == "3"
    assert "not sent" in str(caught.value.refused["1000"])


async def test_a_cancelled_call_claims_nothing_of_what_was_under_way(worker: Boilermaker[list[str]]) -> None:
    """How many were published is not known then: no note says so."""
    reached = asyncio.Event()

    def progress(done: int) -> None:
        reached.set()

    def items() -> Iterator[Task[Any]]:
        for number in range(20_000):
            yield worker.create_task(take, str(number))

    publishing = asyncio.create_task(worker.client.publish_many(items(), progress=progress))
    await reached.wait()
    publishing.cancel()
    with pytest.raises(asyncio.CancelledError) as caught:
        await publishing
    assert not getattr(caught.value, "__notes__", [])
