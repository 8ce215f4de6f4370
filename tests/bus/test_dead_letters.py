"""Dead letters looked at, sent again, removed and told of: on every bus."""

from typing import Any

import msgspec
import pytest

from boilermaker import Boilermaker, failure
from boilermaker.dead_letters import DeadLetters, Fate, Selection, again, taking
from boilermaker.envelope import codec, identity
from boilermaker.failure import FailureInfo
from boilermaker.transport.port import Delivery
from bus.rigs import Rig, message, new_queue, one, take_all


async def charge(state: None, account: int) -> int:
    raise NotImplementedError


async def receipt(state: None, charged: int) -> None:
    raise NotImplementedError


async def refund(state: None, cause: FailureInfo) -> None:
    raise NotImplementedError


async def told(state: None, account: int) -> None:
    raise NotImplementedError


def _publisher(rig: Rig, queue: str) -> Boilermaker[None]:
    return Boilermaker[None](None, rig.bus, queue=queue).register_many_async([charge, receipt, refund, told])


async def _bury(rig: Rig, queue: str, reason: str = "TaskFailed", count: int = 1) -> None:
    receiver = rig.bus.receiver(queue)
    for _ in range(count):
        await receiver.dead_letter(await one(receiver), reason, "no such account")
    await receiver.close()


async def _buried_by_the_bus(rig: Rig, queue: str) -> None:
    """The queue's maximum delivery count is 2."""
    receiver = rig.bus.receiver(queue)
    for _ in range(2):
        await receiver.abandon(await one(receiver))
    await receiver.close()


async def _seed(rig: Rig, queue: str) -> str:
    """Of the message that lies in the queue."""
    [lying] = await rig.bus.receiver(queue).peek(10)
    return codec.decode(lying.body).header.seed


def _numbers(letters: list[Delivery]) -> list[int]:
    return [each.sequence_number for each in letters]


async def _browsed(box: DeadLetters, **criteria: Any) -> list[Any]:
    return [letter async for letter in box.browse(Selection(**criteria))]


async def test_what_is_known_of_a_dead_letter_is_listed(rig: Rig) -> None:
    """Reason, description, task, workflow and attempt; nothing is locked."""
    queue = new_queue()
    worker = _publisher(rig, queue)
    await worker.publish_task(worker.create_task(charge, 7), id="order-1")
    await worker.publish_task(worker.create_task(told, 7), id="order-2")
    await rig.send(queue, b"rubbish")
    await _bury(rig, queue, count=2)
    await _bury(rig, queue, "UndecodableMessage")

    box = DeadLetters(rig.bus, queue)
    first, second, third = await _browsed(box)

    assert ("TaskFailed", "no such account", "charge", "order-1", 1, "order-1") == (
        first.reason,
        first.description,
        first.task,
        first.workflow,
        first.attempt,
        first.message_id,
    )
    assert (None, None) == (third.task, third.attempt)
    assert third.unreadable.startswith("the first line is not the header")
    assert [second] == await _browsed(box, tasks=frozenset({"told"}))
    assert [third] == await _browsed(box, reasons=frozenset({"UndecodableMessage"}))
    assert [first] == await _browsed(box, numbers=frozenset({first.sequence_number}))
    found = await box.find(second.sequence_number)
    assert found is not None
    assert second.sequence_number == found.sequence_number
    assert await box.find(10_000) is None


async def test_a_replay_starts_a_new_lineage(rig: Rig) -> None:
    """Duplicate detection lets it through; steps ahead and results stay; the dead letter is gone."""
    queue = new_queue()
    worker = _publisher(rig, queue)
    charged = worker.create_task(charge, 7)
    await worker.publish_task(
        charged >> worker.create_task(receipt, charged.result.placeholder()), id="order-1"
    )
    await _bury(rig, queue)
    box = DeadLetters(rig.bus, queue)

    tally = await box.replay(await box.survey())

    assert (1, 0, 0) == (tally.done, tally.left, tally.missed)
    [again_] = await take_all(rig.bus.receiver(queue))
    envelope = codec.decode(again_.body)
    assert ("charge", 1, again_.message_id, again_.message_id) == (
        envelope.current.task,
        envelope.header.attempt,
        envelope.header.workflow,
        again_.correlation_id,
    )
    assert "order-1" != again_.message_id
    assert "receipt" == envelope.steps[1].task
    assert [] == await rig.dead_letters(queue)


