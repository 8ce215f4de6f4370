"""What ends in the dead-letter queue, under which reason, and what else happens then."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import ClassVar

import pytest

from boilermaker import Boilermaker, InMemoryServiceBus, Limits, Task, failure, retries
from boilermaker.failure import FailureInfo, TaskFailureResult
from boilermaker.localbus.settings import QueueSettings
from boilermaker.transport.memory.message import MemoryMessage
from boilermaker.transport.port import OutgoingMessage
from boilermaker.worker.loop import Pace

SECRET = "hunter2"


@dataclass
class State:
    seen: list[str] = field(default_factory=list[str])
    causes: list[FailureInfo] = field(default_factory=list[FailureInfo])


async def on_failure(state: State, cause: FailureInfo) -> None:
    state.causes.append(cause)


async def note(state: State, text: str) -> str:
    state.seen.append(text)
    return text


@pytest.fixture
def worker(bus: InMemoryServiceBus) -> Boilermaker[State]:
    return Boilermaker(State(), bus).register_many_async([on_failure, note], policy=retries.NoRetry())


def _reasons(messages: Sequence[MemoryMessage]) -> list[str | None]:
    return [message.dead_letter_reason for message in messages]


def _with_handler(worker: Boilermaker[State], task: Task[object]) -> Task[object]:
    task.on_failure = worker.create_task(on_failure, failure.cause.placeholder())
    return task


async def _send(bus: InMemoryServiceBus, body: bytes, message_id: str = "raw") -> None:
    sender = bus.sender("tasks")
    await sender.open()
    await sender.send(OutgoingMessage(body=body, message_id=message_id))


async def _body_of(worker: Boilermaker[State], bus: InMemoryServiceBus, task: Task[object]) -> bytes:
    """What a workflow looks like on the wire; it is taken out of the queue again."""
    await worker.publish_task(task)
    receiver = bus.receiver("tasks")
    await receiver.open()
    [delivery] = await receiver.receive(1, 0)
    await receiver.complete(delivery, confirmed=True)
    return delivery.body


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"\x00\xff",
        b"{}",
        b"null",
        b'{"boilermaker":2}',
        b"[" * 100_000,
        b'{"boilermaker":1,"workflow":"w","seed":"5eed5eed5eed5eed5eed5eed5eed5eed","at":0,"lines":[[0,0]],"queues":["tasks"]}\n{}',
        (
            b'{"boilermaker":1,"workflow":"w","seed":"5eed5eed5eed5eed5eed5eed5eed5eed","at":0,"lines":[[0,0]],"queues":["tasks"]}\n'
            b'{"task":"note","payload":{"text":"hunter2"},"then":0}'
        ),
    ],
)
async def test_a_message_that_is_no_envelope_is_dead_lettered_and_the_worker_goes_on(
    worker: Boilermaker[State], bus: InMemoryServiceBus, body: bytes
) -> None:
    """`UndecodableMessage`, without the values; what stands behind it in the queue runs."""
    await _send(bus, body)
    await worker.apply_async(note, "next")
    await worker.drain()

    [letter] = bus.dead_letters("tasks")
    assert "UndecodableMessage" == letter.dead_letter_reason
    assert SECRET not in (letter.dead_letter_description or "")
    assert ["next"] == worker.state.seen


async def test_a_payload_that_does_not_fit_names_each_field_and_no_value(
    worker: Boilermaker[State], bus: InMemoryServiceBus
) -> None:
    """`InvalidPayload`: path and expectation of every field; the failure callback is told."""

    async def pay(state: State, amount: int, currency: str) -> None:
        state.seen.append("paid")

    worker.register_async(pay, policy=retries.NoRetry())
    body = await _body_of(worker, bus, _with_handler(worker, worker.create_task(pay, 7, "EUR")))
    await _send(bus, body.replace(b'"amount":7,"currency":"EUR"', b'"amount":"hunter2","currency":1'))
    await worker.drain()

    [letter] = bus.dead_letters("tasks")
    assert "InvalidPayload" == letter.dead_letter_reason
    assert "amount: expected `int`, got `str`; currency: expected `str`, got `int`" == (
        letter.dead_letter_description
    )
    assert ["InvalidPayload"] == [cause.reason for cause in worker.state.causes]
    assert [] == worker.state.seen


async def test_an_unknown_task_is_put_off_over_minutes_before_it_is_dead_lettered(
    worker: Boilermaker[State], bus: InMemoryServiceBus
) -> None:
    """Deploys overlap: failure callbacks fire only once it was put off for the last time."""

    async def brand_new(state: State) -> None:
        """Registered with the new worker only."""

    newer = Boilermaker(State(), bus).register_many_async([on_failure, note, brand_new])
    started = bus.clock.now()
    await newer.publish_task(_with_handler(newer, newer.create_task(brand_new)))
    await worker.drain()

    assert ["UnknownTask"] == _reasons(bus.dead_letters("tasks"))
    assert timedelta(seconds=15 + 30 + 60 + 120) <= bus.clock.now() - started
    assert [("brand_new", "UnknownTask", 1)] == [(c.task, c.reason, c.attempt) for c in worker.state.causes]


async def test_an_unknown_task_runs_when_a_newer_worker_comes_in_time(
    worker: Boilermaker[State], bus: InMemoryServiceBus
) -> None:
    """What an old worker put off is no failure, and no try is used up."""

    async def brand_new(state: State) -> None:
        state.seen.append("ran")

    newer = Boilermaker(State(), bus).register_async(brand_new, policy=retries.NoRetry())
    await newer.apply_async(brand_new)
    older = worker._new_loop(Pace(concurrency=1))  # pyright: ignore[reportPrivateUsage] - drain() would wait
    assert 1 == await older.drain()
    assert 1 == len(bus.scheduled("tasks"))
    await newer.drain()

    assert ["ran"] == newer.state.seen
    assert [] == bus.dead_letters("tasks")


async def test_a_message_whose_worker_died_each_time_is_given_up(bus: InMemoryServiceBus) -> None:
    """`DeliveriesExhausted`: not run again, the failure callback is told, dead-lettered by us and not by the bus."""
    worker = Boilermaker(State(), bus, limits=Limits(max_deliveries=2))
    worker.register_many_async([on_failure, note])
    await worker.publish_task(_with_handler(worker, worker.create_task(note, "x")))
    receiver = bus.receiver("tasks")
    await receiver.open()
    for _ in range(2):
        assert 1 == len(await receiver.receive(1, 0))
        bus.advance(timedelta(minutes=6))  # nobody settles: the lock runs out
    await worker.drain()

    assert ["DeliveriesExhausted"] == _reasons(bus.dead_letters("tasks"))
    assert ["DeliveriesExhausted"] == [cause.reason for cause in worker.state.causes]
    assert [] == worker.state.seen


async def test_a_result_that_is_not_of_its_declared_type_fails_for_good(
    worker: Boilermaker[State], bus: InMemoryServiceBus
) -> None:
    """`InvalidResult`: running the handler again would only repeat its effects."""

    @worker.task
    async def count(state: State) -> int:
        state.seen.append("counted")
        return SECRET  # type: ignore[return-value]  # pyright: ignore[reportReturnType] - the mistake under test

    @worker.task
    async def show(state: State, number: int) -> None:
        state.seen.append("shown")

    counted = worker.create_task(count)
    await worker.publish_task(
        _with_handler(worker, counted) >> worker.create_task(show, counted.result.placeholder())
    )
    await worker.drain()

    [letter] = bus.dead_letters("tasks")
    assert "InvalidResult" == letter.dead_letter_reason
    assert "the result: expected `int`, got `str`" == letter.dead_letter_description
    assert ["InvalidResult"] == [cause.reason for cause in worker.state.causes]
    assert ["counted"] == worker.state.seen


async def test_a_result_that_makes_the_envelope_too_large_fails_for_good(
    worker: Boilermaker[State], bus: InMemoryServiceBus
) -> None:
    """`ResultTooLarge`, with the sizes; the failure callback still fits."""

    @worker.task
    async def fetch(state: State) -> str:
        state.seen.append("fetched")
        return "x" * 300_000

    fetched = worker.create_task(fetch)
    await worker.publish_task(
        _with_handler(worker, fetched) >> worker.create_task(note, fetched.result.placeholder())
    )
    await worker.drain()

    [letter] = bus.dead_letters("tasks")
    assert "ResultTooLarge" == letter.dead_letter_reason
    assert "300," in (letter.dead_letter_description or "")
    assert ["ResultTooLarge"] == [cause.reason for cause in worker.state.causes]
    assert ["fetched"] == worker.state.seen


async def test_a_result_that_nobody_refers_to_may_be_anything(worker: Boilermaker[State]) -> None:
    """It does not travel, so its size and type are the handler's own affair."""

    @worker.task
    async def fetch(state: State) -> object:
        return {object(): "x" * 300_000}

    await worker.publish_task(worker.create_task(fetch) >> worker.create_task(note, "after"))
    await worker.drain()

    assert ["after"] == worker.state.seen


