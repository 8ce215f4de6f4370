"""What publishing refuses, and how workflows go on from step to step."""

# `a >> b` sets a callback; its value need not be used.
# pyright: reportUnusedExpression=false

import enum
from collections.abc import Callable, Coroutine, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import msgspec
import pytest

from boilermaker import Boilermaker, InMemoryServiceBus, QueueSettings, Task, chain, errors, failure, retries
from boilermaker.failure import FailureInfo, TaskFailed
from boilermaker.transport.port import OutgoingMessage


@dataclass
class State:
    seen: list[object] = field(default_factory=list[object])


async def number(state: State, value: int) -> int:
    state.seen.append(value)
    return value


async def text(state: State, value: str) -> str:
    state.seen.append(value)
    return value


async def maybe(state: State, value: int | None) -> None:
    state.seen.append(value)


async def ratio(state: State, value: float | None) -> None:
    state.seen.append(value)


async def plain_ratio(state: State, value: float) -> None:
    state.seen.append(value)


async def flag(state: State) -> bool:
    return True


async def fail(state: State) -> int:
    raise TaskFailed("on purpose")


async def told(state: State, cause: FailureInfo) -> None:
    state.seen.append((cause.task, cause.reason, cause.description))


async def cleanup(state: State) -> None:
    state.seen.append("cleanup")


@pytest.fixture
def worker(bus: InMemoryServiceBus) -> Boilermaker[State]:
    handlers: list[Callable[..., Coroutine[Any, Any, Any]]] = [
        number,
        text,
        maybe,
        ratio,
        plain_ratio,
        flag,
        fail,
        told,
        cleanup,
    ]
    return Boilermaker(State(), bus).register_many_async(handlers, policy=retries.NoRetry())


async def _refused(worker: Boilermaker[State], bus: InMemoryServiceBus, task: Task[object]) -> str:
    """What publishing says; nothing may have been sent."""
    with pytest.raises(errors.WorkflowError) as caught:
        await worker.publish_task(task)
    assert [] == bus.messages("tasks") + bus.scheduled("tasks")
    return str(caught.value)


# ---- what is refused ------------------------------------------------------------------------------------


async def test_a_loop_is_refused(worker: Boilermaker[State], bus: InMemoryServiceBus) -> None:
    """The message shows the way round."""
    first, second = worker.create_task(number, 1), worker.create_task(text, "2")
    first.on_success = second
    second.on_failure = first

    assert "the workflow loops: number -> text -> number." in await _refused(worker, bus, first)


async def test_a_reference_to_a_task_outside_the_workflow_is_refused(
    worker: Boilermaker[State], bus: InMemoryServiceBus
) -> None:
    """Its result would never be there."""
    outside = worker.create_task(number, 1)
    message = await _refused(worker, bus, worker.create_task(number, outside.result.placeholder()))

    assert (
        "`value` of `number` refers to <result of <Task number>>, which is not part of this workflow"
        in message
    )


async def test_a_reference_to_a_step_that_does_not_surely_succeed_is_refused(
    worker: Boilermaker[State], bus: InMemoryServiceBus
) -> None:
    """A failure handler runs because that step failed."""
    first = worker.create_task(number, 1)
    first.on_failure = worker.create_task(maybe, first.result.placeholder())

    assert "may not have succeeded when `maybe` runs" in await _refused(worker, bus, first)


async def test_the_cause_of_a_failure_is_refused_where_success_leads(
    worker: Boilermaker[State], bus: InMemoryServiceBus
) -> None:
    """There may be no failure to tell of."""
    first = worker.create_task(number, 1)
    first >> worker.create_task(told, failure.cause.placeholder())

    assert "can also run without a failure before it" in await _refused(worker, bus, first)


