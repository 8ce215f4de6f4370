"""What only the bus in memory has: virtual time, and looking without receiving."""

import asyncio
from datetime import timedelta

import pytest

from boilermaker import InMemoryServiceBus
from boilermaker.errors import LockLostError, QueueNotFoundError, SettlementError
from boilermaker.localbus.settings import QueueSettings
from bus.rigs import message, one

MINUTE = timedelta(minutes=1)


async def test_queues_are_made_when_they_are_first_used() -> None:
    """A unit test need not declare what it does not care about."""
    bus = InMemoryServiceBus()
    await bus.sender("any").send(message(b"1"))

    assert [b"1"] == [each.body for each in bus.messages("any")]


async def test_declared_queues_may_be_all_there_are() -> None:
    """The error lists them and says how to declare another."""
    bus = InMemoryServiceBus("accounts", QueueSettings(name="emails"), create_queues=False)
    await bus.sender("emails").open()

    with pytest.raises(
        QueueNotFoundError, match=r"no queue 'orders'; declared queues: accounts, emails\. Declare it"
    ):
        await bus.sender("orders").send(message())


def test_two_queues_of_one_name_are_refused() -> None:
    """Service Bus does not tell case apart."""
    with pytest.raises(ValueError, match="'Accounts'"):
        InMemoryServiceBus("accounts", "Accounts")


async def test_names_are_the_same_in_either_case() -> None:
    """What is sent to `Accounts` is received from `accounts`."""
    bus = InMemoryServiceBus("accounts", create_queues=False)
    await bus.sender("Accounts").send(message(b"1"))

    assert b"1" == (await one(bus.receiver("accounts"))).body


async def test_looking_shows_where_each_message_is() -> None:
    """Active, scheduled and dead letters; what was seen does not change afterwards."""
    bus = InMemoryServiceBus()
    sender, receiver = bus.sender("q"), bus.receiver("q")
    later = bus.clock.now() + MINUTE
    await sender.send(message(b"dead", subject="create_user", correlation_id="wf", properties={"a": 1}))
    await receiver.dead_letter(await one(receiver), "Why", "because")
    await sender.send_many([message(b"now"), message(b"later", scheduled_enqueue_time=later)])

    [now], [due], [dead] = bus.messages("q"), bus.scheduled("q"), bus.dead_letters("q")
    await receiver.abandon(await one(receiver))

    assert (b"now", 0) == (now.body, now.delivery_count)
    assert [1] == [each.delivery_count for each in bus.messages("q")]
    assert (b"later", later) == (due.body, due.scheduled_enqueue_time)
    assert ("create_user", "wf", {"a": 1}, "Why", "because") == (
        dead.subject,
        dead.correlation_id,
        dict(dead.properties),
        dead.dead_letter_reason,
        dead.dead_letter_description,
    )


async def test_time_stands_still_until_it_is_moved() -> None:
    """However long a test takes, no lock runs out and nothing becomes due."""
    bus = InMemoryServiceBus()
    before = bus.clock.now()
    await asyncio.sleep(0.01)
    assert before == bus.clock.now()

    bus.advance(MINUTE)

    assert before + MINUTE == bus.clock.now()


async def test_a_jump_goes_to_the_next_message() -> None:
    """And to it exactly: what is due later stays scheduled."""
    bus = InMemoryServiceBus()
    start = bus.clock.now()
    for minutes in (3, 1):
        due = start + minutes * MINUTE
        await bus.sender("q").send(message(str(minutes).encode(), scheduled_enqueue_time=due))
    assert start + MINUTE == bus.next_event("q")
    assert start + MINUTE == bus.next_event()

    assert bus.jump("q")

    assert start + MINUTE == bus.clock.now()
    assert [b"1"] == [each.body for each in bus.messages("q")]
    assert [b"3"] == [each.body for each in bus.scheduled("q")]