async def test_a_step_for_a_queue_that_the_worker_does_not_name_is_refused(
    worker: Boilermaker[State], bus: InMemoryServiceBus
) -> None:
    """`QueueNotAllowed`: before the step runs, so that it does not stop half-way; nothing reaches that queue."""
    first = worker.create_task(note, "first")
    await worker.publish_task(
        _with_handler(worker, first) >> worker.create_task(note, "second").options(queue="payments")
    )
    await worker.drain()

    [letter] = bus.dead_letters("tasks")
    assert "QueueNotAllowed" == letter.dead_letter_reason
    assert "payments" in (letter.dead_letter_description or "")
    assert ["QueueNotAllowed"] == [cause.reason for cause in worker.state.causes]
    assert [] == worker.state.seen
    assert [] == bus.messages("payments")


async def test_a_worker_forwards_to_the_queues_that_it_names(bus: InMemoryServiceBus) -> None:
    """`forwards_to`: a workflow goes on in another service's queue."""
    worker = Boilermaker(State(), bus, forwards_to=["payments"]).register_async(note)
    await worker.publish_task(
        worker.create_task(note, "first") >> worker.create_task(note, "second").options(queue="payments")
    )
    await worker.drain()

    assert ["note"] == [message.subject for message in bus.messages("payments")]
    assert [] == bus.dead_letters("tasks")


