"""The raw Service Bus client receives: locks, settlements that are confirmed, and looking at what is there."""

import time
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from azure.servicebus import ServiceBusMessageState, ServiceBusReceiveMode, ServiceBusSubQueue
from azure.servicebus.exceptions import MessageLockLostError, ServiceBusError

from boilermaker.localbus.server import LocalServiceBus
from bus.rigs import BRIEF_LOCK, new_queue
from localbus.raw import RawClient, body_of, both_halves, message, nothing_comes, opened, take, take_one

pytestmark = pytest.mark.asyncio(loop_scope="session")  # clients close beside the tests that follow

DELETE = ServiceBusReceiveMode.RECEIVE_AND_DELETE


async def test_a_received_message_is_locked_for_the_queues_duration(client: RawClient):
    """Nobody else gets it meanwhile."""
    queue = client.queue
    await client.sender(queue).send_messages(message())
    before = datetime.now(UTC)

    got = await take_one(client.receiver(queue))

    assert timedelta(seconds=59) < got.locked_until_utc - before < timedelta(seconds=65)
    assert (0, ServiceBusMessageState.ACTIVE) == (got.delivery_count, got.state)
    assert abs(got.enqueued_time_utc - before) < timedelta(seconds=5)
    assert await nothing_comes(client.receiver(queue))


async def test_receive_and_delete_needs_no_settlement(client: RawClient, namespace: LocalServiceBus):
    """The message is gone once it is sent."""
    queue = client.queue
    await client.sender(queue).send_messages([message(b"1"), message(b"2")])

    got = await take(client.receiver(queue, receive_mode=DELETE), 2)

    assert [b"1", b"2"] == [body_of(each) for each in got]
    assert 0 == namespace.counts()[queue].active


@both_halves
async def test_a_completed_message_is_gone_once_that_returns(client: RawClient, namespace: LocalServiceBus):
    """Settlements are confirmed: nothing is on its way any more."""
    queue = client.queue
    await client.sender(queue).send_messages(message())
    receiver = client.receiver(queue)
    await receiver.complete_message(await take_one(receiver))

    assert 0 == namespace.counts()[queue].active


@both_halves
async def test_an_abandoned_message_comes_again_and_counts(client: RawClient):
    """At once, with another lock."""
    queue = client.queue
    await client.sender(queue).send_messages(message())
    receiver = client.receiver(queue)
    first = await take_one(receiver)
    await receiver.abandon_message(first)

    again = await take_one(receiver)

    assert (0, 1) == (first.delivery_count, again.delivery_count)
    assert first.sequence_number == again.sequence_number
    assert first.lock_token != again.lock_token


@both_halves
async def test_a_dead_letter_says_why(client: RawClient):
    """In the sub-queue, by the client's own names."""
    queue = client.queue
    await client.sender(queue).send_messages(message(b"bad", application_properties={"kept": 1}))
    receiver = client.receiver(queue)
    await receiver.dead_letter_message(
        await take_one(receiver), reason="Größe", error_description="too " + "very " * 100 + "large"
    )

    dead = await take_one(client.receiver(queue, sub_queue=ServiceBusSubQueue.DEAD_LETTER))

    assert ("Größe", b"bad") == (dead.dead_letter_reason, body_of(dead))
    assert dead.dead_letter_source is None  # for what was forwarded by itself
    assert "too " + "very " * 100 + "large" == dead.dead_letter_error_description
    assert 1 == dead.application_properties[b"kept"]


async def test_a_dead_letter_without_a_reason_has_none(client: RawClient):
    """Absent, not an empty text."""
    queue = client.queue
    await client.sender(queue).send_messages(message())
    receiver = client.receiver(queue)
    await receiver.dead_letter_message(await take_one(receiver))

    dead = await take_one(client.receiver(queue, sub_queue=ServiceBusSubQueue.DEAD_LETTER))

    assert (None, None) == (dead.dead_letter_reason, dead.dead_letter_error_description)


