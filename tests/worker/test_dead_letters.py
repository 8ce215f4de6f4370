"""Dead letters of real workers: replayed until they run, swept so that somebody is told; in virtual time."""

from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from boilermaker import Boilermaker, InMemoryServiceBus, failure, retries
from boilermaker.dead_letters import BUS_REASONS, DeadLetters, Fate, Selection
from boilermaker.envelope import codec
from boilermaker.errors import BusError
from boilermaker.failure import FailureInfo
from boilermaker.localbus.settings import QueueSettings
from boilermaker.transport.memory.links import MemorySender
from boilermaker.transport.port import OutgoingMessage

Seen = list[Any]


async def first(state: Seen, number: int) -> int:
    state.append(("first", number))
    return number + 1


async def second(state: Seen, number: int) -> int:
    state.append(("second", number))
    if len(state) < 5:
        raise retries.RetryException("the partner is down")
    return number


async def third(state: Seen, number: int) -> None:
    state.append(("third", number))


async def on_failure(state: Seen, cause: FailureInfo) -> None:
    state.append((cause.task, cause.reason, cause.attempt))


async def also(state: Seen) -> None:
    state.append("also")


def _worker(bus: InMemoryServiceBus) -> Boilermaker[Seen]:
    worker: Boilermaker[Seen] = Boilermaker([], bus, queue="tasks")
    worker.register_async(second, policy=retries.RetryPolicy(2, 1, 1, retries.RetryMode.Fixed))
    return worker.register_many_async([first, third, on_failure, also], policy=retries.NoRetry())


async def test_a_replay_goes_on_where_the_workflow_failed() -> None:
    """With the results of earlier steps, and with all tries anew."""
    bus = InMemoryServiceBus("tasks")
    worker = _worker(bus)
    one = worker.create_task(first, 1)
    two = worker.create_task(second, one.result.placeholder())
    await worker.publish_task(one >> two >> worker.create_task(third, two.result.placeholder()))
    await worker.drain()
    assert ["RetriesExhausted"] == [letter.dead_letter_reason for letter in bus.dead_letters("tasks")]
    box = DeadLetters(bus, "tasks")

    tally = await box.replay(await box.survey())
    await worker.drain()

    assert 1 == tally.done
    assert [("first", 1), *[("second", 2)] * 4, ("third", 2)] == worker.state
    assert [] == bus.dead_letters("tasks")


async def test_messages_whose_time_ran_out_are_told_of() -> None:
    """Each of their failure callbacks runs, once, however often somebody sweeps."""
    lives_a_minute = QueueSettings(
        name="tasks", default_time_to_live=timedelta(minutes=1), dead_letter_on_expiration=True
    )
    bus = InMemoryServiceBus(lives_a_minute)
    worker = _worker(bus)
    task = worker.create_task(first, 1)
    task.on_failure = worker.create_task(on_failure, failure.cause.placeholder())
    task.add_on_failure(worker.create_task(also))
    await worker.publish_task(task)
    bus.advance(timedelta(minutes=2))
    box = DeadLetters(bus, "tasks")

    for _ in range(3):
        await box.sweep(await box.survey(Selection(reasons=BUS_REASONS)))
        await worker.drain()

    assert {("first", "Expired", 1), "also"} == set(worker.state)
    assert 2 == len(worker.state)


async def test_a_dead_letter_of_1x_is_replayed_in_our_format() -> None:
    """Arguments by position included."""
    bus = InMemoryServiceBus("tasks")
    recorded = Path(__file__).parents[1] / "legacy" / "messages" / "both.json"
    await bus.sender("tasks").send(OutgoingMessage(body=recorded.read_bytes(), message_id="old"))
    receiver = bus.receiver("tasks")
    [delivery] = await receiver.receive(1, 0)
    await receiver.dead_letter(delivery, "ProcessingError", "Retries exhausted")
    box = DeadLetters(bus, "tasks")

    await box.replay(await box.survey())

    [sent] = bus.messages("tasks")
    step = codec.decode(sent.body).current
    assert ("create_user", 1, b'{"0":"c@d.org"}') == (step.task, step.args, bytes(step.payload))


async def test_what_could_not_be_published_stays(monkeypatch: pytest.MonkeyPatch) -> None:
    """The error reaches the caller; what was confirmed before is gone, all else is there and not locked."""
    bus = InMemoryServiceBus("tasks")
    worker = _worker(bus)
    for number in range(3):
        await worker.publish_task(worker.create_task(first, number), id=f"order-{number}")
    receiver = bus.receiver("tasks")
    for delivery in await receiver.receive(3, 0):
        await receiver.dead_letter(delivery, "TaskFailed", "")
    sends: list[Sequence[OutgoingMessage]] = []
    send = MemorySender.send

    async def fail_second(self: MemorySender, message: OutgoingMessage) -> None:
        sends.append([message])
        if len(sends) == 2:
            raise BusError("the bus is busy", is_transient=True)
        await send(self, message)

    monkeypatch.setattr(MemorySender, "send", fail_second)
    box = DeadLetters(bus, "tasks")
    fates: list[Fate] = []

    with pytest.raises(BusError, match="busy"):
        await box.replay(await box.survey(), fates.append)

    assert 2 == len(bus.messages("tasks"))
    [left] = await bus.receiver("tasks/$deadletterqueue").receive(10, 0)
    assert ("order-1", 0) == (left.message_id, left.delivery_count)