async def test_a_failure_callback_is_not_forwarded_to_a_queue_that_is_not_named(
    worker: Boilermaker[State], bus: InMemoryServiceBus
) -> None:
    """The dead letter keeps its own reason and says which callbacks were left out."""

    @worker.task
    async def fail(state: State) -> int:
        return TaskFailureResult

    failing = worker.create_task(fail)
    failing.on_failure = worker.create_task(note, "told").options(queue="payments")
    await worker.publish_task(failing)
    await worker.drain()

    [letter] = bus.dead_letters("tasks")
    assert "TaskFailed" == letter.dead_letter_reason
    assert "payments" in (letter.dead_letter_description or "")
    assert [] == bus.messages("payments")


async def test_a_reason_that_a_handler_gives_reaches_dead_letter_and_failure_handler(
    worker: Boilermaker[State], bus: InMemoryServiceBus
) -> None:
    """`raise TaskFailed(why)` is not retried."""

    @worker.task
    async def fail(state: State) -> None:
        state.seen.append("tried")
        raise failure.TaskFailed("the account is closed")

    await worker.publish_task(_with_handler(worker, worker.create_task(fail)))
    await worker.drain()

    [letter] = bus.dead_letters("tasks")
    expected = ("TaskFailed", "the account is closed")
    assert expected == (letter.dead_letter_reason, letter.dead_letter_description)
    [cause] = worker.state.causes
    assert ("fail", *expected, letter.message_id) == (
        cause.task,
        cause.reason,
        cause.description,
        cause.message_id,
    )
    assert ["tried"] == worker.state.seen