async def test_a_dead_letter_is_settled_like_any_message(client: RawClient, namespace: LocalServiceBus):
    """Abandoned it comes again, as often as one likes; completed it is gone."""
    queue = new_queue("twice")
    await client.sender(queue).send_messages(message())
    receiver = client.receiver(queue)
    await receiver.dead_letter_message(await take_one(receiver))
    dead = client.receiver(queue, sub_queue=ServiceBusSubQueue.DEAD_LETTER)
    for count in range(4):
        held = await take_one(dead)
        assert count == held.delivery_count
        await dead.abandon_message(held)
    await dead.complete_message(await take_one(dead))

    assert 0 == namespace.counts()[queue].dead_letter


@both_halves
async def test_a_deferred_message_is_received_by_its_number(client: RawClient, namespace: LocalServiceBus):
    """It comes no other way, and is settled over the management link."""
    queue = client.queue
    await client.sender(queue).send_messages([message(b"1"), message(b"2"), message(b"3")])
    receiver = client.receiver(queue)
    numbers: list[int] = []
    for held in await take(receiver, 3):
        await receiver.defer_message(held)
        numbers.append(held.sequence_number)
    assert await nothing_comes(receiver)
    assert 3 == namespace.counts()[queue].deferred

    first, second = await receiver.receive_deferred_messages(numbers[:2])
    await receiver.complete_message(first)
    await receiver.dead_letter_message(second, reason="Why", error_description="because")
    [third] = await receiver.receive_deferred_messages(numbers[2])
    await receiver.abandon_message(third)
    [again] = await receiver.receive_deferred_messages(numbers[2])

    assert [b"1", b"2", b"3"] == [body_of(each) for each in (first, second, third)]
    assert (1, ServiceBusMessageState.DEFERRED) == (again.delivery_count, again.state)
    dead = await take_one(client.receiver(queue, sub_queue=ServiceBusSubQueue.DEAD_LETTER))
    assert ("Why", "because") == (dead.dead_letter_reason, dead.dead_letter_error_description)


async def test_a_deferred_message_that_is_not_there_is_not_found(client: RawClient):
    """Active ones are not deferred ones."""
    queue = client.queue
    await client.sender(queue).send_messages(message())

    with pytest.raises(ServiceBusError, match="no deferred message has the sequence number 1"):
        await client.receiver(queue).receive_deferred_messages([1])


async def test_a_deferred_message_may_be_deleted_as_it_comes(client: RawClient, namespace: LocalServiceBus):
    """By a receiver in that mode."""
    queue = client.queue
    await client.sender(queue).send_messages(message(b"x"))
    receiver = client.receiver(queue)
    held = await take_one(receiver)
    await receiver.defer_message(held)

    [got] = await client.receiver(queue, receive_mode=DELETE).receive_deferred_messages(
        [held.sequence_number]
    )

    assert b"x" == body_of(got)
    assert 0 == namespace.counts()[queue].deferred


@both_halves
async def test_a_renewed_lock_lasts_from_now_on(client: RawClient):
    """The client's message knows until when."""
    queue = client.queue
    await client.sender(queue).send_messages(message())
    receiver = client.receiver(queue)
    held = await take_one(receiver)
    first = held.locked_until_utc

    until = await receiver.renew_message_lock(held)

    assert first < until == held.locked_until_utc
    await receiver.complete_message(held)


async def test_a_lock_that_runs_out_counts_a_delivery(client: RawClient):
    """And the message comes again without anybody's doing."""
    queue = new_queue("brief")
    await client.sender(queue).send_messages(message())
    receiver = client.receiver(queue)
    first = await take_one(receiver)

    again = await take_one(receiver)

    assert (0, 1) == (first.delivery_count, again.delivery_count)
    assert again.locked_until_utc - first.locked_until_utc >= BRIEF_LOCK