@pytest.mark.parametrize("source", [flag, text])
async def test_a_result_that_does_not_fit_its_parameter_is_refused(
    worker: Boilermaker[State], bus: InMemoryServiceBus, source: object
) -> None:
    """A `Ref[bool]` for an `int` passes type checkers, and no worker."""
    first = worker.create_task(flag) if source is flag else worker.create_task(text, "1")
    following = worker.create_task(number, first.result.placeholder())  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType] - the mistake under test
    first >> following
    given = "bool" if source is flag else "str"

    message = await _refused(worker, bus, first)
    assert message.endswith(f"has another type: it is `{given}`, expected `int`")


async def test_a_second_success_callback_is_refused(worker: Boilermaker[State]) -> None:
    """`>>` and `chain` name both callbacks, and change nothing."""
    first, second = worker.create_task(number, 1), worker.create_task(text, "2")
    joined = chain(first, second)

    with pytest.raises(
        errors.CallbackAlreadySetError, match=r"`number` already has .* `text`; `cleanup` would"
    ):
        joined >> worker.create_task(cleanup)
    with pytest.raises(
        errors.CallbackAlreadySetError, match=r"`number` already has .* `text`; `cleanup` would"
    ):
        chain(first, worker.create_task(cleanup))
    assert first.on_success is second


async def test_a_workflow_over_the_limit_lists_its_largest_tasks(
    worker: Boilermaker[State], bus: InMemoryServiceBus
) -> None:
    """Sizes say what to make smaller."""
    large = worker.create_task(text, "x" * 200_000)
    large >> worker.create_task(number, 1) >> worker.create_task(text, "y" * 100_000)

    message = await _refused(worker, bus, large)
    assert "largest tasks: text 300," in message
    assert "number " in message


@pytest.mark.parametrize("value", [float("nan"), float("inf"), -float("inf")])
def test_a_number_that_json_cannot_carry_is_refused_when_the_task_is_built(
    worker: Boilermaker[State], value: float
) -> None:
    """It would arrive as None without a word."""
    with pytest.raises(errors.InvalidArgumentsError, match="value: NaN and infinities have no JSON form"):
        worker.create_task(ratio, value)
    with pytest.raises(errors.InvalidArgumentsError, match="value: NaN and infinities have no JSON form"):
        worker.create_task(plain_ratio, value)


class Status(enum.Enum):
    OPEN = "open"


@dataclass(slots=True)
class Line:
    amount: float | None
    status: Status = Status.OPEN


def test_such_a_number_is_found_in_any_class_that_can_travel() -> None:
    """Slots have no `__dict__`, and members of enums have one that leads everywhere."""

    async def bill(state: State, line: Line) -> None: ...

    assert Task.si(bill, Line(1.5)).name == "bill"
    with pytest.raises(errors.InvalidArgumentsError, match=r"line: NaN .* \(at `\$\.amount`\)"):
        Task.si(bill, Line(float("nan")))


def test_such_a_number_is_refused_for_any_type_that_takes_none() -> None:
    """A float that checkers refuse would become a None that they do not."""

    async def rename(state: State, name: str | None) -> None: ...

    with pytest.raises(errors.InvalidArgumentsError, match="name: NaN and infinities have no JSON form"):
        Task.si(rename, float("nan"))  # type: ignore[arg-type]


def test_the_search_for_such_a_number_goes_as_deep_as_json_does() -> None:
    """A worker reads 900 levels: what builds the task may not give up before."""

    async def store(state: State, tree: Any) -> None: ...

    tree: list[Any] = []
    for _ in range(900):
        tree = [tree]
    assert Task.si(store, tree).name == "store"


@pytest.mark.parametrize("delay", ["soon", True, None])
def test_a_delay_that_is_no_time_is_refused_with_what_it_should_be(
    worker: Boilermaker[State], delay: Any
) -> None:
    """The sentence says which types are times."""
    with pytest.raises(TypeError, match="numbers of seconds, not a"):
        retries.RetryPolicy(delay=delay)
    with pytest.raises(TypeError, match="a number of seconds or a timedelta, not a"):
        retries.RetryException("again", delay=delay or "")