async def test_an_exception_leaves_its_type_and_not_its_message(
    worker: Boilermaker[State], bus: InMemoryServiceBus
) -> None:
    """`RetriesExhausted`: texts of exceptions often quote values; a hook may add more."""

    @worker.task(policy=retries.RetryPolicy(max_tries=2, delay=1, delay_max=1))
    async def fail(state: State) -> None:
        state.seen.append("tried")
        raise ValueError(SECRET)

    await worker.publish_task(_with_handler(worker, worker.create_task(fail)))
    await worker.drain()

    [letter] = bus.dead_letters("tasks")
    assert ("RetriesExhausted", "gave up after 2 tries: ValueError raised") == (
        letter.dead_letter_reason,
        letter.dead_letter_description,
    )
    assert [("ValueError", 2)] == [(cause.error, cause.attempt) for cause in worker.state.causes]
    assert ["tried"] * 2 == worker.state.seen


async def test_a_description_stays_under_what_service_bus_takes(
    worker: Boilermaker[State], bus: InMemoryServiceBus
) -> None:
    """4,096 characters at most, however much a handler has to say."""

    @worker.task
    async def fail(state: State) -> None:
        raise failure.TaskFailed("why " * 5_000)

    await worker.apply_async(fail)
    await worker.drain()

    [letter] = bus.dead_letters("tasks")
    assert 0 < len(letter.dead_letter_description or "") < 4096


@pytest.mark.parametrize("where", ["registration", "task"])
async def test_a_failure_may_leave_no_dead_letter(
    worker: Boilermaker[State], bus: InMemoryServiceBus, where: str
) -> None:
    """`should_dead_letter=False`: completed, and failure callbacks run all the same."""

    @worker.task(should_dead_letter=where != "registration")
    async def fail(state: State) -> int:
        return TaskFailureResult

    task = _with_handler(worker, worker.create_task(fail))
    if where == "task":
        task.options(should_dead_letter=False)
    await worker.publish_task(task)
    await worker.drain()

    assert [] == bus.dead_letters("tasks")
    assert ["TaskFailed"] == [cause.reason for cause in worker.state.causes]


async def test_settling_before_running_retries_by_new_messages_and_cannot_dead_letter(
    worker: Boilermaker[State], bus: InMemoryServiceBus
) -> None:
    """`acks_late=False`: the message is gone while the handler runs; a final failure fires callbacks."""
    during: list[int] = []

    @worker.task(acks_late=False, policy=retries.RetryPolicy(max_tries=2, delay=1, delay_max=1))
    async def fail(state: State) -> None:
        during.append(len(bus.messages("tasks")))
        raise OSError

    await worker.publish_task(_with_handler(worker, worker.create_task(fail)))
    await worker.drain()

    assert [0, 0] == during
    assert [] == bus.dead_letters("tasks")
    assert ["RetriesExhausted"] == [cause.reason for cause in worker.state.causes]


async def test_a_handler_that_asks_for_a_retry_says_when(
    worker: Boilermaker[State], bus: InMemoryServiceBus
) -> None:
    """`RetryException(delay=)` is the wait, whatever the policy says."""
    when: list[timedelta] = []
    started = bus.clock.now()

    @worker.task(policy=retries.RetryPolicy(max_tries=2, delay=1, delay_max=1))
    async def busy(state: State) -> None:
        when.append(bus.clock.now() - started)
        if len(when) == 1:
            raise retries.RetryException("busy", delay=300)

    await worker.apply_async(busy)
    await worker.drain()

    assert [timedelta(0), timedelta(seconds=300)] == when
    assert [] == bus.dead_letters("tasks")


async def test_a_handler_that_asks_for_a_retry_may_bring_its_own_policy(
    worker: Boilermaker[State], bus: InMemoryServiceBus
) -> None:
    """`RetryException(policy=)` replaces the task's policy from then on."""

    @worker.task(policy=retries.NoRetry())
    async def busy(state: State) -> None:
        state.seen.append("tried")
        raise retries.RetryException("busy", policy=retries.RetryPolicy(max_tries=3, delay=1, delay_max=1))

    await worker.apply_async(busy)
    await worker.drain()

    assert ["tried"] * 3 == worker.state.seen
    [letter] = bus.dead_letters("tasks")
    assert ("RetriesExhausted", "gave up after 3 tries: busy") == (
        letter.dead_letter_reason,
        letter.dead_letter_description,
    )


