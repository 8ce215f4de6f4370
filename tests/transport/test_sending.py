"""Sending over real sockets: what is put together, what is kept apart."""

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import pytest
from azure.servicebus.aio import ServiceBusClient

from boilermaker.errors import BusError, MessageRefusedError, MessageTooLargeError, QueueNotFoundError
from boilermaker.localbus.server import LocalServiceBus
from boilermaker.transport.port import OutgoingMessage
from boilermaker.transport.servicebus import attach as servicebus_attach
from boilermaker.transport.servicebus.bus import AzureServiceBus
from boilermaker.transport.servicebus.connect import confirm_attached
from boilermaker.transport.servicebus.message import Encoded, encode
from boilermaker.transport.servicebus.pyamqp.send import Writer
from transport.wires import Wire, end, message


async def test_a_message_arrives_with_all_that_it_had(bus: AzureServiceBus, queue: str) -> None:
    """Application properties come back as text, though the SDK hands them over as bytes."""
    sent = OutgoingMessage(
        body=b'{"a":1}',
        message_id="id-1",
        subject="create_user",
        correlation_id="workflow-1",
        properties={"text": "größe", "number": 7, "share": 0.5, "flag": True},
    )
    before = datetime.now(UTC)
    await bus.sender(queue).send(sent)

    [delivery] = await bus.receiver(queue).receive(1, 5)

    assert (b'{"a":1}', "id-1", "create_user", "workflow-1") == (
        delivery.body,
        delivery.message_id,
        delivery.subject,
        delivery.correlation_id,
    )
    assert {"text": "größe", "number": 7, "share": 0.5, "flag": True} == delivery.properties
    assert (1, 0) == (delivery.sequence_number, delivery.delivery_count)
    assert delivery.enqueued_time is not None
    assert delivery.enqueued_time >= before - timedelta(seconds=1)
    assert delivery.locked_until > delivery.enqueued_time


