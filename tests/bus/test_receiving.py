"""What every bus does with what is received: locks, settlements, deliveries that count and those that do not."""

from datetime import UTC, datetime, timedelta

import pytest

from boilermaker.errors import LockLostError, QueueNotFoundError, SessionQueueError
from boilermaker.transport.port import Receiver
from bus.rigs import BRIEF_LOCK, Rig, many, message, new_queue, one, take_all


async def _is_empty(receiver: Receiver) -> bool:
    return not await take_all(receiver)


async def test_an_empty_queue_gives_nothing(rig: Rig) -> None:
    """Once the wait is over."""
    assert not await rig.bus.receiver(new_queue()).receive(10, 0.05)


async def test_no_more_come_than_were_asked_for_and_the_rest_stays_free(rig: Rig) -> None:
    """What was not asked for goes to another receiver at once."""
    queue = new_queue()
    await rig.send(queue, b"1", b"2", b"3")

    first = await many(rig.bus.receiver(queue), 2)
    rest = await many(rig.reopen().receiver(queue), 1)

    assert [b"1", b"2", b"3"] == [each.body for each in (*first, *rest)]


async def test_a_locked_message_is_nobody_elses(rig: Rig) -> None:
    """It has a lock that ends in the future, and a time at which it came."""
    queue = new_queue()
    await rig.send(queue, b"1")
    before = rig.bus.clock.now()

    got = await one(rig.bus.receiver(queue))

    assert got.locked_until > before
    assert got.enqueued_time is not None
    assert abs(got.enqueued_time - before) < timedelta(minutes=1)
    assert await _is_empty(rig.reopen().receiver(queue))


@pytest.mark.parametrize("is_confirmed", [True, False])
async def test_a_completed_message_is_gone(rig: Rig, is_confirmed: bool) -> None:
    """And leaves no dead letter."""
    queue = new_queue("brief")
    await rig.send(queue, b"1")
    receiver = rig.bus.receiver(queue)

    await receiver.complete(await one(receiver), confirmed=is_confirmed)
    rig.let_pass(BRIEF_LOCK * 2)

    assert await _is_empty(receiver)
    assert not await rig.dead_letters(queue)


async def test_an_abandoned_message_comes_again_and_counts_a_delivery(rig: Rig) -> None:
    """At once, not when its lock would have ended."""
    queue = new_queue()
    await rig.send(queue, b"1")
    receiver = rig.bus.receiver(queue)

    first = await one(receiver)
    await receiver.abandon(first)
    again = await one(receiver)

    assert (0, 1) == (first.delivery_count, again.delivery_count)
    assert first.sequence_number == again.sequence_number


async def test_a_released_message_comes_again_and_counts_none(rig: Rig) -> None:
    """As if it had not been delivered."""
    queue = new_queue()
    await rig.send(queue, b"1")
    receiver = rig.bus.receiver(queue)

    await receiver.release(await one(receiver))
    again = await one(receiver)

    assert 0 == again.delivery_count


async def test_a_dead_letter_says_why(rig: Rig) -> None:
    """Reason and description are properties of what is in the sub-queue; it can be received and removed there."""
    queue = new_queue()
    await rig.bus.sender(queue).send(message(b"1", message_id="poison"))
    receiver = rig.bus.receiver(queue)

    await receiver.dead_letter(await one(receiver), "InvalidPayload", "email: expected `str`")
    sub_queue = rig.bus.receiver(f"{queue}/$deadletterqueue")
    dead = await one(sub_queue)

    assert ("poison", b"1") == (dead.message_id, dead.body)
    assert "InvalidPayload" == dead.properties["DeadLetterReason"]
    assert "email: expected `str`" == dead.properties["DeadLetterErrorDescription"]
    assert await _is_empty(receiver)
    await sub_queue.complete(dead)
    assert await _is_empty(sub_queue)


async def test_a_message_that_is_delivered_too_often_is_buried_by_the_bus(rig: Rig) -> None:
    """With the reason that Service Bus gives."""
    queue = new_queue("twice")
    await rig.send(queue, b"1")
    receiver = rig.bus.receiver(queue)

    for _ in range(2):
        await receiver.abandon(await one(receiver))

    [dead] = await rig.dead_letters(queue)
    assert "MaxDeliveryCountExceeded" == dead.properties["DeadLetterReason"]
    assert await _is_empty(receiver)


