"""A worker that is told to stop does stop, whatever its transport is in the middle of."""

import asyncio
import contextlib
from datetime import datetime, timedelta

from boilermaker import InMemoryServiceBus
from boilermaker.transport.memory import MemoryReceiver
from boilermaker.transport.port import Delivery, OutgoingMessage
from boilermaker.worker.locks import LockKeeper


class SwallowingReceiver(MemoryReceiver):
    """Swallows a cancellation in the middle of a renewal, as azure-servicebus does."""

    def __init__(self, bus: InMemoryServiceBus, queue: str) -> None:
        super().__init__(bus, queue)
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
