"""The raw Service Bus client sends: what arrives, what is refused, what is scheduled."""

import math
import uuid
from datetime import UTC, datetime, timedelta
from typing import Any, cast

import pytest
from azure.servicebus import ServiceBusMessageState
from azure.servicebus._pyamqp.error import TokenAuthFailure
from azure.servicebus._pyamqp.message import Header
from azure.servicebus.amqp import (
    AmqpAnnotatedMessage,
    AmqpMessageBodyType,
    AmqpMessageHeader,
    AmqpMessageProperties,
)
from azure.servicebus.exceptions import (
    MessageSizeExceededError,
    ServiceBusAuthenticationError,
    ServiceBusError,
)

from bus.rigs import SMALL_SIZE, new_queue
from localbus.raw import RawClient, body_of, both_halves, message, nothing_comes, take, take_one

pytestmark = pytest.mark.asyncio(loop_scope="session")  # clients close beside the tests that follow

MOMENT = datetime(2030, 5, 6, 7, 8, 9, 123000, tzinfo=UTC)


@both_halves
async def test_one_message_a_list_and_a_batch_arrive_in_order(client: RawClient):
    """The three ways that the client has to send."""
    queue = client.queue
    sender = client.sender(queue)
    batch = await sender.create_message_batch()
    batch.add_message(message(b"4"))
    batch.add_message(message(b"5"))
    await sender.send_messages(message(b"1"))
    await sender.send_messages([message(b"2"), message(b"3")])
    await sender.send_messages(batch)

    got = await take(client.receiver(queue), 5)

    assert [b"1", b"2", b"3", b"4", b"5"] == [body_of(each) for each in got]
    assert [1, 2, 3, 4, 5] == [each.sequence_number for each in got]


async def test_a_batch_of_one_is_one_message(client: RawClient):
    """It is told by the transfer's message format, however many messages it has."""
    queue = client.queue
    await client.sender(queue).send_messages([message(b"only", subject="s")])

    got = await take_one(client.receiver(queue))

    assert (b"only", "s") == (body_of(got), got.subject)


async def test_a_body_that_is_a_message_stays_a_body(client: RawClient):
    """Somebody archives encoded messages: nothing but the transfer's message format makes a batch."""
    queue = client.queue
    archived = b"\x00Ss\xc0\x07\x01\xa1\x05inner\x00Su\xa0\x01x"
    await client.sender(queue).send_messages(message(archived, message_id="outer"))

    got = await take_one(client.receiver(queue))

    assert ("outer", archived) == (got.message_id, body_of(got))


async def test_a_batch_whose_envelope_has_a_header_is_a_batch(client: RawClient):
    """The JavaScript client and rhea write one."""
    queue = client.queue
    sender = client.sender(queue)
    batch = await sender.create_message_batch()
    batch.add_message(message(b"1"))
    batch.add_message(message(b"2"))
    batch._message[0] = Header(durable=True)
    await sender.send_messages(batch)

    assert [b"1", b"2"] == [body_of(each) for each in await take(client.receiver(queue), 2)]


async def test_delivery_annotations_come_to_the_receiver(client: RawClient):
    """The client writes them behind the body; only the lock token is the broker's own."""
    queue = client.queue
    sent = AmqpAnnotatedMessage(
        data_body=b"x",
        delivery_annotations={"mine": "kept", "x-opt-lock-token": "forged"},
        properties=AmqpMessageProperties(subject=b"s"),
    )
    await client.sender(queue).send_messages(sent)

    got = await take_one(client.receiver(queue))

    found = got.raw_amqp_message.delivery_annotations
    assert {b"mine": b"kept", b"x-opt-lock-token": got.lock_token} == found
    assert ("s", b"x") == (got.subject, body_of(got))


@both_halves
async def test_a_large_message_arrives_whole(client: RawClient):
    """It travels in several frames."""
    queue = client.queue
    body = bytes(range(256)) * 1000
    await client.sender(queue).send_messages(message(body))

    assert body == body_of(await take_one(client.receiver(queue)))


async def test_a_batch_knows_the_size_that_the_queue_takes(client: RawClient):
    """The client asks the link, and refuses what does not fit before it is sent."""
    sender = client.sender(new_queue("small"))
    batch = await sender.create_message_batch()

    assert SMALL_SIZE == batch.max_size_in_bytes
    with pytest.raises(MessageSizeExceededError):
        batch.add_message(message(b"x" * SMALL_SIZE))


@both_halves
async def test_a_message_that_is_too_large_is_refused_and_the_link_serves_on(client: RawClient):
    """A little too large, or far more than the bus is willing to keep."""
    queue = new_queue("small")
    sender = client.sender(queue)
    for size in (SMALL_SIZE, 3 * SMALL_SIZE, 300_000):
        with pytest.raises(MessageSizeExceededError, match="8,192"):
            await sender.send_messages(message(b"x" * size))
    await sender.send_messages(message(b"fits"))

    assert b"fits" == body_of(await take_one(client.receiver(queue)))