def test_a_bool_for_an_int_is_refused_when_the_task_is_built(worker: Boilermaker[State]) -> None:
    """Type checkers let it pass, the worker does not."""
    with pytest.raises(errors.InvalidArgumentsError, match=r"number\(\): value: expected `int`, got `bool`"):
        worker.create_task(number, True)


def test_a_task_in_place_of_its_result_is_refused_when_the_task_is_built(worker: Boilermaker[State]) -> None:
    """The usual slip, with the way out."""
    first = worker.create_task(number, 1)
    with pytest.raises(errors.InvalidArgumentsError, match=r"did you mean `\.result`\?"):
        worker.create_task(number, first)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType] - the mistake under test


# ---- what runs ------------------------------------------------------------------------------------------


async def test_a_failure_handler_is_told_the_cause(worker: Boilermaker[State]) -> None:
    """`failure.cause`: which step failed, under which reason, in the handler's words."""
    workflow = worker.chain(
        worker.create_task(number, 1),
        worker.create_task(fail),
        worker.create_task(number, 2),
        on_failure=worker.create_task(told, failure.cause.placeholder()),
    )
    await worker.publish_task(workflow)
    await worker.drain()

    assert [1, ("fail", "TaskFailed", "on purpose")] == worker.state.seen


@pytest.mark.parametrize(("is_created", "expected"), [(True, 1), (False, None)])
async def test_a_compensating_handler_takes_a_result_or_none(
    worker: Boilermaker[State], is_created: bool, expected: int | None
) -> None:
    """`.or_none()` is legal anywhere: the step may have run, or not."""
    created = worker.create_task(number, 1) if is_created else worker.create_task(fail)
    undo = worker.create_task(maybe, created.result.or_none().placeholder())
    await worker.publish_task(worker.chain(created, worker.create_task(fail), on_failure=undo))
    await worker.drain()

    assert ([1, 1] if is_created else [None]) == worker.state.seen
    assert expected == worker.state.seen[-1]


async def test_a_result_is_there_many_steps_later_and_after_a_retry(worker: Boilermaker[State]) -> None:
    """It is kept until the last step that refers to it."""

    @worker.task(policy=retries.RetryPolicy(max_tries=2, delay=1, delay_max=1))
    async def shaky(state: State, value: int) -> None:
        state.seen.append(value)
        if state.seen.count(value) == 2:
            raise OSError

    first = worker.create_task(number, 41)
    last = worker.create_task(shaky, first.result.placeholder())
    await worker.publish_task(chain(first, worker.create_task(cleanup), worker.create_task(cleanup), last))
    await worker.drain()

    assert [41, "cleanup", "cleanup", 41, 41] == worker.state.seen


async def test_a_tasks_own_failure_handler_runs_beside_that_of_its_chain(worker: Boilermaker[State]) -> None:
    """`chain(on_failure=)` adds."""
    failing = worker.create_task(fail)
    failing.on_failure = worker.create_task(text, "own")
    await worker.publish_task(worker.chain(failing, on_failure=worker.create_task(cleanup)))
    await worker.drain()

    assert {"own", "cleanup"} == set(worker.state.seen)


async def test_the_same_task_published_twice_runs_twice(worker: Boilermaker[State]) -> None:
    """Each publish is a workflow of its own, callbacks included."""
    task = worker.create_task(number, 1)
    task.on_success = worker.create_task(cleanup)
    ids = {await worker.publish_task(task), await worker.publish_task(task)}
    await worker.drain()

    assert 2 == len(ids)
    assert {1: 2, "cleanup": 2} == {seen: worker.state.seen.count(seen) for seen in worker.state.seen}


async def test_publishing_twice_under_one_id_runs_once(worker: Boilermaker[State]) -> None:
    """The queue detects the duplicate: a repeat after a lost answer is safe."""
    task = worker.create_task(number, 1)
    task.on_success = worker.create_task(cleanup)
    assert "order-7" == await worker.publish_task(task, id="order-7")
    assert "order-7" == await worker.publish_task(task, id="order-7")
    await worker.drain()

    assert [1, "cleanup"] == worker.state.seen