async def test_a_lock_that_ends_gives_the_message_to_another_and_counts(rig: Rig) -> None:
    """Settling with the lost lock is refused, whatever the settlement."""
    queue = new_queue("brief")
    await rig.send(queue, b"1")
    receiver = rig.bus.receiver(queue)
    lost = await one(receiver)

    rig.let_pass(BRIEF_LOCK * 1.1)
    again = await one(rig.reopen().receiver(queue))

    assert 1 == again.delivery_count
    for settle in (receiver.complete, receiver.abandon, receiver.renew_lock):
        with pytest.raises(LockLostError):
            await settle(lost)
    with pytest.raises(LockLostError):
        await receiver.dead_letter(lost, "InvalidPayload", "late")


async def test_a_renewed_lock_ends_later(rig: Rig) -> None:
    """And the message can be settled after its first lock would have ended."""
    queue = new_queue()
    await rig.send(queue, b"1")
    receiver = rig.bus.receiver(queue)
    got = await one(receiver)
    before = got.locked_until

    rig.let_pass(timedelta(seconds=20))
    until = await receiver.renew_lock(got)

    assert until > before
    assert until.utcoffset() == timedelta(0)
    await receiver.complete(got)
    assert await _is_empty(receiver)


async def test_settling_twice_is_refused(rig: Rig) -> None:
    """The lock went with the first settlement."""
    queue = new_queue()
    await rig.send(queue, b"1")
    receiver = rig.bus.receiver(queue)
    got = await one(receiver)

    await receiver.complete(got)

    with pytest.raises(LockLostError):
        await receiver.complete(got)


async def test_a_scheduled_message_comes_when_it_is_time(rig: Rig) -> None:
    """Not before."""
    queue = new_queue()
    soon = rig.bus.clock.now() + timedelta(seconds=0.5)
    await rig.bus.sender(queue).send(message(b"later", scheduled_enqueue_time=soon))
    receiver = rig.bus.receiver(queue)
    assert not await receiver.receive(1, 0.05)

    rig.let_pass(timedelta(seconds=0.6))

    assert b"later" == (await one(receiver)).body
    assert rig.bus.clock.now() >= soon.astimezone(UTC) - timedelta(milliseconds=50)


async def test_a_receiver_that_is_stopped_brings_nothing_and_still_settles(rig: Rig) -> None:
    """What it had fetched ahead is free for others, and no delivery was counted."""
    queue = new_queue()
    await rig.send(queue, b"1", b"2", b"3")
    receiver = rig.bus.receiver(queue, prefetch=10)
    first = await many(receiver, 1)

    await receiver.stop()
    rest = await many(rig.reopen().receiver(queue), 2)
    await receiver.complete(first[0])

    assert [(b"2", 0), (b"3", 0)] == sorted((each.body, each.delivery_count) for each in rest)


async def test_fetching_ahead_can_be_given_up(rig: Rig) -> None:
    """What was fetched is free for others; the receiver goes on, a message at a time."""
    queue = new_queue()
    await rig.send(queue, b"1", b"2", b"3")
    receiver = rig.bus.receiver(queue, prefetch=10)
    await many(receiver, 1)

    await receiver.set_prefetch(0)
    other = await many(rig.reopen().receiver(queue), 1)
    mine = await many(receiver, 1)

    assert [(b"2", 0), (b"3", 0)] == sorted((each.body, each.delivery_count) for each in (*other, *mine))


async def test_closing_gives_back_what_was_not_handed_out(rig: Rig) -> None:
    """And receiving again reconnects."""
    queue = new_queue()
    await rig.send(queue, b"1", b"2")
    receiver = rig.bus.receiver(queue, prefetch=10)
    await many(receiver, 1)

    await receiver.close()
    again = await many(receiver, 1)

    assert [(b"2", 0)] == [(each.body, each.delivery_count) for each in again]


async def test_a_queue_that_is_not_there_is_named(rig: Rig) -> None:
    """When it is opened."""
    with pytest.raises(QueueNotFoundError, match="nowhere"):
        await rig.bus.receiver("nowhere").open()


async def test_a_queue_with_sessions_is_refused(rig: Rig) -> None:
    """When it is opened, with what to do."""
    with pytest.raises(SessionQueueError, match="session"):
        await rig.bus.receiver(new_queue("session")).open()


async def test_times_are_in_utc(rig: Rig) -> None:
    """With tzinfo, as the port says."""
    queue = new_queue()
    await rig.send(queue, b"1")

    got = await one(rig.bus.receiver(queue))

    assert got.enqueued_time is not None
    for moment in (got.locked_until, got.enqueued_time, rig.bus.clock.now()):
        assert isinstance(moment, datetime)
        assert moment.utcoffset() == timedelta(0)
