"""What one workflow may lead to is bounded: where it is published, and by the worker, whoever wrote the message."""

import asyncio
import json
from typing import Any

import pytest

from boilermaker import (
    Boilermaker,
    InMemoryServiceBus,
    Limits,
    QueueSettings,
    Task,
    chain,
    errors,
    failure,
    retries,
)
from boilermaker.client import Client
from boilermaker.dead_letters import DeadLetters
from boilermaker.transport.port import OutgoingMessage
from boilermaker.workflow.bounds import most_messages

SEED = "5eed" * 8
Seen = list[int]


async def step(seen: Seen, number: int) -> None:
    """Fails, as what strangers send does."""
    seen.append(number)
    raise failure.TaskFailed("on purpose")


def _worker(bus: InMemoryServiceBus, **options: Any) -> Boilermaker[Seen]:
    worker = Boilermaker(Seen(), bus, queue="jobs", **options)
    return worker.register_async(step, policy=retries.NoRetry())


@pytest.fixture
def bus() -> InMemoryServiceBus:
    return InMemoryServiceBus("jobs")


def _all_later(count: int, payload: object, **header: Any) -> bytes:
    """Steps whose failure callbacks are all later ones."""
    head = {
        "boilermaker": 1,
        "workflow": "w",
        "seed": SEED,
        "at": 0,
        "lines": [[0, count - 1]],
        "queues": ["jobs"],
    }
    lines = [
        {"task": "step", "payload": payload, "then": None, "otherwise": list(range(number + 1, count))}
        for number in range(count)
    ]
    return "\n".join(map(json.dumps, (head | header, *lines))).encode()


async def _all_that_came(bus: InMemoryServiceBus, worker: Boilermaker[Seen], body: bytes) -> int:
    """How many messages one led to, itself included."""
    await bus.sender("jobs").send(OutgoingMessage(body=body, message_id="stranger"))
    await worker.drain()
    letters = bus.dead_letters("jobs")
    return max((letter.sequence_number for letter in letters), default=0)


@pytest.mark.parametrize("payload", [{"number": "no number"}, {"number": 1}])
@pytest.mark.parametrize("count", [16, 40, 100])
async def test_failure_callbacks_do_not_multiply(
    bus: InMemoryServiceBus, count: int, payload: object
) -> None:
    """Whether the payloads do not fit or the handlers fail: the first leaves a dead letter, so does its fork, none runs."""
    worker = _worker(bus)
    assert await _all_that_came(bus, worker, _all_later(count, payload)) == 2
    reasons = [letter.dead_letter_reason for letter in bus.dead_letters("jobs")]
    assert [{"no number": "InvalidPayload", 1: "TaskFailed"}[payload["number"]], "TooManyMessages"] == reasons  # type: ignore[index]
    assert worker.state == [1] * (payload == {"number": 1})


async def test_a_message_that_stands_for_failure_callbacks_is_bounded_itself(bus: InMemoryServiceBus) -> None:
    """Strangers may begin with one; what its line says about dead letters does not count."""
    info = {"task": "step", "reason": "TaskFailed", "description": "on purpose"}
    body = _all_later(30, {"number": 1}, fork=True, failure=info)
    body = body.replace(b'"then": null', b'"then": null, "should_dead_letter": false')
    assert await _all_that_came(bus, _worker(bus), body) == 1
    [letter] = bus.dead_letters("jobs")
    assert letter.dead_letter_reason == "TooManyMessages"
    assert "Limits(max_messages=" in str(letter.dead_letter_description)


@pytest.mark.parametrize("count", [4, 6, 8])
async def test_no_more_messages_than_counted(count: int) -> None:
    """What is allowed runs, and leads to what was counted in the worst case: each step fails."""
    bus = InMemoryServiceBus(QueueSettings(name="jobs", duplicate_detection_window=None))
    edges = [(number, None, tuple(range(number + 1, count))) for number in reversed(range(count))]
    worst = most_messages(edges)[0]
    worker = _worker(bus, limits=Limits(max_messages=worst))
    await bus.sender("jobs").send(OutgoingMessage(body=_all_later(count, {"number": 1}), message_id="s"))
    await worker.drain()
    failed = len(bus.dead_letters("jobs"))
    assert failed == len(worker.state) == 2 ** (count - 1)
    forks = 2 ** (count - 3)  # of all that have two later ones or more
    assert worst == failed + forks


