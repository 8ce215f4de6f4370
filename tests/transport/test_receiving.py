"""Receiving and settling over real sockets."""

import asyncio
import random
import time
from collections.abc import Awaitable, Callable

import pytest
from azure.servicebus.aio import ServiceBusClient
from azure.servicebus.amqp import AmqpAnnotatedMessage

from boilermaker.errors import LockLostError, QueueNotFoundError, SessionQueueError
from boilermaker.localbus.server import LocalServiceBus
from boilermaker.transport.port import Delivery, Receiver
from boilermaker.transport.servicebus import receive as servicebus_receive
from boilermaker.transport.servicebus.bus import AzureServiceBus
from boilermaker.transport.servicebus.plain import PlainReader
from transport.wires import Wire, end, message

Send = Callable[..., Awaitable[None]]


@pytest.fixture
def send(bus: AzureServiceBus, queue: str) -> Send:
    """Put messages with these bodies into the test's queue."""
    sender = bus.sender(queue)

    async def send_bodies(*bodies: bytes) -> None:
        await sender.send_many([message(body) for body in bodies])

    return send_bodies


async def _one(receiver: Receiver) -> Delivery:
    [delivery] = await receiver.receive(1, 5)
    return delivery


async def test_an_empty_queue_is_waited_for_no_longer_than_asked(bus: AzureServiceBus, queue: str) -> None:
    """Empty is an answer, not an error."""
    receiver = bus.receiver(queue)
    await receiver.open()
    started = time.monotonic()

    assert [] == await receiver.receive(10, 0.3)

    assert 0.3 <= time.monotonic() - started < 2


async def test_one_message_is_handed_over_without_waiting_for_more(
    bus: AzureServiceBus, queue: str, send: Send
) -> None:
    """The SDK's own `receive_messages` waits 0.2 s for a second one: too long for each step of a chain."""
    receiver = bus.receiver(queue, prefetch=10)
    await receiver.open()
    await send(b"warm")
    await receiver.receive(1, 5)
    best = float("inf")
    for _ in range(5):
        started = time.monotonic()
        await send(b"one")
        assert 1 == len(await receiver.receive(10, 5))
        best = min(best, time.monotonic() - started)

    assert best < 0.15


async def test_a_receive_under_way_hears_of_a_new_message(
    bus: AzureServiceBus, queue: str, send: Send
) -> None:
    """It need not be asked again."""
    receiver = bus.receiver(queue)
    await receiver.open()
    waiting = asyncio.create_task(receiver.receive(10, 10))
    await asyncio.sleep(0)
    await send(b"late")

    assert [b"late"] == [delivery.body for delivery in await waiting]


async def test_no_more_come_than_were_asked_for(bus: AzureServiceBus, queue: str, send: Send) -> None:
    """Without prefetch the rest stays in the queue, for others."""
    await send(*[b"x"] * 5)
    first = await bus.receiver(queue).receive(2, 5)

    rest = await bus.receiver(queue).receive(5, 5)

    assert (2, 3) == (len(first), len(rest))
    assert [0, 0, 0] == [delivery.delivery_count for delivery in rest]


async def test_without_prefetch_nothing_is_held_for_a_receiver_that_does_not_ask(
    bus: AzureServiceBus, queue: str, send: Send
) -> None:
    """What it asked for and did not get is not sent to it later."""
    idle = bus.receiver(queue)
    await send(b"first")
    assert 1 == len(await idle.receive(10, 5))
    await send(b"second")

    found = await _one(bus.receiver(queue))

    assert (b"second", 0) == (found.body, found.delivery_count)


async def test_a_receive_that_is_cancelled_loses_nothing(
    bus: AzureServiceBus, queue: str, send: Send
) -> None:
    """Shutting down cancels it at any time."""
    receiver = bus.receiver(queue, prefetch=5)
    await receiver.open()
    waiting = asyncio.create_task(receiver.receive(5, 10))
    await asyncio.sleep(0.05)
    waiting.cancel()
    await asyncio.wait([waiting])
    await send(b"kept")

    assert b"kept" == (await _one(receiver)).body


async def test_closing_ends_a_receive_under_way(bus: AzureServiceBus, queue: str) -> None:
    """Empty, and without connecting again."""
    receiver = bus.receiver(queue)
    await receiver.open()
    waiting = asyncio.create_task(receiver.receive(5, 30))
    await asyncio.sleep(0)
    await receiver.close()

    assert [] == await waiting