async def test_a_jump_stays_where_something_is_there() -> None:
    """No time needs to go by."""
    bus = InMemoryServiceBus()
    await bus.sender("q").send(message())
    before = bus.clock.now()

    assert bus.jump("q")
    assert before == bus.clock.now()


async def test_a_jump_waits_for_no_other_queue() -> None:
    """Where nothing will come, it says so, and time stays."""
    bus = InMemoryServiceBus()
    before = bus.clock.now()
    await bus.sender("other").send(message(scheduled_enqueue_time=before + MINUTE))

    assert not bus.jump("q")
    assert (before, None) == (bus.clock.now(), bus.next_event("q"))


async def test_a_jump_skips_the_end_of_a_lock_that_was_renewed() -> None:
    """The message comes when the lock really ends."""
    bus = InMemoryServiceBus()
    receiver = bus.receiver("q")
    await bus.sender("q").send(message(b"slow"))
    held = await one(receiver)
    bus.advance(MINUTE / 2)
    until = await receiver.renew_lock(held)

    assert until == bus.next_event("q")
    assert bus.jump("q")
    assert until == bus.clock.now()
    assert 1 == (await one(receiver)).delivery_count


async def test_a_jump_is_not_taken_in_by_a_message_that_gets_buried() -> None:
    """The last lock's end brings nothing to this queue; its dead-letter queue has it."""
    bus = InMemoryServiceBus(QueueSettings(name="q", max_delivery_count=1))
    await bus.sender("q").send(message(b"poison"))
    held = await one(bus.receiver("q"))

    assert not bus.jump("q")
    assert [b"poison"] == [each.body for each in bus.dead_letters("q")]
    assert bus.jump("q/$deadletterqueue")
    with pytest.raises(LockLostError):
        await bus.receiver("q").complete(held)


async def test_a_message_expires_after_a_release_as_well() -> None:
    """Looking ahead while it was locked does not make the queue forget its end."""
    bus = InMemoryServiceBus(QueueSettings(name="q", default_time_to_live=timedelta(seconds=10)))
    receiver = bus.receiver("q")
    await bus.sender("q").send(message(b"short-lived"))
    held = await one(receiver)
    bus.next_event("q")
    await receiver.release(held)
    bus.advance(timedelta(seconds=10))

    assert [] == await receiver.receive(1, 0)
    assert ["TTLExpiredException"] == [each.dead_letter_reason for each in bus.dead_letters("q")]


async def test_moving_the_clock_wakes_who_waits() -> None:
    """A worker's loop runs over this bus, too."""
    bus = InMemoryServiceBus()
    await bus.sender("q").send(message(b"due", scheduled_enqueue_time=bus.clock.now() + MINUTE))
    waiting = asyncio.create_task(bus.receiver("q").receive(1, 30))
    await asyncio.sleep(0.01)
    bus.advance(MINUTE)

    async with asyncio.timeout(5):
        assert [b"due"] == [each.body for each in await waiting]


def test_one_event_loop_after_another_may_use_it() -> None:
    """As pytest-asyncio does: also where the first was closed while a receiver waited."""
    bus = InMemoryServiceBus()
    sender, receiver = bus.sender("q"), bus.receiver("q")
    abandoned = asyncio.new_event_loop()
    waiting = abandoned.create_task(receiver.receive(1, 60))
    abandoned.run_until_complete(asyncio.sleep(0.01))
    assert not waiting.done()
    waiting.cancel()
    waiting._log_destroy_pending = False  # abandoned on purpose
    abandoned.close()

    asyncio.run(sender.send(message(b"1")))

    assert b"1" == asyncio.run(one(receiver)).body


async def test_a_delivery_of_another_bus_is_refused() -> None:
    """It says whose it is instead of settling something else."""
    bus = InMemoryServiceBus()
    await bus.sender("q").send(message())

    with pytest.raises(SettlementError, match="MemoryMessage"):
        await bus.receiver("q").complete(bus.messages("q")[0])  # type: ignore[arg-type]