def test_what_a_workflow_may_lead_to_is_counted_the_long_way_too() -> None:
    """Over all plans of four steps: a walk along each way through the plan comes to the same."""

    def walk(plan: list[tuple[int | None, tuple[int, ...]]], number: int) -> int:
        then, handlers = plan[number]
        failed = (len(handlers) > 1) + sum(walk(plan, handler) for handler in handlers)
        return 1 + max(0 if then is None else walk(plan, then), failed)

    choices: list[list[tuple[int | None, tuple[int, ...]]]] = []
    for number in range(4):
        later = range(number + 1, 4)
        sets = [tuple(n for n in later if mask >> n & 1) for mask in range(0, 16, 1 << (number + 1))]
        choices.append([(then, handlers) for then in (None, *later) for handlers in sets])
    for first in choices[0]:
        for second in choices[1]:
            for third in choices[2]:
                plan = [first, second, third, (None, ())]
                numbered = [(number, plan[number][0], plan[number][1]) for number in (3, 2, 1, 0)]
                assert most_messages(numbered)[0] == walk(plan, 0)


def _doubling(worker: Boilermaker[Seen], layers: int) -> Task[None]:
    """Each task has two failure callbacks, which share theirs."""
    tasks = [worker.create_task(step, 0)]
    head = tasks[0]
    for _ in range(layers):
        following = [worker.create_task(step, 0), worker.create_task(step, 0)]
        for task in tasks:
            for callback in following:
                task.add_on_failure(callback)
        tasks = following
    return head


async def test_a_workflow_that_may_lead_to_too_much_cannot_be_published(bus: InMemoryServiceBus) -> None:
    """The publisher says how much, how much is allowed, and what to do."""
    worker = _worker(bus)
    await worker.publish_task(_doubling(worker, 10))
    with pytest.raises(
        errors.WorkflowError, match=r"may lead to 12,286 messages, at most 10,000.*failure callbacks"
    ):
        await worker.publish_task(_doubling(worker, 12))
    with pytest.raises(errors.WorkflowError, match="may lead to more than a billion messages"):
        await worker.publish_task(_doubling(worker, 300))
    assert len(bus.messages("jobs")) == 1


async def test_the_bound_is_a_setting_of_both_ends(bus: InMemoryServiceBus) -> None:
    """A worker's limits hold for what it publishes, too; a client has its own."""
    small = _worker(bus, limits=Limits(max_messages=9))
    with pytest.raises(errors.WorkflowError, match="may lead to 10 messages, at most 9"):
        await small.publish_task(_doubling(small, 2))
    await Client(bus, registry=small.registry, max_messages=10).publish(_doubling(small, 2), id="w")
    assert len(bus.messages("jobs")) == 1


@pytest.mark.parametrize("wrong", [0, -1])
def test_limits_are_at_least_one_message(wrong: int) -> None:
    """As for tries and deliveries."""
    with pytest.raises(ValueError, match="max_messages"):
        Limits(max_messages=wrong)


async def test_chains_and_shared_handlers_are_as_long_as_their_plan(bus: InMemoryServiceBus) -> None:
    """Thousands of steps with the usual failure handlers are no multiplication."""
    worker = _worker(bus)
    tasks = [worker.create_task(step, number) for number in range(2000)]
    handlers = [worker.create_task(step, -1), worker.create_task(step, -2)]
    for task in tasks:
        for handler in handlers:
            task.add_on_failure(handler)
    await worker.publish_task(chain(*tasks))
    await worker.drain()
    assert [0, -2, -1] == [worker.state[0], *sorted(worker.state[1:])]


async def test_a_fork_lets_others_have_their_turn(bus: InMemoryServiceBus) -> None:
    """A hundred failure callbacks are a hundred envelopes: a few are made in one turn of the event loop."""
    worker = _worker(bus)
    task = worker.create_task(step, 0)
    for number in range(1, 101):
        task.add_on_failure(worker.create_task(step, number))
    await worker.publish_task(task)
    most = before = 0

    async def watch() -> None:
        nonlocal most, before
        while True:
            count = len(bus.messages("jobs"))
            most, before = max(most, count - before), count
            await asyncio.sleep(0)

    watching = asyncio.create_task(watch())
    await worker.drain()
    watching.cancel()
    assert len(worker.state) == 101
    assert most <= 5


async def test_a_fork_that_was_refused_can_be_replayed_under_a_higher_limit(bus: InMemoryServiceBus) -> None:
    """Nothing is lost: the dead letter stands for the callbacks that were not published."""
    generous = _worker(bus)
    await generous.publish_task(_doubling(generous, 2))
    await _worker(bus, limits=Limits(max_messages=5)).drain()
    assert ["TaskFailed", "TooManyMessages"] == [each.dead_letter_reason for each in bus.dead_letters("jobs")]
    box = DeadLetters(bus, "jobs")
    survey = await box.survey()
    fork = max(each.sequence_number for each in bus.dead_letters("jobs"))
    await box.replay(await box.survey(type(survey.selection)(numbers=frozenset({fork}))))
    await generous.drain()
    assert generous.state == [0] * 6