async def test_fetching_less_ahead_survives_a_cut_connection(
    wired_bus: AzureServiceBus, wire: Wire, queue: str, send: Send
) -> None:
    """The next look at the queue finds out, and reconnects."""
    receiver = wired_bus.receiver(queue, prefetch=20)
    await receiver.open()
    assert not await receiver.receive(1, 0.1)
    await wire.cut()
    await receiver.set_prefetch(5)
    await receiver.set_prefetch(0)
    await send(b"1")
    async with asyncio.timeout(20):
        while not (found := await receiver.receive(1, 1)):
            pass
    assert [b"1"] == [each.body for each in found]


async def test_closing_gives_back_what_was_prefetched(bus: AzureServiceBus, queue: str, send: Send) -> None:
    """Uncounted: ten deploys in a row must not dead-letter anything."""
    await send(*[b"x"] * 20)
    receiver = bus.receiver(queue, prefetch=20)
    held = await receiver.receive(1, 5)
    await receiver.complete(held[0])
    await receiver.close()

    other = bus.receiver(queue, prefetch=20)
    counts: list[int] = []
    while len(counts) < 19:
        found = await other.receive(20, 5)
        assert found, f"only {len(counts)} of 19 came back"
        counts += [delivery.delivery_count for delivery in found]

    assert [0] * 19 == counts


async def test_a_completed_message_is_gone(bus: AzureServiceBus, queue: str, send: Send) -> None:
    """Confirmed or not."""
    await send(b"one", b"two")
    receiver = bus.receiver(queue)
    await receiver.complete(await _one(receiver))
    await receiver.complete(await _one(receiver), confirmed=False)
    await receiver.close()

    # Unconfirmed, the completion is on its way; what it left is not there for anyone.
    assert [] == await bus.receiver(queue).receive(1, 0.3)


async def test_an_abandoned_message_comes_again_and_counts(
    bus: AzureServiceBus, queue: str, send: Send
) -> None:
    """At once, with the delivery counted."""
    await send(b"again")
    receiver = bus.receiver(queue)
    await receiver.abandon(await _one(receiver))

    assert 1 == (await _one(receiver)).delivery_count


async def test_a_released_message_comes_again_and_does_not_count(
    bus: AzureServiceBus, queue: str, send: Send
) -> None:
    """AMQP's `released`, for which the SDK has no public name."""
    await send(b"again")
    receiver = bus.receiver(queue)
    await receiver.release(await _one(receiver))

    assert 0 == (await _one(receiver)).delivery_count


async def test_a_dead_letter_says_why(bus: AzureServiceBus, queue: str, send: Send) -> None:
    """As application properties, where every Service Bus tool shows them."""
    await send(b"bad")
    receiver = bus.receiver(queue)
    await receiver.dead_letter(await _one(receiver), "InvalidPayload", "email: expected str")

    dead = await _one(bus.receiver(f"{queue}/$deadletterqueue"))

    assert ("InvalidPayload", "email: expected str") == (
        dead.properties["DeadLetterReason"],
        dead.properties["DeadLetterErrorDescription"],
    )


async def test_a_renewed_lock_lasts_longer(bus: AzureServiceBus, queue: str, send: Send) -> None:
    """By the lock duration of the queue, from now on."""
    await send(b"slow")
    receiver = bus.receiver(queue)
    delivery = await _one(receiver)
    before = delivery.locked_until

    renewed = await receiver.renew_lock(delivery)

    assert before < renewed == delivery.locked_until
    await receiver.complete(delivery)


@pytest.mark.parametrize("queue", ["brief"], indirect=True)  # locks of one second
async def test_a_lost_lock_is_told_by_whatever_needs_it(bus: AzureServiceBus, queue: str, send: Send) -> None:
    """Each way to settle, confirmed or not, and renewing."""
    await send(*[b"slow"] * 6)
    receiver = bus.receiver(queue, prefetch=6)
    held: list[Delivery] = []
    while len(held) < 6:
        held += await receiver.receive(6, 5)
    await _until_lost(held)

    with pytest.raises(LockLostError):
        await receiver.complete(held[0])
    with pytest.raises(LockLostError):
        await receiver.complete(held[1], confirmed=False)
    with pytest.raises(LockLostError):
        await receiver.abandon(held[2])
    with pytest.raises(LockLostError):
        await receiver.release(held[3])
    with pytest.raises(LockLostError):
        await receiver.dead_letter(held[4], "Why", "because")
    with pytest.raises(LockLostError):
        await receiver.renew_lock(held[5])


