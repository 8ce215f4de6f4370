"""What every bus does with what is sent."""

import asyncio
from datetime import UTC, datetime, timedelta

import pytest

from boilermaker.errors import BusError, MessageTooLargeError, QueueNotFoundError
from bus.rigs import SMALL_SIZE, Rig, many, message, new_queue, one, take_all


async def test_a_message_arrives_as_it_was_sent(rig: Rig) -> None:
    """Body, names and properties survive the way, each with its type."""
    queue = new_queue()
    properties = {"text": "größe", "count": 7, "ratio": 0.5, "is_late": True, "negative": -(2**31)}
    sent = message(b'{"a": "\xc3\xa9"}', subject="create_user", correlation_id="wf-1", properties=properties)

    await rig.bus.sender(queue).send(sent)
    got = await one(rig.bus.receiver(queue))

    assert (sent.body, sent.message_id, "create_user", "wf-1") == (
        got.body,
        got.message_id,
        got.subject,
        got.correlation_id,
    )
    assert properties == dict(got.properties)
    assert {key: type(value) for key, value in properties.items()} == {
        key: type(value) for key, value in got.properties.items()
    }


async def test_a_message_without_names_has_none(rig: Rig) -> None:
    """What was left empty is absent, not an empty text."""
    queue = new_queue()
    await rig.bus.sender(queue).send(message())

    got = await one(rig.bus.receiver(queue))

    assert (None, None, {}) == (got.subject, got.correlation_id, dict(got.properties))


async def test_any_bytes_are_a_body(rig: Rig) -> None:
    """Bodies are opaque: not text, not JSON, perhaps empty."""
    queue = new_queue()
    bodies = [b"", bytes(range(256)), b"\x00Su\xa0\x01x"]
    await rig.send(queue, *bodies)

    assert bodies == [each.body for each in await many(rig.bus.receiver(queue), 3)]


async def test_what_the_sender_does_later_changes_nothing(rig: Rig) -> None:
    """A sent message is on the bus, not shared with the sender."""
    queue, properties = new_queue(), {"attempt": 1}
    await rig.bus.sender(queue).send(message(properties=properties))
    properties["attempt"] = 2

    assert {"attempt": 1} == dict((await one(rig.bus.receiver(queue))).properties)


async def test_messages_sent_together_arrive_in_their_order(rig: Rig) -> None:
    """And get rising sequence numbers."""
    queue = new_queue()
    bodies = [str(number).encode() for number in range(300)]
    await rig.send(queue, *bodies)

    got = await many(rig.bus.receiver(queue), 300)

    assert bodies == [each.body for each in got]
    numbers = [each.sequence_number for each in got]
    assert sorted(set(numbers)) == numbers


async def test_sending_no_messages_is_fine(rig: Rig) -> None:
    """An empty list is no error, and puts nothing into the queue."""
    queue = new_queue()
    await rig.bus.sender(queue).send_many([])

    assert [] == await take_all(rig.bus.receiver(queue))


async def test_a_hundred_coroutines_send_through_one_sender(rig: Rig) -> None:
    """The SDK's sender forbids it; the port promises it."""
    queue = new_queue()
    sender = rig.bus.sender(queue)
    bodies = [str(number).encode() for number in range(100)]

    await asyncio.gather(*(sender.send(message(body)) for body in bodies))

    assert sorted(bodies) == sorted(each.body for each in await many(rig.bus.receiver(queue), 100))


async def test_a_repeated_message_id_is_accepted_and_dropped(rig: Rig) -> None:
    """Duplicate detection compares the id alone, also within one batch."""
    queue = new_queue()
    sender = rig.bus.sender(queue)
    await sender.send(message(b"first", message_id="same"))
    await sender.send_many([message(b"second", message_id="same"), message(b"other")])

    assert [b"first", b"other"] == [each.body for each in await take_all(rig.bus.receiver(queue))]


async def test_a_repeated_id_is_dropped_after_the_first_was_completed(rig: Rig) -> None:
    """The window remembers ids, not messages: a repeated publish stays a repeat."""
    queue = new_queue()
    receiver = rig.bus.receiver(queue)
    await rig.bus.sender(queue).send(message(message_id="same"))
    await receiver.complete(await one(receiver))
    await rig.bus.sender(queue).send(message(message_id="same"))

    assert [] == await take_all(receiver)


async def test_queues_do_not_share_their_ids(rig: Rig) -> None:
    """Detection works per queue."""
    queues = [new_queue(), new_queue()]
    for queue in queues:
        await rig.bus.sender(queue).send(message(queue.encode(), message_id="same"))

    assert queues == [(await one(rig.bus.receiver(queue))).body.decode() for queue in queues]