async def test_sends_that_wait_leave_together(
    bus: AzureServiceBus, queue: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A hundred coroutines cost a few round trips, not a hundred."""
    write, batches = Writer.send, []

    def counted(self: Writer, messages: Sequence[Encoded]) -> asyncio.Future[None]:
        batches.append(len(messages))
        return write(self, messages)

    monkeypatch.setattr(Writer, "send", counted)
    sender = bus.sender(queue)

    await asyncio.gather(*(sender.send(message()) for _ in range(100)))

    assert len(batches) < 5
    assert 100 == sum(batches) == len(await _bodies(bus, queue, 100))


async def test_each_caller_keeps_its_order(bus: AzureServiceBus, queue: str) -> None:
    """Whoever sends one after the other finds them in the queue so."""
    sender = bus.sender(queue)

    async def caller(name: str) -> None:
        for number in range(20):
            await sender.send(message(f"{name}{number:02}".encode()))

    await asyncio.gather(caller("a"), caller("b"), caller("c"))
    bodies = await _bodies(bus, queue, 60)

    for name in ("a", "b", "c"):
        own = [body for body in bodies if body.startswith(name)]
        assert [f"{name}{number:02}" for number in range(20)] == own


async def test_many_messages_are_split_by_size_and_stay_in_order(bus: AzureServiceBus, queue: str) -> None:
    """More than fits in a batch, in one call."""
    sent = [f"{number:03}" + "x" * 20_000 for number in range(40)]

    await bus.sender(queue).send_many([message(body.encode()) for body in sent])

    assert [body[:3] for body in sent] == [body[:3] for body in await _bodies(bus, queue, 40)]


async def test_a_message_too_large_fails_alone(bus: AzureServiceBus, queue: str) -> None:
    """Those that would have left with it arrive."""
    sender = bus.sender(queue)
    sizes = [10, 300_000, 100_000, 100_000, 100_000, 20]

    results = await asyncio.gather(
        *(sender.send(message(b"x" * size)) for size in sizes), return_exceptions=True
    )

    assert [type(None), MessageTooLargeError, *[type(None)] * 4] == [type(result) for result in results]
    assert [10, 20, 100_000, 100_000, 100_000] == sorted(len(body) for body in await _bodies(bus, queue, 5))


async def test_each_message_of_a_call_has_a_fate_of_its_own(bus: AzureServiceBus, queue: str) -> None:
    """Also where the bus refuses a batch for one of them, and where one cannot be written at all."""
    sent = [message(f"{number}".encode()) for number in range(300)]
    sent[0] = message(b"x" * 300_000)
    sent[150] = message(b"refused", message_id="i" * 129)
    sent[151] = OutgoingMessage(body=b"odd", message_id="odd", properties={"what": object()})  # type: ignore[dict-item]

    fates = await bus.sender(queue).send_many(sent)

    assert {0: MessageTooLargeError, 150: MessageRefusedError, 151: MessageRefusedError} == {
        number: type(fate) for number, fate in enumerate(fates) if fate is not None
    }
    assert {str(number) for number in range(300)} - {"0", "150", "151"} == set(await _bodies(bus, queue, 297))
    assert [] == await bus.receiver(queue).receive(1, 0.1)


async def test_a_queue_that_takes_no_batches_gets_each_message_by_itself(
    namespace: LocalServiceBus, bus: AzureServiceBus, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A partitioned queue with duplicate detection. The link is remembered: it refuses a few batches, and none after them."""
    write, batches = Writer.send, []

    def counted(self: Writer, messages: Sequence[Encoded]) -> asyncio.Future[None]:
        batches.append(len(messages))
        return write(self, messages)

    monkeypatch.setattr(Writer, "send", counted)
    sender = bus.sender("partitioned")

    assert {None} == set(await sender.send_many([message(f"{number}".encode()) for number in range(500)]))
    refused = [size for size in batches if size > 1]
    assert 0 < len(refused) <= 8
    assert 500 == len(namespace.queues["partitioned"].messages())

    batches.clear()
    assert {None} == set(await sender.send_many([message() for _ in range(100)]))
    assert [1] * 100 == batches
    assert sorted(map(str, range(500))) == sorted((await _bodies(bus, "partitioned", 600))[:500])


async def test_a_batch_has_a_megabyte_at_most_however_large_a_message_may_be(
    bus: AzureServiceBus, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As Premium has it, whose messages may have 100 MB; a larger one leaves by itself."""
    write, batches = Writer.send, []

    def counted(self: Writer, messages: Sequence[Encoded]) -> asyncio.Future[None]:
        batches.append((len(messages), sum(len(each.data) for each in messages)))
        return write(self, messages)

    monkeypatch.setattr(Writer, "send", counted)
    sizes = [900_000, 100, 100, 900_000, 3_000_000, 100, 100]

    await bus.sender("large").send_many([message(b"x" * size) for size in sizes])

    assert [3, 1, 1, 2] == [count for count, _ in batches]
    assert all(size <= 1024 * 1024 for count, size in batches if count > 1)
    assert sizes == [len(body) for body in await _bodies(bus, "large", len(sizes))]


async def test_properties_that_service_bus_answers_with_an_internal_error_are_refused_before(
    bus: AzureServiceBus, queue: str
) -> None:
    """One of more than 32 KB, or more than 64 KB in all: nobody could tell its answer from one that passes."""
    large = [
        OutgoingMessage(body=b"large", message_id="1", properties={"it": "x" * 33_000}),
        OutgoingMessage(body=b"many", message_id="2", properties={str(n): "x" * 9_000 for n in range(8)}),
        OutgoingMessage(body=b"fine", message_id="3", properties={str(n): "x" * 9_000 for n in range(7)}),
    ]

    fates = await bus.sender(queue).send_many(large)

    assert [MessageRefusedError, MessageRefusedError, type(None)] == [type(fate) for fate in fates]
    assert ["fine"] == await _bodies(bus, queue, 1)


async def test_a_scheduled_message_comes_when_it_is_due(bus: AzureServiceBus, queue: str) -> None:
    """By a property of an ordinary send, among others that are not scheduled."""
    due = datetime.now(UTC) + timedelta(seconds=1)
    later = OutgoingMessage(body=b"later", message_id="later", scheduled_enqueue_time=due)
    await bus.sender(queue).send_many([later, message(b"now")])
    receiver = bus.receiver(queue)

    [first] = await receiver.receive(1, 5)
    [second] = await receiver.receive(1, 5)

    assert (b"now", b"later") == (first.body, second.body)
    assert datetime.now(UTC) >= due


async def test_the_size_limit_is_known_once_open(bus: AzureServiceBus, queue: str) -> None:
    """As the queue tells it: 256 KB on the Standard tier."""
    sender = bus.sender(queue)

    await sender.open()

    assert 262_144 == sender.max_message_size


async def test_a_caller_that_gives_up_takes_its_message_back(bus: AzureServiceBus, queue: str) -> None:
    """As long as it waits for its turn."""
    sender = bus.sender(queue)
    kept = asyncio.create_task(sender.send(message(b"kept")))
    dropped = asyncio.create_task(sender.send(message(b"dropped")))
    await asyncio.sleep(0)  # both wait for the connection now
    dropped.cancel()
    await kept

    assert ["kept"] == await _bodies(bus, queue, 1)
    assert [] == await bus.receiver(queue).receive(1, 0.1)


async def test_a_property_that_amqp_cannot_carry_is_refused_for_its_sender_only(
    bus: AzureServiceBus, queue: str
) -> None:
    """The message that leaves beside it is not held up."""
    sender = bus.sender(queue)
    odd = OutgoingMessage(body=b"odd", message_id="odd", properties={"it": object()})  # type: ignore[dict-item]

    results = await asyncio.gather(sender.send(message(b"fine")), sender.send(odd), return_exceptions=True)

    assert [type(None), MessageRefusedError] == [type(result) for result in results]
    assert ["fine"] == await _bodies(bus, queue, 1)


async def test_sending_after_close_connects_again(bus: AzureServiceBus, queue: str) -> None:
    """Closing twice is fine too."""
    sender = bus.sender(queue)
    await sender.send(message(b"one"))
    await sender.close()
    await sender.close()
    await sender.send(message(b"two"))

    assert ["one", "two"] == await _bodies(bus, queue, 2)


async def test_a_queue_that_is_not_there_is_found_out_when_opened(bus: AzureServiceBus) -> None:
    """And again by each send."""
    sender = bus.sender("nope")

    with pytest.raises(QueueNotFoundError, match="'nope'"):
        await sender.open()
    with pytest.raises(QueueNotFoundError):
        await sender.send(message())


async def test_sending_goes_on_after_the_connection_was_cut(
    wired_bus: AzureServiceBus, bus: AzureServiceBus, wire: Wire, queue: str
) -> None:
    """The SDK connects again; the caller notices a delay."""
    sender = wired_bus.sender(queue)
    await sender.send(message(b"before"))
    await wire.cut()

    await sender.send(message(b"after"))

    assert ["before", "after"] == await _bodies(bus, queue, 2)


@pytest.mark.parametrize("what", ["link", "session", "connection"])
async def test_sending_goes_on_after_the_service_ended(
    namespace: LocalServiceBus, bus: AzureServiceBus, queue: str, what: str
) -> None:
    """A link that was idle, a session, the whole connection."""
    sender = bus.sender(queue)
    await sender.send(message(b"before"))
    end(namespace, queue, what)

    await sender.send(message(b"after"))

    assert ["before", "after"] == await _bodies(bus, queue, 2)


async def test_what_was_under_way_when_the_connection_was_cut_is_sent_again_in_its_order(
    wired_bus: AzureServiceBus, bus: AzureServiceBus, wire: Wire, queue: str
) -> None:
    """With the same ids: the queue drops what it had accepted already."""
    sender = wired_bus.sender(queue)
    await sender.open()
    sent = [f"{number:03}" for number in range(300)]
    sending = [asyncio.create_task(sender.send(message(body.encode()))) for body in sent]
    await asyncio.wait(sending, return_when=asyncio.FIRST_COMPLETED)
    await wire.cut()
    await asyncio.gather(*sending)

    assert sent == await _bodies(bus, queue, 300)
    assert [] == await bus.receiver(queue).receive(1, 0.1)


async def test_more_than_the_service_gave_credit_for_waits_for_it(
    namespace: LocalServiceBus, bus: AzureServiceBus, queue: str
) -> None:
    """The local bus lets a thousand be under way."""
    async with (
        ServiceBusClient.from_connection_string(namespace.connection_string) as service,
        service.get_queue_sender(queue) as sender,
    ):
        await confirm_attached(sender)
        writer = Writer(sender)
        sent = [message(str(number).encode()) for number in range(2500)]
        fates = [writer.send([Encoded(each, encode(each))]) for each in sent]

        await asyncio.gather(*fates)
        await writer.close()

    assert [str(number) for number in range(2500)] == await _bodies(bus, queue, 2500)


async def test_another_version_of_the_sdk_is_written_through_its_public_methods(
    bus: AzureServiceBus, queue: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """Slower, and said once; each message learns its own fate all the same."""

    def changed(_: object) -> None:
        raise AttributeError("'Link' object has no attribute 'delivery_count'")

    monkeypatch.setattr(servicebus_attach, "Writer", changed)
    sender = bus.sender(queue)

    results = await asyncio.gather(
        *(sender.send(message(b"x" * size)) for size in (10, 300_000, 20)),
        sender.send(message(b"long", message_id="i" * 129)),
        return_exceptions=True,
    )

    assert [type(None), MessageTooLargeError, type(None), MessageRefusedError] == [
        type(each) for each in results
    ]
    assert [10, 20] == [len(body) for body in await _bodies(bus, queue, 2)]
    assert "unknown version of azure-servicebus" in caplog.text


async def test_nobody_there_is_a_transient_fault(
    namespace: object, wired_bus: AzureServiceBus, wire: Wire
) -> None:
    """After the SDK's own repeats; all who wait learn it."""
    await wire.disconnect()
    sender = wired_bus.sender("accounts")

    results = await asyncio.gather(*(sender.send(message()) for _ in range(3)), return_exceptions=True)

    assert [(BusError, True)] * 3 == [(type(each), getattr(each, "is_transient", None)) for each in results]
    assert "secret" not in str(results)


async def _bodies(bus: AzureServiceBus, queue: str, count: int) -> list[str]:
    """Receive and complete `count` messages."""
    receiver, bodies = bus.receiver(queue, prefetch=count), []
    while len(bodies) < count:
        deliveries = await receiver.receive(count, 5)
        assert deliveries, f"only {len(bodies)} of {count} messages came"
        for delivery in deliveries:
            bodies.append(delivery.body.decode())
            await receiver.complete(delivery)
    return bodies
