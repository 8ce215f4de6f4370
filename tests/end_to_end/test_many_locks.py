"""Many locks, kept at the same time over a slow line: one request to the bus does not wait for another."""

import asyncio
from datetime import timedelta

from benchmarks.latency import proxied
from boilermaker import AzureServiceBus, Boilermaker, attempt
from boilermaker.localbus.server import LocalServiceBus
from boilermaker.localbus.settings import QueueSettings
from boilermaker.worker.ending import Ending

MESSAGES = 40
ROUND_TRIP_SECONDS = 0.1


async def test_locks_that_are_due_together_are_renewed_in_time() -> None:
    """Forty locks of two seconds, a tenth of a second away: one after the other would take four."""
    with (
        LocalServiceBus([QueueSettings(name="jobs", lock_duration=timedelta(seconds=2))]) as local,
        proxied(local.connection_string, ROUND_TRIP_SECONDS) as far,
    ):
        counts: list[int] = []
        ended = asyncio.Event()
        worker = Boilermaker(
            counts, AzureServiceBus.from_connection_string(far.connection_string), queue="jobs"
        )

        @worker.task
        async def slow(counts: list[int], number: int) -> None:
            await asyncio.sleep(5)
            counts.append(attempt.current().delivery_count)
            if len(counts) == MESSAGES:
                ended.set()

        await worker.client.publish_many([worker.create_task(slow, number) for number in range(MESSAGES)])
        working = asyncio.create_task(worker.run())
        async with asyncio.timeout(30):
            await ended.wait()
        worker.stop()
        assert await working == Ending(handled=MESSAGES)
        assert counts == [0] * MESSAGES
