"""A bus that falls silent without a word: connections stay open, and nothing comes any more."""

import asyncio
import time
from collections.abc import AsyncIterator, Iterator

import pytest

from boilermaker.localbus.server import LocalServiceBus
from boilermaker.transport.servicebus import connect
from boilermaker.transport.servicebus.bus import AzureServiceBus
from boilermaker.transport.servicebus.pyamqp import connection, send, settle
from transport.wires import message


@pytest.fixture
def local() -> Iterator[LocalServiceBus]:
    """A bus of its own, for it freezes."""
    with LocalServiceBus(["jobs"]) as local:
        yield local


@pytest.fixture
async def bus(local: LocalServiceBus, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[AzureServiceBus]:
    """One that is impatient: half a second of silence is too long."""
    monkeypatch.setattr(connect, "SILENCE_SECONDS", 0.5)
    monkeypatch.setattr(connection, "_CARE_SECONDS", 0.1)
    bus = AzureServiceBus.from_connection_string(local.connection_string)
    yield bus
    await bus.close()


async def test_a_receiver_that_hears_nothing_connects_anew(
    local: LocalServiceBus, bus: AzureServiceBus
) -> None:
    """An idle queue is silent too, but the service sends heartbeats; a connection without them is given up."""
    receiver = bus.receiver("jobs")
    await receiver.open()
    waiting = asyncio.create_task(receiver.receive(1, 20))
    await asyncio.sleep(0)
    local.faults.add("now=freeze")
    await bus.sender("jobs").send(message(b"after"))

    assert [b"after"] == [delivery.body for delivery in await waiting]


async def test_an_idle_queue_is_not_taken_for_a_silent_bus(
    local: LocalServiceBus, bus: AzureServiceBus
) -> None:
    """Heartbeats come: one connection does for many times the longest silence."""
    receiver = bus.receiver("jobs")
    await receiver.open()
    with local.faults.add("attach=busy") as again:
        assert [] == await receiver.receive(1, 2)

    assert 0 == again.count


async def test_a_blocked_event_loop_is_not_taken_for_a_silent_bus(
    local: LocalServiceBus, bus: AzureServiceBus
) -> None:
    """What came meanwhile waits in the socket."""
    receiver = bus.receiver("jobs")
    await receiver.open()
    with local.faults.add("attach=busy") as again:
        for _ in range(3):
            time.sleep(0.8)  # noqa: ASYNC251 - that is what the test is about
            assert [] == await receiver.receive(1, 0.15)

    assert 0 == again.count


async def test_a_settlement_that_a_silent_bus_does_not_answer_goes_another_way(
    local: LocalServiceBus, bus: AzureServiceBus, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By its lock token, over a new connection."""
    monkeypatch.setattr(connect, "SILENCE_SECONDS", 60.0)
    monkeypatch.setattr(settle, "_ANSWER_SECONDS", 0.5)
    await bus.sender("jobs").send(message(b"one"))
    receiver = bus.receiver("jobs")
    [one] = await receiver.receive(1, 5)
    local.faults.add("now=freeze")
    async with asyncio.timeout(20):
        await receiver.complete(one)

    assert 0 == local.counts()["jobs"].active


async def test_a_message_that_a_silent_bus_does_not_accept_goes_over_another_connection(
    local: LocalServiceBus, bus: AzureServiceBus, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Once, where the first one was never stored; the duplicate detection drops the second where it was."""
    monkeypatch.setattr(send, "TRY_TIMEOUT_SECONDS", 0.5)
    sender = bus.sender("jobs")
    await sender.send(message(b"warm"))
    local.faults.add("now=freeze")
    await sender.send(message(b"one"))
    with local.faults.add("send=lose,times=1"):
        await sender.send(message(b"two"))
    await sender.send_many([message(b"three"), message(b"four")])

    assert 5 == local.counts()["jobs"].active
