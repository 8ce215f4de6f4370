"""What a handler may know about the message that it runs for."""

import pytest

from boilermaker import Boilermaker, InMemoryServiceBus, attempt, retries
from boilermaker.attempt import Attempt


async def test_the_id_is_the_messages_and_each_retry_has_its_own() -> None:
    """Recorded with an effect, it makes the effect happen once."""
    seen: list[Attempt] = []
    bus = InMemoryServiceBus()
    worker = Boilermaker(seen, bus)

    @worker.task(policy=retries.RetryPolicy(max_tries=3))
    async def note(seen: list[Attempt]) -> None:
        seen.append(attempt.current())
        if len(seen) < 3:
            raise retries.RetryException("again")

    workflow = await worker.publish_task(worker.create_task(note), id="order-1")
    await worker.drain()
    assert [one.number for one in seen] == [1, 2, 3]
    assert [one.workflow for one in seen] == [workflow] * 3
    assert seen[0].id == "order-1"
    assert len({one.id for one in seen}) == 3
    assert {one.task for one in seen} == {"note"}
    assert {one.delivery_count for one in seen} == {0}


def test_outside_of_handlers_there_is_none() -> None:
    """The error says where to ask."""
    with pytest.raises(LookupError, match="from a handler"):
        attempt.current()