async def test_one_dead_letter_replayed_twice_runs_once(rig: Rig) -> None:
    """Where somebody pulled the plug between the two steps, the second replay carries the first one's id."""
    queue = new_queue()
    worker = _publisher(rig, queue)
    await worker.publish_task(worker.create_task(charge, 7))
    await _bury(rig, queue)
    box = DeadLetters(rig.bus, queue)
    [letter] = await _browsed(box)
    found = await box.find(letter.sequence_number)
    assert found is not None
    await rig.bus.sender(queue).send(again.replay_of(found, queue, rig.bus.clock))

    await box.replay(await box.survey())

    assert 1 == len(await take_all(rig.bus.receiver(queue)))


async def test_what_is_not_meant_stays_and_can_be_received_at_once(rig: Rig) -> None:
    """Locks that were needed to get at the others are given back."""
    queue = new_queue()
    worker = _publisher(rig, queue)
    for number in range(120):
        await worker.publish_task(worker.create_task(charge if number % 3 else told, number))
    await _bury(rig, queue, count=120)
    box = DeadLetters(rig.bus, queue)
    survey = await box.survey(Selection(tasks=frozenset({"charge"})))
    assert (80, 120) == (survey.count, survey.total)
    fates: list[Fate] = []

    tally = await box.replay(survey, fates.append)

    assert (80, 80) == (tally.done, len(fates))
    assert ["charge"] * 80 == [each.subject for each in await take_all(rig.bus.receiver(queue))]
    left = await rig.dead_letters(queue)
    assert (["told"] * 40, {0}) == ([each.subject for each in left], {each.delivery_count for each in left})


async def test_what_came_since_is_not_touched(rig: Rig) -> None:
    """A replay that fails again at once is not replayed in circles."""
    queue = new_queue()
    worker = _publisher(rig, queue)
    await worker.publish_task(worker.create_task(charge, 1))
    await _bury(rig, queue)
    box = DeadLetters(rig.bus, queue)
    survey = await box.survey()
    await worker.publish_task(worker.create_task(charge, 2), id="later")
    await _bury(rig, queue)

    await box.purge(survey)

    assert ["later"] == [each.message_id for each in await rig.dead_letters(queue)]


