"""Looking at a queue without taking anything out of it."""

from datetime import timedelta
from typing import Any

import pytest
from proton import Message, char, decimal32, decimal64, decimal128, symbol
from proton.utils import BlockingConnection

from boilermaker.errors import QueueNotFoundError
from boilermaker.localbus.server import LocalServiceBus
from boilermaker.transport.servicebus.bus import AzureServiceBus
from bus.rigs import Rig, many, message, new_queue, one


async def test_peeked_messages_are_as_they_were_sent(rig: Rig) -> None:
    """Body, names, properties and sequence numbers, in the order of those numbers."""
    queue = new_queue()
    await rig.bus.sender(queue).send(
        message(b"one", subject="create_user", correlation_id="wf-1", properties={"count": 7})
    )
    await rig.send(queue, b"two")

    first, second = await rig.bus.receiver(queue).peek(10)

    assert (b"one", "create_user", "wf-1", {"count": 7}) == (
        first.body,
        first.subject,
        first.correlation_id,
        dict(first.properties),
    )
    assert b"two" == second.body
    assert 0 < first.sequence_number < second.sequence_number
    assert first.enqueued_time is not None


@pytest.mark.parametrize("value", [char("x"), decimal32(1), decimal64(1), decimal128(b"\1" * 16)])
async def test_a_property_of_any_type_hides_no_message(value: object, local_bus: LocalServiceBus) -> None:
    """The SDK's decoder has never heard of some, and loses all messages of a page for one."""
    queue = new_queue()
    connection: Any = BlockingConnection(f"127.0.0.1:{local_bus.port}", timeout=10)
    sender = connection.create_sender(queue)
    sender.send(
        Message(
            body=b"odd", inferred=True, properties={"odd": value, "kept": 1}, annotations={symbol("x"): value}
        )
    )
    sender.send(Message(body=b"next", id="next"))
    connection.close()
    bus = AzureServiceBus.from_connection_string(local_bus.connection_string)

    odd, following = await bus.receiver(queue).peek(10)

    await bus.close()
    assert (b"odd", 1, 1) == (odd.body, odd.sequence_number, odd.properties["kept"])
    assert ("next", 2) == (following.message_id, following.sequence_number)


async def test_peeking_locks_nothing_and_counts_no_delivery(rig: Rig) -> None:
    """Another receiver gets the message at once, for the first time."""
    queue = new_queue()
    await rig.send(queue, b"one")

    for _ in range(3):
        assert 1 == len(await rig.bus.receiver(queue).peek(10))
    got = await one(rig.bus.receiver(queue))

    assert (b"one", 0) == (got.body, got.delivery_count)


async def test_peeking_goes_on_from_a_sequence_number(rig: Rig) -> None:
    """Page by page, to the end; the same receiver may go back."""
    queue, receiver = new_queue(), None
    await rig.send(queue, *(b"%d" % number for number in range(7)))
    receiver = rig.bus.receiver(queue)

    seen: list[bytes] = []
    following = 1
    while page := await receiver.peek(3, following):
        seen.extend(each.body for each in page)
        following = page[-1].sequence_number + 1

    assert [b"%d" % number for number in range(7)] == seen
    assert b"0" == (await receiver.peek(1))[0].body


async def test_locked_and_scheduled_messages_can_be_peeked(rig: Rig) -> None:
    """What a receiver cannot get now is there all the same."""
    queue = new_queue()
    await rig.send(queue, b"locked")
    receiver = rig.bus.receiver(queue)
    held = await one(receiver)
    later = rig.bus.clock.now() + timedelta(hours=1)
    await rig.bus.sender(queue).send(message(b"scheduled", scheduled_enqueue_time=later))

    assert [b"locked", b"scheduled"] == [each.body for each in await receiver.peek(10)]
    await receiver.complete(held)
    assert [b"scheduled"] == [each.body for each in await receiver.peek(10)]


async def test_a_dead_letter_is_peeked_with_its_reason(rig: Rig) -> None:
    """Reason and description are application properties."""
    queue = new_queue()
    await rig.send(queue, b"one", b"two")
    receiver = rig.bus.receiver(queue)
    for delivery in await many(receiver, 2):
        await receiver.dead_letter(delivery, "TaskFailed", "no such account")

    dead = await rig.bus.receiver(f"{queue}/$deadletterqueue").peek(10)

    assert [("TaskFailed", "no such account")] * 2 == [
        (each.properties["DeadLetterReason"], each.properties["DeadLetterErrorDescription"]) for each in dead
    ]
    assert [] == await rig.bus.receiver(queue).peek(10)


async def test_peeking_a_queue_that_does_not_exist_says_so(rig: Rig) -> None:
    """The same error as of receiving."""
    with pytest.raises(QueueNotFoundError, match="nowhere"):
        await rig.bus.receiver("nowhere").peek(1)