async def test_policies_from_the_wire_are_capped_by_the_workers_limits(bus: InMemoryServiceBus) -> None:
    """A message cannot ask for more tries than the worker grants."""
    worker = Boilermaker(State(), bus, limits=Limits(max_tries=2))

    @worker.task
    async def fail(state: State) -> None:
        state.seen.append("tried")
        raise OSError

    endless = retries.RetryPolicy(max_tries=1_000, delay=1, delay_max=1)
    await worker.publish_task(worker.create_task(fail).options(policy=endless))
    await worker.drain()

    assert ["tried"] * 2 == worker.state.seen


async def test_a_handler_that_takes_too_long_is_stopped_and_retried(
    worker: Boilermaker[State], bus: InMemoryServiceBus
) -> None:
    """`timeout` is for one execution; it counts as a try."""

    @worker.task(timeout=0.01, policy=retries.RetryPolicy(max_tries=2, delay=1, delay_max=1))
    async def hang(state: State) -> None:
        state.seen.append("tried")
        await asyncio.Event().wait()

    await worker.apply_async(hang)
    await worker.drain()

    [letter] = bus.dead_letters("tasks")
    assert ("RetriesExhausted", "gave up after 2 tries: took longer than 0.01s") == (
        letter.dead_letter_reason,
        letter.dead_letter_description,
    )
    assert ["tried"] * 2 == worker.state.seen


def _with_broken_line(body: bytes, holding: bytes) -> bytes:
    lines = body.split(b"\n")
    [number] = [number for number, line in enumerate(lines) if holding in line]
    lines[number] = b'{"task":"hunter2'
    return b"\n".join(lines)


async def test_a_broken_next_step_is_told_to_the_failure_callback_before_anything_runs(
    worker: Boilermaker[State], bus: InMemoryServiceBus
) -> None:
    """`UndecodableMessage`: the current step can be read, and so can its failure callback."""
    first = worker.create_task(note, "first").options(should_dead_letter=False)
    workflow = worker.chain(
        first,
        worker.create_task(note, "second"),
        on_failure=worker.create_task(on_failure, failure.cause.placeholder()),
    )
    await _send(bus, _with_broken_line(await _body_of(worker, bus, workflow), b"second"))
    await worker.drain()

    assert [] == worker.state.seen
    [cause] = worker.state.causes
    assert ("note", "UndecodableMessage", "line of step 1 is not a valid step") == (
        cause.task,
        cause.reason,
        cause.description,
    )
    [letter] = bus.dead_letters("tasks")
    assert "UndecodableMessage" == letter.dead_letter_reason
    assert SECRET not in (letter.dead_letter_description or "")


async def test_a_way_ahead_that_turns_out_broken_fails_the_step_that_ran(
    worker: Boilermaker[State], bus: InMemoryServiceBus
) -> None:
    """Lines are read when needed: a handler of its own makes the step look at all that follow."""
    first = worker.create_task(note, "first")
    workflow = worker.chain(
        _with_handler(worker, first),
        worker.create_task(note, "second"),
        worker.create_task(note, "third"),
        on_failure=worker.create_task(note, "handled"),
    )
    await _send(bus, _with_broken_line(await _body_of(worker, bus, workflow), b"third"))
    await worker.drain()

    assert ["first", "handled"] == worker.state.seen
    assert ["UndecodableMessage"] == [cause.reason for cause in worker.state.causes]
    assert ["UndecodableMessage"] == _reasons(bus.dead_letters("tasks"))


