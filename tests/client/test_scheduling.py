"""Workflows for later: a point in time in place of a delay, and scheduled ones that are taken back."""

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime, timedelta, timezone

import pytest

from boilermaker import Client, InMemoryServiceBus, QueueSettings, SyncClient
from boilermaker.errors import NotScheduledError
from boilermaker.transport.port import Bus
from client.scene import arrived, note

NewBus = Callable[[], Bus]
HOUR = timedelta(hours=1)


async def test_a_scheduled_workflow_is_taken_back(new_bus: NewBus, queue: str) -> None:
    """Another one that waits beside it stays."""
    async with Client(new_bus()) as client:
        gone = await client.schedule(note(queue, "gone"), HOUR)
        stays = await client.schedule(note(queue, "stays"), datetime.now(UTC) + HOUR, id="stays")
        await client.cancel_scheduled(gone)

        assert await arrived(new_bus(), queue, 1) == ["stays"]
        assert ("stays", queue) == (stays.id, stays.queue)
        with pytest.raises(NotScheduledError):
            await client.cancel_scheduled(gone)


async def test_what_has_become_active_is_not_taken_back(new_bus: NewBus, queue: str) -> None:
    """Its time has come, so the error says that it is too late; the workflow is still there."""
    async with Client(new_bus()) as client:
        scheduled = await client.schedule(note(queue, "now"), datetime(2020, 1, 1, tzinfo=UTC))
        with pytest.raises(NotScheduledError):
            await client.cancel_scheduled(scheduled)
        assert await arrived(new_bus(), queue, 1) == [scheduled.id]


async def test_a_duplicate_says_that_another_waits(queue: str) -> None:
    """The queue has dropped it: there is nothing to cancel under its number."""
    bus = InMemoryServiceBus(QueueSettings(name=queue, duplicate_detection_window=timedelta(minutes=10)))
    async with Client(bus) as client:
        first = await client.schedule(note(queue, "x"), HOUR, id="order-1")
        again = await client.schedule(note(queue, "x"), HOUR, id="order-1")

        assert (True, 0) == (first.sequence_number > 0, again.sequence_number)
        with pytest.raises(NotScheduledError, match="duplicate"):
            await client.cancel_scheduled(again)


def test_from_synchronous_code(new_bus: NewBus, queue: str) -> None:
    """The same calls, without await."""
    with SyncClient(new_bus()) as client:
        scheduled = client.schedule(note(queue, "x"), 3600)
        kept = client.schedule(note(queue, "y"), 3600)
        client.cancel_scheduled(scheduled)

    assert asyncio.run(arrived(new_bus(), queue, 1)) == [kept.id]


@pytest.mark.parametrize("zone", [UTC, timezone(timedelta(hours=5, minutes=30))])
async def test_a_point_in_time_in_place_of_a_delay(queue: str, zone: timezone) -> None:
    """The message becomes visible then, in whatever time zone it is said."""
    bus = InMemoryServiceBus(queue)
    then = (bus.clock.now() + HOUR).astimezone(zone)
    async with Client(bus) as client:
        await client.publish(note(queue, "x"), delay=then)
        await client.publish(note(queue, "past"), delay=then - 2 * HOUR)
        await client.publish_many([note(queue, "y")], delay=then)

        assert [then, then] == [message.scheduled_enqueue_time for message in bus.scheduled(queue)]
        assert len(bus.messages(queue)) == 1


async def test_a_point_in_time_without_a_zone_is_refused(queue: str) -> None:
    """Nobody could say when that is."""
    async with Client(InMemoryServiceBus(queue)) as client:
        with pytest.raises(ValueError, match="time zone"):
            await client.publish(note(queue, "x"), delay=datetime(2030, 1, 1))  # noqa: DTZ001 - the mistake
        with pytest.raises(ValueError, match="time zone"):
            await client.schedule(note(queue, "x"), datetime(2030, 1, 1))  # noqa: DTZ001 - the mistake