async def test_an_id_that_is_too_long_is_refused(client: RawClient):
    """The client looks only at its own messages' ids; the bus at all."""
    sender = client.sender(new_queue())
    properties = AmqpMessageProperties(message_id="i" * 129)

    with pytest.raises(ServiceBusError, match="at most 128 characters"):
        await sender.send_messages(AmqpAnnotatedMessage(data_body=b"x", properties=properties))


@both_halves
async def test_every_name_of_a_message_arrives(client: RawClient):
    """What the client lets a sender set by name."""
    queue = client.queue
    names: dict[str, Any] = {
        "message_id": "id-of-it",
        "correlation_id": "workflow",
        "subject": "create_user",
        "content_type": "application/json",
        "reply_to": "answers",
        "to": "somebody",
        "session_id": "group",
        "reply_to_session_id": "answers-group",
        "partition_key": "group",
        "time_to_live": timedelta(hours=2),
    }
    await client.sender(queue).send_messages(message(**names))

    got = await take_one(client.receiver(queue))

    assert names == {name: getattr(got, name) for name in names}
    assert got.enqueued_time_utc is not None
    assert got.expires_at_utc == got.enqueued_time_utc + timedelta(hours=2)


PROPERTIES: dict[str, Any] = {
    "text": "größe",
    "empty": "",
    "long text": "x" * 300,
    "bytes": b"\x00\x01",
    "int": 7,
    "negative": -(2**31),
    "largest": 2**31 - 1,
    "float": 0.1,
    "infinite": math.inf,
    "true": True,
    "false": False,
    "none": None,
    "uuid": uuid.UUID(int=2**127 + 1),
}


@both_halves
async def test_every_type_of_application_property_arrives(client: RawClient):
    """With its type: texts come as bytes, which is the client's own reading."""
    queue = client.queue
    await client.sender(queue).send_messages(message(application_properties=PROPERTIES))

    got = (await take_one(client.receiver(queue))).application_properties

    assert got is not None
    expected = {
        name.encode(): value.encode() if isinstance(value, str) else value
        for name, value in PROPERTIES.items()
    }
    assert expected == got
    assert {key: type(value) for key, value in expected.items()} == {
        key: type(value) for key, value in got.items()
    }


async def test_a_property_that_is_a_moment_arrives(client: RawClient):
    """As milliseconds since 1970: the client writes a timestamp and reads a number."""
    queue = client.queue
    await client.sender(queue).send_messages(message(application_properties={"when": MOMENT}))

    got = (await take_one(client.receiver(queue))).application_properties

    assert {b"when": int(MOMENT.timestamp() * 1000)} == got


VALUES: list[Any] = [
    True,
    b"bytes",
    "text",
    12,
    -(2**31),
    1.5,
    [1, "two", [3]],
    {"key": {"inner": [None, False]}},
    uuid.UUID(int=7),
]


async def test_a_value_body_arrives(client: RawClient):
    """Any AMQP value; texts come as bytes, as with properties."""
    queue = client.queue
    sender = client.sender(queue)
    for value in VALUES:
        await sender.send_messages(AmqpAnnotatedMessage(value_body=value))

    got = await take(client.receiver(queue), len(VALUES))

    assert {AmqpMessageBodyType.VALUE} == {each.body_type for each in got}
    assert [_read(value) for value in VALUES] == [each.body for each in got]


async def test_a_sequence_body_arrives(client: RawClient):
    """One section or several."""
    queue = client.queue
    sender = client.sender(queue)
    await sender.send_messages(AmqpAnnotatedMessage(sequence_body=[1, "two", b"three"]))
    await sender.send_messages(AmqpAnnotatedMessage(sequence_body=[[1, 2], ["three"]]))

    first, second = await take(client.receiver(queue), 2)

    assert AmqpMessageBodyType.SEQUENCE == first.body_type
    assert [[1, b"two", b"three"]] == list(first.body)
    assert [[1, 2], [b"three"]] == list(second.body)


async def test_a_body_of_several_sections_arrives(client: RawClient):
    """Data sections stay apart."""
    queue = client.queue
    await client.sender(queue).send_messages(AmqpAnnotatedMessage(data_body=[b"one", b"", b"three"]))

    got = await take_one(client.receiver(queue))

    assert AmqpMessageBodyType.DATA == got.body_type
    assert [b"one", b"", b"three"] == list(got.body)


@both_halves
async def test_whatever_the_client_takes_for_a_body_arrives(client: RawClient):
    """Texts, bytes, nothing."""
    queue = client.queue
    await client.sender(queue).send_messages([message(body) for body in ("größe", b"", b"\xff", None)])

    bodies = [each.body for each in await take(client.receiver(queue), 4)]

    assert ["größe".encode(), b"", b"\xff"] == [b"".join(body) for body in bodies[:3]]
    assert bodies[3] is None