async def test_failure_callbacks_that_cannot_be_read_do_not_keep_others_from_running(
    worker: Boilermaker[State], bus: InMemoryServiceBus
) -> None:
    """The dead letter keeps the task's own reason, and says which steps were left out."""

    async def fail(state: State) -> None:
        raise failure.TaskFailed("no")

    worker.register_async(fail)
    task = worker.create_task(fail)
    for text in ("told", "unheard", "told too"):
        task.add_on_failure(worker.create_task(note, text))
    await _send(bus, _with_broken_line(await _body_of(worker, bus, task), b"unheard"))
    await worker.drain()

    assert {"told", "told too"} == set(worker.state.seen)
    [letter] = bus.dead_letters("tasks")
    assert "TaskFailed" == letter.dead_letter_reason
    assert "no; failure callbacks were not published, because they cannot be read: step 2" == (
        letter.dead_letter_description
    )


async def test_a_failure_callback_too_large_to_publish_leaves_a_dead_letter_that_says_so() -> None:
    """A message that fills its queue's limit, as no publisher of ours makes one, is not tried for ever."""
    bus = InMemoryServiceBus(QueueSettings(name="tasks", max_message_size=8_000))
    worker = Boilermaker(State(), bus).register_many_async([on_failure, note], policy=retries.NoRetry())
    task = worker.create_task(note, "7")
    task.on_failure = worker.create_task(note, "x" * 6_000)
    body = (await _body_of(worker, bus, task)).replace(b'"7"', b"7")
    await _send(bus, body.replace(b"xxx", b"x" * (8_000 - 200 - len(body)) + b"xxx", 1))
    await worker.drain()

    [letter] = bus.dead_letters("tasks")
    assert "InvalidPayload" == letter.dead_letter_reason
    assert "; failure callbacks were not published: the message has 8," in (
        letter.dead_letter_description or ""
    )


@dataclass
class Fragile:
    """Its own code raises something that msgspec does not take for a refusal."""

    key: str
    raises: ClassVar[type[BaseException]] = KeyError

    def __post_init__(self) -> None:
        if self.key == SECRET:
            raise self.raises(self.key)


# SystemExit would end one worker after the other; a panic of a library in Rust is no Exception either.
_RAISED = pytest.mark.parametrize("raised", [KeyError, SystemExit, GeneratorExit])


async def break_it(state: State, fragile: Fragile) -> None:
    state.seen.append(fragile.key)


async def give_fragile(state: State) -> Fragile:
    fragile = Fragile("fine")
    fragile.key = SECRET
    state.seen.append("given")
    return fragile


@_RAISED
async def test_whatever_a_type_raises_refuses_the_payload(
    worker: Boilermaker[State],
    bus: InMemoryServiceBus,
    monkeypatch: pytest.MonkeyPatch,
    raised: type[BaseException],
) -> None:
    """Else the message would come again until its deliveries are used up, and its traceback would tell the value."""
    monkeypatch.setattr(Fragile, "raises", raised)
    worker.register_async(break_it, policy=retries.NoRetry())
    body = await _body_of(worker, bus, worker.create_task(break_it, Fragile("fine")))
    await _send(bus, body.replace(b"fine", SECRET.encode()))
    await worker.drain()
    [letter] = bus.dead_letters("tasks")

    assert letter.dead_letter_reason == "InvalidPayload"
    assert letter.dead_letter_description == f"fragile: rejected by the type's own check ({raised.__name__})"


@_RAISED
async def test_whatever_a_type_raises_refuses_the_result(
    worker: Boilermaker[State],
    bus: InMemoryServiceBus,
    monkeypatch: pytest.MonkeyPatch,
    raised: type[BaseException],
) -> None:
    """The handler has run: to run it again would repeat its effects."""
    monkeypatch.setattr(Fragile, "raises", raised)
    worker.register_many_async([break_it, give_fragile], policy=retries.NoRetry())
    first = worker.create_task(give_fragile)
    await worker.publish_task(first >> worker.create_task(break_it, first.result.placeholder()))
    await worker.drain()
    [letter] = bus.dead_letters("tasks")

    assert letter.dead_letter_reason == "InvalidResult"
    assert (
        letter.dead_letter_description == f"the result: rejected by the type's own check ({raised.__name__})"
    )
    assert worker.state.seen == ["given"]
