"""What holds for tasks that are settled before they run."""

import asyncio
from datetime import timedelta

from boilermaker import Boilermaker, InMemoryServiceBus, retries


async def test_a_task_settled_early_outlives_its_lock():
    """There is no lock to keep any more, so nothing cancels the handler when the lock's time is over."""
    bus = InMemoryServiceBus()
    finished: list[str] = []
    worker = Boilermaker(finished, bus)

    @worker.task(acks_late=False, policy=retries.NoRetry())
    async def slow(state: list[str]) -> None:
        bus.advance(timedelta(minutes=10))
        await asyncio.sleep(1.5)  # longer than the lock keeper's tick, which is what would cancel it
        state.append("finished")
        worker.stop()

    await worker.apply_async(slow)
    await worker.run(grace_seconds=5)

    assert finished == ["finished"]


async def test_a_payload_that_does_not_fit_is_not_settled_before() -> None:
    """Nothing has run, so nothing is lost: there is a dead letter."""
    bus = InMemoryServiceBus()
    old, new = (Boilermaker([], bus, queue="jobs") for _ in range(2))

    async def note(state: list[int], x: int) -> None:
        raise NotImplementedError

    async def changed(state: list[int], x: str) -> None:
        raise NotImplementedError

    old.register_async(note, acks_late=False)
    new.register_async(changed, name="note", acks_late=False)
    await old.apply_async(note, 1)
    await new.drain()
    [letter] = bus.dead_letters("jobs")
    assert letter.dead_letter_reason == "InvalidPayload"
