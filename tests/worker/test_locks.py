"""Locks are kept side by side; a handler whose lock is lost is cancelled, and what it comes to is dropped."""

import asyncio
import logging
from collections.abc import Callable
from datetime import datetime, timedelta

import pytest

from boilermaker import Boilermaker, InMemoryServiceBus, QueueSettings, attempt, retries
from boilermaker.errors import BusError
from boilermaker.transport.memory.links import MemoryReceiver
from boilermaker.transport.port import Delivery, OutgoingMessage
from boilermaker.worker.locks import LockKeeper

LOCK = timedelta(seconds=60)


class FaultyReceiver(MemoryReceiver):
    """Renews when the test lets it."""

    def __init__(self, bus: InMemoryServiceBus) -> None:
        super().__init__(bus._namespace, "tasks")
        self.stuck: set[str] = set()
        self.is_down = False
        self.tried: list[str] = []

    async def renew_lock(self, delivery: Delivery) -> datetime:
        """Not at all for a stuck one."""
        self.tried.append(delivery.message_id or "")
        if self.is_down:
            raise BusError("the bus is away", queue="tasks", is_transient=True)
        if delivery.message_id in self.stuck:
            await asyncio.Event().wait()
        return await super().renew_lock(delivery)


class Rig:
    """A keeper at work on some messages, and a clock to turn."""

    def __init__(self) -> None:
        self.bus = InMemoryServiceBus(QueueSettings(name="tasks", lock_duration=LOCK))
        self.receiver = FaultyReceiver(self.bus)
        self.keeper = LockKeeper(self.receiver, self.bus.clock, timedelta(hours=1))
        self.lost: list[tuple[str, str]] = []

    async def lock(self, *names: str) -> list[Delivery]:
        """Locked messages, watched."""
        sender = self.bus.sender("tasks")
        await sender.send_many([OutgoingMessage(body=b"", message_id=name) for name in names])
        deliveries = list(await self.receiver.receive(len(names), 0))
        for delivery in deliveries:
            self.keeper.watch(delivery, self._lost(delivery.message_id or ""))
        return deliveries

    def _lost(self, name: str) -> Callable[[str], object]:
        return lambda why: self.lost.append((name, why))

    async def until(self, is_so: Callable[[], bool]) -> None:
        """Let the keeper look; it does so ten times a second."""
        async with asyncio.timeout(10):
            while not is_so():  # noqa: ASYNC110 - there is nothing to be woken by
                await asyncio.sleep(0.01)


async def test_a_renewal_that_takes_long_makes_no_other_wait() -> None:
    """Its own lock is lost when its time is over; the others are renewed."""
    rig = Rig()
    await rig.lock("slow", "a", "b", "c")
    rig.receiver.stuck = {"slow"}
    rig.bus.advance(LOCK * 0.6)
    running = asyncio.create_task(rig.keeper.run())
    await rig.until(lambda: len(rig.receiver.tried) == 4)
    assert not rig.lost
    rig.bus.advance(LOCK * 0.45)
    await rig.until(lambda: bool(rig.lost))
    assert rig.lost == [("slow", "it was not renewed in time")]
    running.cancel()


async def test_renewals_that_fail_are_told_once_and_tried_until_they_work(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Fifty locks and a bus that is away for some tries: one line, and one when it works again."""
    caplog.set_level(logging.INFO)
    rig = Rig()
    await rig.lock(*(f"m{number}" for number in range(50)))
    rig.receiver.is_down = True
    running = asyncio.create_task(rig.keeper.run())
    rig.bus.advance(LOCK * 0.51)
    await rig.until(lambda: len(rig.receiver.tried) == 50)
    rig.bus.advance(LOCK * 0.2)  # each waits for a tenth to a third of what is left
    await rig.until(lambda: len(rig.receiver.tried) == 100)
    rig.receiver.is_down = False
    rig.bus.advance(LOCK * 0.1)
    await rig.until(lambda: "works again" in caplog.text)
    running.cancel()
    assert not rig.lost
    assert [record.getMessage() for record in caplog.records] == [
        "Renewing locks failed, retrying until it works: the bus is away",
        "Renewing locks works again",
    ]


async def test_a_lock_is_given_up_after_the_limit_of_its_task() -> None:
    """Beside one that is kept for as long as the worker says."""
    rig = Rig()
    short, _ = await rig.lock("short", "long")
    rig.keeper.limit(short, timedelta(seconds=50))
    rig.bus.advance(timedelta(seconds=51))
    running = asyncio.create_task(rig.keeper.run())
    await rig.until(lambda: bool(rig.lost))
    running.cancel()
    assert rig.lost == [("short", "it was renewed for 0:00:50, the limit")]


# ---- a whole worker


class Scene:
    """A worker whose handlers lose their locks."""

    def __init__(self) -> None:
        self.bus = InMemoryServiceBus(QueueSettings(name="tasks", lock_duration=timedelta(seconds=2)))
        self.begun, self.go_on = asyncio.Event(), asyncio.Event()
        self.told: list[str] = []

    async def lose(self, worker: Boilermaker["Scene"], caplog: pytest.LogCaptureFixture) -> None:
        """Run until a handler has begun, and let its lock run out; it goes on once the worker has noticed."""
        running = asyncio.create_task(worker.run())
        async with asyncio.timeout(10):
            await self.begun.wait()
            self.bus.advance(timedelta(seconds=3))  # past the lock: the queue takes the message back
            while "again" not in self.told or not {"finished", "cancelled"} & set(self.told):
                if "Lock lost" in caplog.text:
                    self.go_on.set()
                await asyncio.sleep(0.01)
        worker.stop()
        await running


@pytest.mark.parametrize(("cancels", "told"), [(True, "cancelled"), (False, "finished")])
async def test_what_comes_of_a_handler_whose_lock_is_lost_is_dropped(
    cancels: bool, told: str, caplog: pytest.LogCaptureFixture
) -> None:
    """It is cancelled unless its task says otherwise; also a result that it returns in spite of it leads to nothing."""
    scene = Scene()
    worker = Boilermaker(scene, scene.bus, queue="tasks")

    @worker.task(cancel_on_lost_lock=cancels, policy=retries.NoRetry())
    async def work(scene: Scene) -> str:
        if attempt.current().delivery_count:
            scene.told.append("again")
            return "second"
        scene.begun.set()
        try:
            await scene.go_on.wait()
            scene.told.append("finished")
        except asyncio.CancelledError:
            scene.told.append("cancelled")
            assert attempt.cancelled() is attempt.Cause.LOCK_LOST
        return "first"

    @worker.task
    async def after(scene: Scene, result: str) -> None:
        scene.told.append(f"after {result}")

    first = worker.create_task(work)
    await worker.publish_task(first >> worker.create_task(after, first.result.placeholder()))
    await scene.lose(worker, caplog)
    await worker.drain()
    assert [line for line in scene.told if line.startswith("after")] == ["after second"]
    assert told in scene.told
    assert ("continues" if not cancels else "is cancelled") in caplog.text


async def test_the_limit_of_renewal_is_an_option_of_a_task() -> None:
    """Seconds or a timedelta, for the worker as well."""
    worker = Boilermaker(None, InMemoryServiceBus(), queue="tasks", max_lock_renewal=600)

    @worker.task(max_lock_renewal=timedelta(minutes=2))
    async def work(state: None) -> None: ...

    assert worker.registry.get("work") is not None
    found = worker.registry.get("work")
    assert found is not None
    assert found.max_lock_renewal == timedelta(minutes=2)