async def test_settlements_do_not_wait_for_each_other_or_for_a_receive(
    bus: AzureServiceBus, queue: str, send: Send
) -> None:
    """The bare SDK manages 17 a second with four at a time; these are a hundred while a receive waits."""
    await send(*[b"x"] * 100)
    receiver = bus.receiver(queue, prefetch=100)
    held: list[Delivery] = []
    while len(held) < 100:
        held += await receiver.receive(100, 5)
    waiting = asyncio.create_task(receiver.receive(1, 10))
    started = time.monotonic()
    await asyncio.gather(*(receiver.complete(delivery) for delivery in held))
    elapsed = time.monotonic() - started
    waiting.cancel()

    assert elapsed < 0.8


@pytest.mark.parametrize("queue", ["brief"], indirect=True)  # locks of one second
async def test_a_lost_lock_among_neighbours_is_told_to_its_own_settlement_only(
    bus: AzureServiceBus, queue: str, send: Send
) -> None:
    """They leave as one disposition of a range; the answer is about each."""
    await send(b"1", b"2", b"3")
    receiver = bus.receiver(queue, prefetch=3)
    held: list[Delivery] = []
    while len(held) < 3:
        held += await receiver.receive(3, 5)
    await receiver.renew_lock(held[0])
    lost = held[1].locked_until
    await asyncio.sleep(0.5)
    await receiver.renew_lock(held[0])
    await receiver.renew_lock(held[2])
    await asyncio.sleep(max(0.0, lost.timestamp() - time.time()) + 0.1)

    results = await asyncio.gather(*map(receiver.complete, held), return_exceptions=True)

    assert [type(None), LockLostError, type(None)] == [type(result) for result in results]
    assert b"2" == (await _one(receiver)).body


async def test_settlements_of_each_kind_at_once_do_what_each_asked_for(
    bus: AzureServiceBus, queue: str, send: Send
) -> None:
    """Neighbours with different outcomes are not put together."""
    await send(*[str(number).encode() for number in range(8)])
    receiver = bus.receiver(queue, prefetch=8)
    held: list[Delivery] = []
    while len(held) < 8:
        held += await receiver.receive(8, 5)
    await receiver.set_prefetch(0)

    await asyncio.gather(
        receiver.complete(held[0]),
        receiver.complete(held[1], confirmed=False),
        receiver.abandon(held[2]),
        receiver.complete(held[3]),
        receiver.release(held[4]),
        receiver.dead_letter(held[5], "Why", "because"),
        receiver.complete(held[7]),
        receiver.complete(held[6]),
    )

    back = [await _one(receiver), await _one(receiver)]
    assert {(b"2", 1), (b"4", 0)} == {(each.body, each.delivery_count) for each in back}
    assert [] == await receiver.receive(1, 0.2)
    assert b"5" == (await _one(bus.receiver(f"{queue}/$deadletterqueue"))).body


async def test_a_settlement_repeated_is_refused_and_settles_nothing_else(
    bus: AzureServiceBus, queue: str, send: Send
) -> None:
    """The bus would not answer about a delivery that is settled: it is asked by the lock's token."""
    await send(b"once", b"next")
    receiver = bus.receiver(queue, prefetch=2)
    first = await _one(receiver)
    await receiver.complete(first)

    with pytest.raises(LockLostError):
        await receiver.complete(first)

    assert b"next" == (await _one(receiver)).body


async def test_a_message_of_many_frames_arrives_whole(bus: AzureServiceBus, queue: str, send: Send) -> None:
    """Between small ones, and more than one at a time."""
    bodies = [b"small", random.randbytes(250_000), b"", random.randbytes(200_000), b"last"]
    for body in bodies:
        await send(body)
    receiver = bus.receiver(queue, prefetch=5)
    held: list[Delivery] = []
    while len(held) < 5:
        held += await receiver.receive(5, 5)

    assert bodies == [delivery.body for delivery in held]
    await asyncio.gather(*map(receiver.complete, held))


async def test_a_message_that_cannot_be_read_does_not_keep_others_back(
    namespace: LocalServiceBus, bus: AzureServiceBus, queue: str, send: Send
) -> None:
    """What another producer sends may nest without end: it can be dead-lettered, and the link lives on."""
    nested: object = 1
    for _ in range(50):
        nested = [nested]
    odd = AmqpAnnotatedMessage(data_body=b"odd", annotations={"x-opt-odd": nested})
    async with (
        ServiceBusClient.from_connection_string(namespace.connection_string) as service,
        service.get_queue_sender(queue) as sender,
    ):
        await sender.send_messages(odd)
    await send(b"fine")
    receiver = bus.receiver(queue, prefetch=2)

    unread, fine = await _one(receiver), await _one(receiver)
    await receiver.dead_letter(unread, "UndecodableMessage", "cannot be read")
    await receiver.complete(fine)

    assert (b"", b"fine") == (unread.body, fine.body)
    assert [] == await receiver.receive(1, 0.2)