async def test_what_somebody_else_has_locked_is_missed(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    """The work ends and says so."""
    monkeypatch.setattr(taking, "_PATIENCE_SECONDS", 0.3)
    queue = new_queue()
    await rig.send(queue, b"one", b"two")
    await _bury(rig, queue, count=2)
    other = rig.bus.receiver(f"{queue}/$deadletterqueue")
    held = await one(other)
    box = DeadLetters(rig.bus, queue)

    tally = await box.purge(await box.survey())

    assert (1, 0, 1) == (tally.done, tally.left, tally.missed)
    await other.release(held)
    assert _numbers([held]) == _numbers(await rig.dead_letters(queue))


async def test_purge_removes_what_is_selected(rig: Rig) -> None:
    """By reason, by number."""
    queue = new_queue()
    await rig.send(queue, b"one", b"two", b"three")
    for reason in ("A", "B", "A"):
        await _bury(rig, queue, reason)
    box = DeadLetters(rig.bus, queue)
    letters = await _browsed(box)

    await box.purge(await box.survey(Selection(reasons=frozenset({"B"}))))
    await box.purge(await box.survey(Selection(numbers=frozenset({letters[0].sequence_number}))))

    assert [b"three"] == [each.body for each in await rig.dead_letters(queue)]


async def test_what_holds_no_envelope_is_not_replayed(rig: Rig) -> None:
    """It stays, and the others are replayed."""
    queue = new_queue()
    worker = _publisher(rig, queue)
    await rig.send(queue, b"rubbish")
    await worker.publish_task(worker.create_task(charge, 1))
    await _bury(rig, queue, count=2)
    box = DeadLetters(rig.bus, queue)
    fates: list[Fate] = []

    tally = await box.replay(await box.survey(), fates.append)

    assert (1, 1) == (tally.done, tally.left)
    assert any("not the header" in fate.detail for fate in fates)
    assert [b"rubbish"] == [each.body for each in await rig.dead_letters(queue)]


async def test_a_sweep_tells_the_failure_callbacks_of_what_the_bus_has_buried(rig: Rig) -> None:
    """Once: what is told is removed; what has no failure callback stays; a worker's own dead letters too."""
    queue = new_queue("twice")
    worker = _publisher(rig, queue)
    charged = worker.create_task(charge, 7)
    charged.on_failure = worker.create_task(refund, failure.cause.placeholder())
    await worker.publish_task(charged, id="told")
    seed = await _seed(rig, queue)
    await _buried_by_the_bus(rig, queue)
    await worker.publish_task(worker.create_task(charge, 8), id="nobody")
    await _buried_by_the_bus(rig, queue)
    await worker.publish_task(charged, id="by-a-worker")
    await _bury(rig, queue, "TaskFailed")
    box = DeadLetters(rig.bus, queue)
    selection = Selection(reasons=frozenset({"MaxDeliveryCountExceeded", "TTLExpiredException"}))

    tally = await box.sweep(await box.survey(selection))
    repeated = await box.sweep(await box.survey(selection))

    assert (1, 1, 0, 1) == (tally.done, tally.left, repeated.done, repeated.left)
    [callback] = await take_all(rig.bus.receiver(queue))
    envelope = codec.decode(callback.body)
    assert ("refund", identity.derived(seed, queue, "told", 0).id) == (
        envelope.current.task,
        callback.message_id,
    )
    assert envelope.header.failure is not None
    assert ("DeliveriesExhausted", "charge", "told") == (
        envelope.header.failure.reason,
        envelope.header.failure.task,
        envelope.header.failure.message_id,
    )
    assert {"nobody", "by-a-worker"} == {each.message_id for each in await rig.dead_letters(queue)}


async def test_a_sweep_leaves_what_would_lead_to_too_many_messages(rig: Rig) -> None:
    """A message that stands for failure callbacks which multiply: nothing is published, and nothing removed."""
    queue = new_queue("twice")
    count = 40
    head: dict[str, object] = {
        "boilermaker": 1, "workflow": "w", "seed": "5eed" * 8, "at": 0, "lines": [[0, count - 1]], "queues": [queue],
        "fork": True, "failure": {"task": "charge", "reason": "TaskFailed", "description": "d"},
    }  # fmt: skip
    lines: list[dict[str, object]] = [
        {"task": "charge", "payload": {}, "then": None, "otherwise": list(range(number + 1, count))}
        for number in range(count)
    ]
    await rig.send(queue, b"\n".join(map(msgspec.json.encode, (head, *lines))))
    await _buried_by_the_bus(rig, queue)
    box = DeadLetters(rig.bus, queue)
    fates: list[Fate] = []

    tally = await box.sweep(await box.survey(), tell=fates.append)

    assert (0, 1) == (tally.done, tally.left)
    assert "TooManyMessages" in fates[0].detail
    assert [] == await take_all(rig.bus.receiver(queue))
    assert 1 == len(await rig.dead_letters(queue))


async def test_a_sweep_that_keeps_tells_twice_under_the_same_ids(rig: Rig) -> None:
    """Which duplicate detection drops."""
    queue = new_queue("twice")
    worker = _publisher(rig, queue)
    charged = worker.create_task(charge, 7)
    charged.on_failure = worker.create_task(told, 7)
    await worker.publish_task(charged)
    await _buried_by_the_bus(rig, queue)
    box = DeadLetters(rig.bus, queue)

    for _ in range(2):
        assert 1 == (await box.sweep(await box.survey(), keep=True)).done

    assert ["told"] == [each.subject for each in await take_all(rig.bus.receiver(queue))]
    assert 1 == len(await rig.dead_letters(queue))


async def test_a_sweep_does_not_add_to_what_a_worker_has_published(rig: Rig) -> None:
    """An attempt that had succeeded and could not be settled stays a success."""
    queue = new_queue("twice")
    worker = _publisher(rig, queue)
    charged = worker.create_task(charge, 7)
    charged.on_failure = worker.create_task(told, 7)
    await worker.publish_task(charged, id="done")
    success = identity.derived(await _seed(rig, queue), queue, "done", 0)
    await rig.bus.sender(queue).send(message(b"success", message_id=success.id))
    receiver = rig.bus.receiver(queue)
    first, second = [await one(receiver), await one(receiver)]
    await receiver.complete(second)
    await receiver.abandon(first)
    await receiver.abandon(await one(receiver))
    await receiver.close()
    box = DeadLetters(rig.bus, queue)

    await box.sweep(await box.survey())

    assert [] == await take_all(rig.bus.receiver(queue))


async def test_a_sweep_reaches_no_queue_that_was_not_named(rig: Rig) -> None:
    """A message must not reach through an operator what its publisher may not."""
    queue, other = new_queue("twice"), new_queue()
    worker = _publisher(rig, queue)
    charged = worker.create_task(charge, 7)
    charged.on_failure = worker.create_task(told, 7).options(queue=other)
    await worker.publish_task(charged)
    await _buried_by_the_bus(rig, queue)
    box = DeadLetters(rig.bus, queue)
    fates: list[Fate] = []

    refused = await box.sweep(await box.survey(), tell=fates.append)
    allowed = await box.sweep(await box.survey(), forwards_to=[other])

    assert (0, 1, 1) == (refused.done, refused.left, allowed.done)
    assert [
        f"a failure callback is for the queue {other}, which is not allowed: pass it in forwards_to, or --forwards-to"
    ] == [fate.detail for fate in fates]
    assert ["told"] == [each.subject for each in await take_all(rig.bus.receiver(other))]