async def test_sections_that_only_amqp_knows_arrive(client: RawClient):
    """Header, annotations and footer of an annotated message."""
    queue = client.queue
    sent = AmqpAnnotatedMessage(
        data_body=b"x",
        header=AmqpMessageHeader(durable=True, priority=7),
        annotations={"x-opt-own": "note"},
        footer={"sum": 12},
    )
    await client.sender(queue).send_messages(sent)

    got = (await take_one(client.receiver(queue))).raw_amqp_message

    assert (True, 7) == (got.header and (got.header.durable, got.header.priority))
    assert b"note" == (got.annotations or {})[b"x-opt-own"]
    assert {b"sum": 12} == got.footer


async def test_a_received_message_can_be_sent_on(client: RawClient):
    """The broker's annotations are written anew: nobody can forge a sequence number."""
    here, there = new_queue(), new_queue()
    await client.sender(here).send_messages([message(b"first"), message(b"x", subject="s")])
    got = (await take(client.receiver(here), 2))[1]
    await client.sender(there).send_messages(got)

    again = await take_one(client.receiver(there))

    assert (b"x", "s", 2, 1) == (body_of(again), again.subject, got.sequence_number, again.sequence_number)
    assert again.lock_token != got.lock_token


async def test_a_repeated_id_is_accepted_and_dropped(client: RawClient):
    """Also within a batch, and when it is scheduled."""
    queue = client.queue
    sender = client.sender(queue)
    await sender.send_messages(message(b"first", message_id="same"))
    await sender.send_messages([message(b"second", message_id="same"), message(b"other")])
    await sender.send_messages(message(b"third", message_id="same"))
    receiver = client.receiver(queue)

    assert [b"first", b"other"] == [body_of(each) for each in await take(receiver, 2)]
    assert await nothing_comes(receiver)


@both_halves
async def test_a_scheduled_message_comes_when_it_is_due(client: RawClient):
    """Through the operation, or with the property of an ordinary send."""
    queue = client.queue
    sender, receiver = client.sender(queue), client.receiver(queue)
    assert await nothing_comes(receiver)
    due = datetime.now(UTC) + timedelta(seconds=0.7)
    [number] = await sender.schedule_messages(message(b"operation"), due)
    await sender.send_messages(message(b"property", scheduled_enqueue_time_utc=due))
    waiting = await receiver.peek_messages(10)

    got = await take(receiver, 2)

    assert number == waiting[0].sequence_number
    assert [ServiceBusMessageState.SCHEDULED] * 2 == [each.state for each in waiting]
    assert {b"operation", b"property"} == {body_of(each) for each in got}
    assert datetime.now(UTC) >= due.replace(microsecond=due.microsecond // 1000 * 1000)
    assert all(each.sequence_number > 2 for each in got)


@both_halves
async def test_scheduled_messages_are_cancelled_by_their_numbers(client: RawClient):
    """One or several; what is not scheduled is not found."""
    queue = client.queue
    sender = client.sender(queue)
    due = datetime.now(UTC) + timedelta(hours=1)
    numbers = await sender.schedule_messages([message(b"1"), message(b"2"), message(b"3")], due)
    await sender.cancel_scheduled_messages(numbers[0])
    await sender.cancel_scheduled_messages(numbers[1:2])

    left = await client.receiver(queue).peek_messages(10)

    assert [b"3"] == [body_of(each) for each in left]
    assert due - left[0].scheduled_enqueue_time_utc < timedelta(milliseconds=1)
    with pytest.raises(ServiceBusError, match="no scheduled message has the sequence number 1"):
        await sender.cancel_scheduled_messages(numbers[0])


async def test_a_queue_that_is_not_there_is_named(client: RawClient):
    """To a sender, a receiver and one who peeks."""
    for use in (
        lambda: client.sender("nowhere").send_messages(message()),
        lambda: client.receiver("nowhere/$deadletterqueue").receive_messages(1, 1),
        lambda: client.receiver("nowhere").peek_messages(),
    ):
        with pytest.raises(ServiceBusAuthenticationError) as raised:  # the service refuses the token for it
            await use()
        cause = raised.value.inner_exception
        assert isinstance(cause, TokenAuthFailure)
        assert 404 == cause.status_code
        assert "nowhere" in str(cause)


async def test_nobody_sends_to_a_dead_letter_queue(client: RawClient):
    """Messages get there by being dead-lettered."""
    with pytest.raises(ServiceBusError, match="cannot be sent"):
        await client.sender(f"{new_queue()}/$deadletterqueue").send_messages(message())


def _read(value: Any) -> Any:
    """A value as the client reads it: texts are bytes."""
    if isinstance(value, str):
        return value.encode()
    if isinstance(value, list):
        return [_read(each) for each in cast("list[Any]", value)]
    if isinstance(value, dict):
        return {_read(key): _read(each) for key, each in cast("dict[Any, Any]", value).items()}
    return value