@pytest.mark.parametrize("what", ["link", "session", "connection"])
async def test_receiving_goes_on_after_the_service_ended(
    namespace: LocalServiceBus, bus: AzureServiceBus, queue: str, send: Send, what: str
) -> None:
    """A link that was idle, a session, the whole connection; what was received is settled by its token."""
    receiver = bus.receiver(queue, prefetch=5)
    await send(b"before")
    held = await _one(receiver)
    waiting = asyncio.create_task(receiver.receive(1, 20))
    await asyncio.sleep(0)
    end(namespace, queue, what)
    await send(b"after")

    assert [b"after"] == [delivery.body for delivery in await waiting]
    await receiver.complete(held)
    with pytest.raises(LockLostError):
        await receiver.renew_lock(held)


async def test_locks_are_renewed_while_others_settle_and_receive(
    bus: AzureServiceBus, queue: str, send: Send
) -> None:
    """Everything that a receiver does, at the same time."""
    await send(*[b"x"] * 30)
    receiver = bus.receiver(queue, prefetch=30)
    held: list[Delivery] = []
    while len(held) < 30:
        held += await receiver.receive(30, 5)
    waiting = asyncio.create_task(receiver.receive(1, 10))
    await asyncio.gather(
        *(receiver.renew_lock(delivery) for delivery in held[:10]),
        *(receiver.complete(delivery) for delivery in held[10:20]),
        *(receiver.release(delivery) for delivery in held[20:]),
    )

    assert 1 == len(await waiting)


@pytest.mark.parametrize(("name", "error"), [("nope", QueueNotFoundError), ("sess", SessionQueueError)])
async def test_a_queue_that_cannot_be_used_is_found_out_when_opened(
    bus: AzureServiceBus, name: str, error: type[Exception]
) -> None:
    """Missing, or one that requires sessions."""
    with pytest.raises(error, match=f"'{name}'"):
        await bus.receiver(name).open()


async def test_receiving_goes_on_after_the_connection_was_cut(
    wired_bus: AzureServiceBus, bus: AzureServiceBus, wire: Wire, queue: str, send: Send
) -> None:
    """The receive that is under way connects again."""
    receiver = wired_bus.receiver(queue)
    await receiver.open()
    waiting = asyncio.create_task(receiver.receive(1, 20))
    await asyncio.sleep(0)
    await wire.cut()
    await send(b"after")

    assert [b"after"] == [delivery.body for delivery in await waiting]


async def test_a_settlement_after_a_reconnect_does_not_settle_another_message(
    wired_bus: AzureServiceBus, bus: AzureServiceBus, wire: Wire, queue: str, send: Send
) -> None:
    """Delivery numbers start again with each connection: message one there, message two here."""
    await send(b"one", b"two")
    receiver = wired_bus.receiver(queue)
    one = await _one(receiver)
    await wire.cut()
    two = await _one(receiver)
    assert (b"one", b"two") == (one.body, two.body)

    await receiver.complete(one)

    assert await receiver.renew_lock(two) > two.enqueued_time
    await receiver.abandon(two)
    assert b"two" == (await _one(receiver)).body


async def test_another_version_of_the_sdk_is_read_through_its_public_methods(
    bus: AzureServiceBus,
    queue: str,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    send: Send,
) -> None:
    """Slower, and said once; a release counts a delivery there."""

    def changed(*_: object) -> None:
        raise AttributeError("'Link' object has no attribute '_on_transfer'")

    monkeypatch.setattr(servicebus_receive, "Reader", changed)
    await send(b"one", b"two", b"three")
    receiver = bus.receiver(queue)
    await receiver.complete(await _one(receiver), confirmed=False)
    await receiver.dead_letter(await _one(receiver), "Why", "because")
    await receiver.release(await _one(receiver))
    again = await _one(receiver)

    assert (b"three", 1) == (again.body, again.delivery_count)
    assert await receiver.renew_lock(again) >= again.locked_until
    assert "unknown version of azure-servicebus" in caplog.text
    assert PlainReader is type(getattr(again, "reader"))  # noqa: B009  # not part of the port


async def _until_lost(deliveries: list[Delivery]) -> None:
    """Wait for the end of the last lock, and a moment for the bus to see it."""
    last = max(delivery.locked_until for delivery in deliveries).timestamp()
    await asyncio.sleep(max(0.0, last - time.time()) + 0.1)