@both_halves
async def test_a_settlement_after_the_lock_was_lost_is_refused_by_the_bus(
    client: RawClient, namespace: LocalServiceBus
):
    """The answer is the broker's: the client's own look at its clock is put off."""
    queue = new_queue("brief")
    await client.sender(queue).send_messages([message() for _ in range(5)])
    receiver = client.receiver(queue)
    lost = await take(receiver, 5)
    for each in await take(client.receiver(queue), 5):
        await receiver.renew_message_lock(each)
    for each in lost:  # the client's idea of the end of the lock
        vars(each)["_expiry"] = datetime.now(UTC) + timedelta(hours=1)

    for use, each in zip(
        ("complete_message", "abandon_message", "dead_letter_message", "defer_message", "renew_message_lock"),
        lost,
        strict=True,
    ):
        with pytest.raises(MessageLockLostError, match="it expired, or the message was already settled"):
            await getattr(receiver, use)(each)

    assert 5 == namespace.counts()[queue].locked


async def test_the_last_delivery_that_fails_makes_a_dead_letter(client: RawClient):
    """With the reason that Service Bus gives."""
    queue = new_queue("twice")
    await client.sender(queue).send_messages(message(b"poison"))
    receiver = client.receiver(queue)
    for _ in range(2):
        await receiver.abandon_message(await take_one(receiver))

    dead = await take_one(client.receiver(queue, sub_queue=ServiceBusSubQueue.DEAD_LETTER))

    assert ("MaxDeliveryCountExceeded", 2) == (dead.dead_letter_reason, dead.delivery_count)
    assert await nothing_comes(receiver)


async def test_a_message_that_outlives_its_time_is_a_dead_letter(client: RawClient):
    """`time_to_live`, in milliseconds on the wire."""
    queue = client.queue
    await client.sender(queue).send_messages(message(time_to_live=timedelta(milliseconds=300)))

    dead = await take_one(client.receiver(queue, sub_queue=ServiceBusSubQueue.DEAD_LETTER))

    assert "TTLExpiredException" == dead.dead_letter_reason


@both_halves
async def test_peeking_locks_nothing(client: RawClient):
    """Whatever the state, from any number on, and as often as one likes."""
    queue = client.queue
    sender, receiver = client.sender(queue), client.receiver(queue)
    await sender.send_messages([message(b"1"), message(b"2"), message(b"3")])
    await take_one(client.receiver(queue))

    assert [b"1", b"2"] == [body_of(each) for each in await receiver.peek_messages(2)]
    assert [b"3"] == [body_of(each) for each in await receiver.peek_messages(2)]  # it goes on where it was
    [second] = await receiver.peek_messages(1, sequence_number=2)
    assert (b"2", 0, None) == (body_of(second), second.delivery_count, second.lock_token)
    assert [] == await receiver.peek_messages(5, sequence_number=4)


async def test_an_empty_queue_is_waited_for_as_long_as_asked(client: RawClient):
    """An empty list then, no error."""
    receiver = await opened(client.receiver(new_queue()))
    started = time.monotonic()

    assert [] == await receiver.receive_messages(5, 0.3)

    assert 0.25 <= time.monotonic() - started < 2


@both_halves
async def test_iterating_ends_when_nothing_comes(client: RawClient):
    """`max_wait_time` of the receiver."""
    queue = client.queue
    await client.sender(queue).send_messages([message(b"1"), message(b"2")])
    receiver = await opened(client.receiver(queue, max_wait_time=0.6))

    assert [b"1", b"2"] == await _iterated(receiver.wrapped)


@both_halves
async def test_a_receiver_with_prefetch_gets_everything_once(client: RawClient, namespace: LocalServiceBus):
    """Credit is given anew while messages come."""
    queue = client.queue
    bodies = [str(number).encode() for number in range(120)]
    await client.sender(queue).send_messages([message(body) for body in bodies])
    receiver = client.receiver(queue, prefetch_count=50)
    got: list[bytes] = []
    while len(got) < len(bodies):
        for held in await receiver.receive_messages(30, 5):
            await receiver.complete_message(held)
            got.append(body_of(held))

    assert bodies == got
    assert 0 == namespace.counts()[queue].active


