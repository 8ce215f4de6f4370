"""Thousands of workflows published while the bus goes away: what the error says is what is in the queue."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Iterator

import pytest

from boilermaker import AzureServiceBus, Boilermaker, Task
from boilermaker.errors import PublishManyError
from boilermaker.localbus.server import LocalServiceBus
from boilermaker.localbus.settings import QueueSettings
from transport.wires import Wire

ITEMS = 4000
IDS = [f"order-{number}" for number in range(ITEMS)]


async def work(state: None, number: int) -> None:
    """What is published; nobody runs it here."""


@pytest.fixture
def bus() -> Iterator[LocalServiceBus]:
    """One queue that detects duplicates."""
    with LocalServiceBus([QueueSettings(name="jobs")]) as bus:
        yield bus


@pytest.fixture
async def wire(bus: LocalServiceBus) -> AsyncIterator[Wire]:
    """The way to the bus."""
    wire = Wire(bus.port)
    await wire.connect()
    yield wire
    await wire.disconnect()


@pytest.fixture
async def worker(bus: LocalServiceBus, wire: Wire) -> AsyncIterator[Boilermaker[None]]:
    """Publishes over the wire."""
    there = bus.connection_string.replace(f":{bus.port}", f":{wire.port}")
    worker = Boilermaker(None, AzureServiceBus.from_connection_string(there), queue="jobs")
    yield worker.register_async(work)
    await worker.close()


def _queued(bus: LocalServiceBus) -> Counter[str | None]:
    return Counter(message.incoming.message_id for message in bus.queues["jobs"].messages())


async def test_cut_connections_are_mended_with_the_same_ids(
    bus: LocalServiceBus, wire: Wire, worker: Boilermaker[None]
) -> None:
    """Cut three times on the way: all are published, each once."""
    cuts: list[asyncio.Task[None]] = []

    def cut(done: int) -> None:
        if done in (500, 1500, 3000):
            cuts.append(asyncio.create_task(wire.cut()))

    items = (worker.create_task(work, number) for number in range(ITEMS))
    assert await worker.client.publish_many(items, ids=IDS, progress=cut) == IDS
    assert len(cuts) == 3
    assert _queued(bus) == Counter(IDS)


async def test_a_bus_that_goes_away_leaves_an_account_that_is_right(
    bus: LocalServiceBus, wire: Wire, worker: Boilermaker[None]
) -> None:
    """What was published is there, what was refused is not, the unknown is nowhere else; a repeat by ids completes it."""
    gone: list[asyncio.Task[None]] = []
    taken: list[str] = []

    def items() -> Iterator[Task[None]]:
        for number, id_ in enumerate(IDS):
            taken.append(id_)
            yield worker.create_task(work, number)

    def go(done: int) -> None:
        if done == 1500:
            loop = asyncio.get_running_loop()
            loop.call_later(0.02, lambda: gone.append(asyncio.create_task(wire.disconnect())))

    with pytest.raises(PublishManyError) as caught:
        await worker.client.publish_many(items(), ids=IDS, progress=go)
    account, queued = caught.value, _queued(bus)
    assert gone
    assert len(account.published) >= 1500
    assert set(account.published) <= set(queued)
    assert not set(account.refused) & set(queued)
    assert {*account.published, *account.refused, *account.unknown} == set(taken)
    assert set(queued) <= {*account.published, *account.unknown}

    await wire.connect()
    left = [id_ for id_ in IDS if id_ not in set(account.published)]
    again = (worker.create_task(work, IDS.index(id_)) for id_ in left)
    assert await worker.client.publish_many(again, ids=left) == left
    assert _queued(bus) == Counter(IDS)