async def test_without_detection_a_repeat_is_another_message(rig: Rig) -> None:
    """A queue that was created without it keeps both."""
    queue = new_queue("careless")
    sender = rig.bus.sender(queue)
    await sender.send(message(b"1", message_id="same"))
    await sender.send(message(b"2", message_id="same"))

    assert [b"1", b"2"] == [each.body for each in await many(rig.bus.receiver(queue), 2)]


async def test_a_scheduled_message_comes_when_it_is_due(rig: Rig) -> None:
    """Not before, and behind what was sent meanwhile."""
    queue, delay = new_queue(), timedelta(seconds=1)
    sender, receiver = rig.bus.sender(queue), rig.bus.receiver(queue)
    await sender.open()
    await receiver.open()
    due = rig.bus.clock.now() + delay
    await sender.send(message(b"later", scheduled_enqueue_time=due))
    await sender.send(message(b"now"))
    assert [b"now"] == [each.body for each in await receiver.receive(10, 0.3)]

    rig.let_pass(delay)
    late = await one(receiver)

    assert b"later" == late.body
    assert rig.bus.clock.now() >= due
    assert late.enqueued_time is not None
    assert abs(late.enqueued_time - due) < timedelta(seconds=0.5)


async def test_a_message_scheduled_for_the_past_comes_at_once(rig: Rig) -> None:
    """A clock that is a little wrong delays nothing."""
    queue = new_queue()
    past = datetime(2020, 1, 1, tzinfo=UTC)
    await rig.bus.sender(queue).send(message(b"late", scheduled_enqueue_time=past))

    assert b"late" == (await one(rig.bus.receiver(queue))).body


async def test_a_duplicate_of_a_scheduled_message_is_dropped(rig: Rig) -> None:
    """The first publish wins, even while it waits."""
    queue, delay = new_queue(), timedelta(seconds=0.6)
    sender = rig.bus.sender(queue)
    await sender.open()
    due = rig.bus.clock.now() + delay
    await sender.send(message(b"scheduled", message_id="same", scheduled_enqueue_time=due))
    await sender.send(message(b"direct", message_id="same"))
    rig.let_pass(delay)
    receiver = rig.bus.receiver(queue)

    assert b"scheduled" == (await one(receiver)).body
    assert [] == await take_all(receiver)


async def test_a_sender_knows_its_limit_once_it_is_open(rig: Rig) -> None:
    """Publishing compares with it before anything is sent."""
    sender = rig.bus.sender(new_queue("small"))
    await sender.open()

    assert SMALL_SIZE == sender.max_message_size


async def test_properties_count_toward_the_size(rig: Rig) -> None:
    """A body that would fit alone is refused with its properties."""
    queue = new_queue("small")
    sender = rig.bus.sender(queue)
    body, text = b"x" * (SMALL_SIZE - 1000), "y" * 900

    with pytest.raises(MessageTooLargeError, match=queue):
        await sender.send(message(body, properties={"text": text}, subject="s" * 120))
    await sender.send(message(body))

    assert [body] == [each.body for each in await take_all(rig.bus.receiver(queue))]


async def test_a_message_that_is_too_large_harms_no_other(rig: Rig) -> None:
    """Its sender learns it; who sends at the same time does not."""
    queue = new_queue("small")
    sender = rig.bus.sender(queue)
    await sender.open()

    outcomes = await asyncio.gather(
        sender.send(message(b"before")),
        sender.send(message(b"x" * (SMALL_SIZE + 1))),
        sender.send(message(b"after")),
        return_exceptions=True,
    )

    assert [None, MessageTooLargeError, None] == [each and type(each) for each in outcomes]
    assert [b"after", b"before"] == sorted(each.body for each in await take_all(rig.bus.receiver(queue)))


async def test_a_message_id_has_a_limit(rig: Rig) -> None:
    """128 characters pass, 129 are refused and not worth a repeat."""
    queue = new_queue()
    sender = rig.bus.sender(queue)
    await sender.send(message(message_id="i" * 128))

    with pytest.raises(BusError) as caught:
        await sender.send(message(message_id="i" * 129))

    assert not caught.value.is_transient
    assert ["i" * 128] == [each.message_id for each in await take_all(rig.bus.receiver(queue))]


async def test_an_unknown_queue_is_named(rig: Rig) -> None:
    """The error says which queue, and that asking again will not help."""
    for use in (
        lambda: rig.bus.sender("no-such-queue").open(),
        lambda: rig.bus.sender("no-such-queue").send(message()),
        lambda: rig.bus.receiver("no-such-queue").open(),
    ):
        with pytest.raises(QueueNotFoundError, match="no-such-queue") as caught:
            await use()
        assert ("no-such-queue", False) == (caught.value.queue, caught.value.is_transient)