async def test_a_deferred_message_has_its_lock_token_in_its_annotations(client: RawClient):
    """It came by no transfer whose tag could be the token: older clients cannot settle it otherwise."""
    queue = client.queue
    await client.sender(queue).send_messages(message())
    receiver = client.receiver(queue)
    await receiver.defer_message(held := await take_one(receiver))

    [deferred] = await receiver.receive_deferred_messages(held.sequence_number)

    annotations = deferred.raw_amqp_message.delivery_annotations
    assert {b"x-opt-lock-token": deferred.lock_token} == annotations
    await receiver.complete_message(deferred)


async def test_a_message_that_was_not_forwarded_has_no_earlier_sequence_number(client: RawClient):
    """The service says 0."""
    await client.sender(client.queue).send_messages(message())

    assert 0 == (await take_one(client.receiver(client.queue))).enqueued_sequence_number


async def test_the_queue_of_dead_letters_of_transfers_is_there(client: RawClient):
    """Nothing is forwarded here: it is empty."""
    receiver = client.receiver(client.queue, sub_queue=ServiceBusSubQueue.TRANSFER_DEAD_LETTER)

    assert [] == await receiver.peek_messages(5)
    assert await nothing_comes(receiver)


async def test_two_requests_with_one_delivery_id_are_both_answered(client: RawClient):
    """Threads that share a receiver race for the next id (AutoLockRenewer beside one who settles)."""
    queue = client.queue
    await client.sender(queue).send_messages(message())
    receiver = client.receiver(queue)
    held = await take_one(receiver)
    await receiver.renew_message_lock(held)
    [requests] = receiver.wrapped._handler._mgmt_links.values()
    requests._mgmt_link._request_link._session.next_outgoing_id -= 1

    await receiver.renew_message_lock(held)
    await receiver.renew_message_lock(held)
    await receiver.complete_message(held)


@both_halves
async def test_closing_gives_back_what_was_prefetched(client: RawClient):
    """Uncounted, and at once: the client drains the link and releases."""
    queue = client.queue
    await client.sender(queue).send_messages([message() for _ in range(10)])
    receiver = client.receiver(queue, prefetch_count=10)
    await receiver.complete_message(await take_one(receiver))
    await receiver.close()

    got = await take(client.receiver(queue), 9)

    assert {0} == {each.delivery_count for each in got}


@both_halves
async def test_closing_an_idle_receiver_is_quick(client: RawClient):
    """Draining a link without messages is answered at once; the client itself takes some tenths of a second."""
    queue = client.queue
    await client.sender(queue).send_messages(message())
    for receiver in (client.receiver(queue), client.receiver(queue, prefetch_count=20)):
        await opened(receiver)
        if receiver.wrapped._prefetch_count == 0:
            await receiver.complete_message(await take_one(receiver))
        started = time.monotonic()
        await receiver.close()
        assert time.monotonic() - started < 2.5


@both_halves
async def test_a_session_queue_is_refused(client: RawClient):
    """With the text of Service Bus, to a receiver of either kind; a sender must name a session."""
    queue = new_queue("session")
    with pytest.raises(ServiceBusError, match="requires sessions"):
        await client.receiver(queue).receive_messages(1, 1)
    with pytest.raises(ServiceBusError, match="does not serve sessions"):
        await client.receiver(queue, session_id="s").receive_messages(1, 1)
    with pytest.raises(ServiceBusError, match="The SessionId was not set on a message"):
        await client.sender(queue).send_messages(message())


async def test_sessions_of_a_queue_without_are_refused(client: RawClient):
    """As Service Bus does."""
    with pytest.raises(ServiceBusError, match=r"does not require sessions\. Ensure RequiresSession is set"):
        await client.receiver(new_queue(), session_id="s").receive_messages(1, 1)


async def _iterated(receiver: Any) -> list[bytes]:
    if hasattr(receiver, "__aiter__"):
        return [body_of(each) async for each in receiver]
    return [body_of(each) for each in receiver]
