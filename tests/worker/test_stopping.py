"""A worker that is told to stop does stop, whatever its transport is in the middle of."""

import asyncio
import contextlib
from datetime import datetime, timedelta

import pytest

from boilermaker import Boilermaker, InMemoryServiceBus, Task
from boilermaker.transport.memory.links import MemoryReceiver
from boilermaker.transport.port import Delivery, OutgoingMessage
from boilermaker.worker import ending as ending_module
from boilermaker.worker.ending import Ending
from boilermaker.worker.locks import LockKeeper


class SwallowingReceiver(MemoryReceiver):
    """Swallows a cancellation in the middle of a renewal, as azure-servicebus does."""

    def __init__(self, bus: InMemoryServiceBus, queue: str) -> None:
        super().__init__(bus._namespace, queue)
        self.renewing = asyncio.Event()

    async def renew_lock(self, delivery: Delivery) -> datetime:
        self.renewing.set()
        with contextlib.suppress(asyncio.CancelledError):
            await asyncio.Event().wait()
        return await super().renew_lock(delivery)


async def test_a_cancellation_that_the_sdk_swallows_does_not_keep_the_lock_keeper_running() -> None:
    """Seen with the real client: SIGTERM during a renewal left the worker running for ever."""
    bus = InMemoryServiceBus()
    await bus.sender("tasks").send(OutgoingMessage(body=b"", message_id="m"))
    receiver = SwallowingReceiver(bus, "tasks")
    [delivery] = await receiver.receive(1, 0)
    keeper = LockKeeper(receiver, bus.clock, timedelta(hours=1))
    keeper.watch(delivery, lost=lambda _: None)
    bus.advance(timedelta(seconds=40))
    running = asyncio.create_task(keeper.run())
    await receiver.renewing.wait()

    keeper.stop()
    running.cancel()

    done, _ = await asyncio.wait([running], timeout=5)
    running.cancel()
    assert {running} == done


async def test_a_handler_that_does_not_end_when_it_is_cancelled_does_not_keep_the_worker(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """It is named, its message is given back without a counted delivery, and the worker's end tells of it."""
    monkeypatch.setattr(ending_module, "_CLEAN_UP_SECONDS", 0.05)
    bus = InMemoryServiceBus()
    worker = Boilermaker(None, bus, queue="tasks")
    begun, never, really = asyncio.Event(), asyncio.Event(), asyncio.Event()

    @worker.task
    async def stubborn(state: None) -> None:
        begun.set()
        while not really.is_set():
            with contextlib.suppress(asyncio.CancelledError):
                await never.wait()

    await worker.publish_task(worker.create_task(stubborn))
    running = asyncio.create_task(worker.run(grace_seconds=0.05))
    async with asyncio.timeout(10):
        await begun.wait()
        worker.stop()
        ending = await running
    assert ending == Ending(handled=0, given_back=1, stuck=1)
    assert "1 handlers did not end within 0.05s of being cancelled: stubborn" in caplog.text
    [message] = bus.messages("tasks")
    assert message.delivery_count == 0
    really.set()
    for task in asyncio.all_tasks() - {asyncio.current_task()}:
        task.cancel()


async def test_a_handler_that_returns_when_it_is_cancelled_has_finished() -> None:
    """What it returns is published while the worker stops; nothing is given back."""
    bus = InMemoryServiceBus()
    worker = Boilermaker(None, bus, queue="tasks")
    begun = asyncio.Event()

    @worker.task
    async def quick(state: None) -> None:
        begun.set()
        with contextlib.suppress(asyncio.CancelledError):
            await asyncio.Event().wait()

    @worker.task
    async def fails_to_clean_up(state: None) -> None:
        begun.set()
        try:
            await asyncio.Event().wait()
        finally:
            raise ConnectionError("the pool is closed")

    for handler, ending in ((quick, Ending(handled=1)), (fails_to_clean_up, Ending(handled=1, given_back=1))):
        begun.clear()
        await worker.publish_task(worker.create_task(handler))
        running = asyncio.create_task(worker.run(grace_seconds=0))
        async with asyncio.timeout(10):
            await begun.wait()
            worker.stop()
            assert await running == ending
    [message] = bus.messages("tasks")
    assert message.delivery_count == 0


async def test_many_messages_that_wait_for_one_queue_are_told_of_once(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """The next queue is not there: one line for all of them, none runs, and no delivery is burnt."""
    bus = InMemoryServiceBus("tasks", create_queues=False)
    worker = Boilermaker(None, bus, queue="tasks", forwards_to=["absent"])
    ran: list[int] = []

    @worker.task
    async def work(state: None, number: int) -> None:
        ran.append(number)

    def forwarded(number: int) -> Task[None]:
        first = worker.create_task(work, number)
        first.on_success = worker.create_task(work, 100 + number).options(queue="absent")
        return first

    await worker.client.publish_many([forwarded(number) for number in range(20)])
    running = asyncio.create_task(worker.run(grace_seconds=0))
    async with asyncio.timeout(10):
        while len(bus.scheduled("tasks")) < 20:  # noqa: ASYNC110 - nothing wakes
            await asyncio.sleep(0.01)
        assert worker.health().waits_for == ("the queue absent",)
        worker.stop()
        ending = await running
    assert (ending.given_back, ran) == (0, [])
    assert caplog.text.count("Cannot publish to `absent`, messages for it wait") == 1
    assert {message.delivery_count for message in bus.scheduled("tasks")} == {0}
