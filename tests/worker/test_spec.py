"""The behaviour that users were promised: callbacks and chains, on the in-memory bus."""

from dataclasses import dataclass, field

import pytest

from boilermaker import Boilermaker, InMemoryServiceBus, Task, retries
from boilermaker.failure import TaskFailureResult


@dataclass
class State:
    seen: list[str] = field(default_factory=list)


async def main_task(state: State, param: str):
    state.seen.append(f"main {param}")
    if param == "success":
        return "success_result"
    if param == "fail":
        return TaskFailureResult
    raise ValueError("Something went wrong!")


async def success_handler(state: State):
    state.seen.append("success")


async def failure_handler(state: State):
    state.seen.append("failure")


@pytest.fixture
def worker(bus: InMemoryServiceBus) -> Boilermaker[State]:
    worker = Boilermaker(State(), bus)
    worker.register_async(main_task, policy=retries.NoRetry())
    worker.register_async(success_handler, policy=retries.NoRetry())
    worker.register_async(failure_handler, policy=retries.NoRetry())
    return worker


@pytest.mark.parametrize(
    ("param", "expected"), [("success", "success"), ("fail", "failure"), ("raise", "failure")]
)
async def test_direct_assignment_runs_the_callback_that_fits(
    worker: Boilermaker[State], param: str, expected: str
):
    """on_success after success; on_failure after a permanent failure and once retries are exhausted."""
    main = worker.create_task(main_task, param)
    main.on_success = worker.create_task(success_handler)
    main.on_failure = worker.create_task(failure_handler)

    await worker.publish_task(main)
    await worker.drain()

    assert worker.state.seen == [f"main {param}", expected]


async def test_the_shift_operator_sets_the_success_callback(worker: Boilermaker[State]):
    """`main >> success` is the same as `main.on_success = success`."""
    main = worker.create_task(main_task, "success")
    success = worker.create_task(success_handler)
    main >> success

    await worker.publish_task(main)
    await worker.drain()

    assert main.on_success is success
    assert worker.state.seen == ["main success", "success"]


async def test_a_chain_stops_at_the_first_failure_and_runs_its_failure_handler(worker: Boilermaker[State]):
    """The on_failure task is set for all tasks of the chain."""
    workflow = worker.chain(
        Task.si(main_task, "success"),
        worker.create_task(main_task, "fail"),
        Task.si(success_handler),
        on_failure=Task.si(failure_handler),
    )

    await worker.publish_task(workflow)
    await worker.drain()

    assert worker.state.seen == ["main success", "main fail", "failure"]


async def test_a_permanent_failure_is_dead_lettered_with_its_reason(
    worker: Boilermaker[State], bus: InMemoryServiceBus
):
    """Operators find it in the dead-letter queue under a stable reason."""
    await worker.apply_async(main_task, "fail")
    await worker.drain()

    assert [m.dead_letter_reason for m in bus.dead_letters("tasks")] == ["TaskFailed"]


async def test_retries_run_until_max_tries_executions(bus: InMemoryServiceBus):
    """`max_tries` counts executions; each retry waits, in virtual time."""
    worker = Boilermaker(State(), bus)
    worker.register_async(main_task, policy=retries.RetryPolicy(max_tries=3, delay=60, delay_max=60))
    started = bus.clock.now()
    await worker.apply_async(main_task, "raise")
    await worker.drain()

    assert worker.state.seen == ["main raise"] * 3
    assert [m.dead_letter_reason for m in bus.dead_letters("tasks")] == ["RetriesExhausted"]
    assert bus.clock.now() > started


async def test_results_travel_by_reference(bus: InMemoryServiceBus):
    """A later step takes an earlier step's result, checked by the worker."""
    worker: Boilermaker[State] = Boilermaker(State(), bus)

    @worker.task
    async def create_user(state: State, email: str) -> int:
        return len(email)

    @worker.task(name="mail")
    async def send(state: State, user_id: int, subject: str = "hello") -> None:
        state.seen.append(f"{subject} {user_id}")

    user = worker.create_task(create_user, "a@b.org")
    await worker.publish_task(user >> worker.create_task(send, user.result.placeholder()))
    await worker.drain()

    assert worker.state.seen == ["hello 7"]