async def test_an_attempt_that_is_repeated_publishes_its_callbacks_once() -> None:
    """Its settlement was lost: the message runs again, the next step does not."""
    bus = InMemoryServiceBus(QueueSettings(name="tasks", duplicate_detection_window=None), "mails")
    worker = Boilermaker(State(), bus, queue="tasks", forwards_to=["mails"]).register_async(number)
    worker.register_async(cleanup, queue="mails")
    mails = Boilermaker(worker.state, bus, queue="mails").register_async(cleanup)
    await worker.publish_task(worker.create_task(number, 1) >> worker.create_task(cleanup), id="w")
    [message] = bus.messages("tasks")
    await bus.sender("tasks").send(OutgoingMessage(body=message.body, message_id="w"))
    await worker.drain()
    await mails.drain()

    assert [1, 1, "cleanup"] == worker.state.seen


async def test_delays_of_a_workflow_and_of_its_steps_add_up(
    worker: Boilermaker[State], bus: InMemoryServiceBus
) -> None:
    """`publish(delay=)` waits for the first step, `.options(delay=)` for a step when it is its turn."""
    started = bus.clock.now()
    first, second = (
        worker.create_task(number, 1),
        worker.create_task(cleanup).options(delay=timedelta(hours=2)),
    )
    await worker.publish_task(first >> second, delay=60)
    await worker.drain()

    assert [1, "cleanup"] == worker.state.seen
    assert timedelta(hours=2, seconds=60) == bus.clock.now() - started


# ---- long chains ----------------------------------------------------------------------------------------


def _long(worker: Boilermaker[State], steps: int) -> Task[int]:
    first, *rest = [worker.create_task(number, n) for n in range(steps)]
    return worker.chain(first, *rest, on_failure=worker.create_task(cleanup))


async def test_a_chain_of_a_thousand_steps_fits_and_runs(
    worker: Boilermaker[State], bus: InMemoryServiceBus
) -> None:
    """With a shared failure handler, within the 256 KB of the Standard tier."""
    await worker.publish_task(_long(worker, 1_000))
    assert len(bus.messages("tasks")[0].body) < 256 * 1024
    await worker.drain()

    assert list(range(1_000)) == worker.state.seen


async def test_a_step_that_fails_late_in_a_long_chain_reaches_the_shared_handler(
    worker: Boilermaker[State],
) -> None:
    """The handler is one step of the plan, led to by all others."""
    failing = worker.create_task(fail)
    early = [worker.create_task(number, n) for n in range(200)]
    late = [worker.create_task(number, n) for n in range(200)]
    await worker.publish_task(
        worker.chain(early[0], *early[1:], failing, *late, on_failure=worker.create_task(cleanup))
    )
    await worker.drain()

    assert [*range(200), "cleanup"] == worker.state.seen


def _with_broken_line(body: bytes, line: int) -> bytes:
    lines: Sequence[bytes] = body.split(b"\n")
    return b"\n".join([*lines[: line + 1], b"this is no JSON", *lines[line + 2 :]])


async def test_a_hop_does_not_read_the_steps_that_it_passes_on(
    worker: Boilermaker[State], bus: InMemoryServiceBus
) -> None:
    """An undecodable line far ahead is noticed by the step before it, which then fails and is cleaned up after."""
    await worker.publish_task(_long(worker, 100))
    receiver = bus.receiver("tasks")
    [delivery] = await receiver.receive(1, 0)
    await receiver.complete(delivery)
    broken = _with_broken_line(delivery.body, 90)
    with pytest.raises(msgspec.DecodeError):
        msgspec.json.decode(broken.split(b"\n")[91])
    await bus.sender("tasks").send(OutgoingMessage(body=broken, message_id="broken"))
    await worker.drain()

    assert [*range(89), "cleanup"] == worker.state.seen
    assert ["UndecodableMessage"] == [m.dead_letter_reason for m in bus.dead_letters("tasks")]
