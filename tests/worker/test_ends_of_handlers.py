"""Ways in which a handler can end that nobody planned for: each is an outcome, and none costs the message its locks."""

import asyncio
import contextlib
from collections.abc import Callable, Coroutine
from typing import Any

import pytest

from boilermaker import Boilermaker, InMemoryServiceBus, Task, attempt, chain, failure, retries
from boilermaker.errors import TaskBuildError

QUEUE = "jobs"
TWO_TRIES = retries.RetryPolicy(2, 1, 1, retries.RetryMode.Fixed)


class Panic(BaseException):
    """No `Exception`, as what comes out of a library in Rust that panics, or out of `pytest.fail`."""


class OutOfStock(failure.TaskFailed):
    """Keeps its own data and does not call the root's `__init__`."""

    def __init__(self, shelf: int) -> None:
        self.shelf = shelf


class Busy(retries.RetryException):
    """The same, for a retry."""

    def __init__(self, shelf: int) -> None:
        self.shelf = shelf


def _asking_with(policy: Any) -> BaseException:
    return retries.RetryException("again", policy=policy)


ENDS: list[tuple[Callable[[], BaseException], int, str]] = [
    (Panic, 2, f"RetriesExhausted: gave up after 2 tries: {__name__}.Panic raised"),
    (GeneratorExit, 2, "RetriesExhausted: gave up after 2 tries: GeneratorExit raised"),
    (lambda: _asking_with(retries.NoRetry), 2, "RetriesExhausted: gave up after 2 tries: TypeError raised"),
    (lambda: retries.RetryException(ValueError("busy")), 2, "RetriesExhausted: gave up after 2 tries: busy"),
    (lambda: Busy(3), 2, "RetriesExhausted: gave up after 2 tries: the handler asked for a retry"),
    (lambda: failure.TaskFailed(ValueError("no such shelf")), 1, "TaskFailed: no such shelf"),
    (lambda: OutOfStock(3), 1, "TaskFailed: the handler raised TaskFailed"),
]


@pytest.mark.parametrize(("end", "runs", "told"), ENDS)
async def test_whatever_a_handler_raises_is_an_outcome(
    end: Callable[[], BaseException], runs: int, told: str
) -> None:
    """It is tried as often as its policy says and then dead-lettered, not left for its lock to expire."""
    ran: list[str] = []
    bus = InMemoryServiceBus()
    worker = Boilermaker(ran, bus, queue=QUEUE)

    @worker.task(policy=TWO_TRIES)
    async def work(ran: list[str]) -> None:
        ran.append("work")
        raise end()

    await worker.publish_task(worker.create_task(work))
    await worker.drain()
    (letter,) = bus.dead_letters(QUEUE)
    assert ran == ["work"] * runs
    assert f"{letter.dead_letter_reason}: {letter.dead_letter_description}" == told


async def _cancel_while_waiting() -> None:
    task = asyncio.current_task()
    assert task is not None
    asyncio.get_running_loop().call_soon(task.cancel)
    await asyncio.sleep(60)


async def _cancel_and_return() -> None:
    task = asyncio.current_task()
    assert task is not None
    task.cancel()


async def _await_what_was_cancelled() -> None:
    child = asyncio.create_task(asyncio.sleep(60))
    child.cancel()
    await child


async def _raise_cancelled() -> None:
    raise asyncio.CancelledError


@pytest.mark.parametrize(
    "end", [_cancel_while_waiting, _cancel_and_return, _await_what_was_cancelled, _raise_cancelled]
)
async def test_a_handler_that_cancels_itself_has_failed(end: Callable[[], Coroutine[Any, Any, None]]) -> None:
    """It is tried again by its policy, as one that raises; its message does not come again by itself for ever."""
    ran: list[int] = []
    bus = InMemoryServiceBus()
    worker = Boilermaker(ran, bus, queue=QUEUE)

    @worker.task(policy=TWO_TRIES)
    async def work(ran: list[int]) -> None:
        ran.append(attempt.current().number)
        await end()

    await worker.publish_task(worker.create_task(work))
    await worker.drain()
    (letter,) = bus.dead_letters(QUEUE)
    assert ran == [1, 2]
    assert letter.dead_letter_description == "gave up after 2 tries: the handler cancelled itself"


async def test_a_handler_that_catches_its_own_cancellation_has_not_failed() -> None:
    """What it publishes next is not cancelled in its place."""
    ran: list[str] = []
    worker = Boilermaker(ran, InMemoryServiceBus(), queue=QUEUE)

    @worker.task
    async def work(ran: list[str]) -> str:
        with contextlib.suppress(asyncio.CancelledError):
            await _cancel_while_waiting()
        return "caught"

    @worker.task
    async def after(ran: list[str], result: str) -> None:
        ran.append(result)

    first = worker.create_task(work)
    await worker.publish_task(first >> worker.create_task(after, first.result.placeholder()))
    await worker.drain()
    assert ran == ["caught"]


async def test_a_handler_may_clean_up_when_its_time_is_over() -> None:
    """It catches the cancellation and may await; asked, it learns why. Ten limits need no task of their own."""
    told: list[str] = []
    bus = InMemoryServiceBus()
    worker = Boilermaker(told, bus, queue=QUEUE)

    @worker.task(timeout=0.05, policy=retries.NoRetry())
    async def work(told: list[str]) -> None:
        others = asyncio.all_tasks() - {asyncio.current_task()}
        assert all(
            "Handling.run" in repr(task) or "drain" in repr(task) or "test_" in repr(task) for task in others
        )
        try:
            await asyncio.sleep(60)
        finally:
            await asyncio.sleep(0)
            told.append(str(attempt.cancelled()))

    await worker.client.publish_many([worker.create_task(work) for _ in range(10)])
    await worker.drain()
    assert told == ["Cause.TIME_LIMIT"] * 10
    descriptions = {letter.dead_letter_description for letter in bus.dead_letters(QUEUE)}
    assert descriptions == {"gave up after 1 try: took longer than 0.05s"}


async def test_a_handler_that_goes_on_when_its_time_is_over_and_returns_has_succeeded() -> None:
    """Its effects have happened; running it again would repeat them."""
    bus = InMemoryServiceBus()
    worker = Boilermaker(None, bus, queue=QUEUE)

    @worker.task(timeout=0.01, policy=retries.NoRetry())
    async def work(state: None) -> None:
        with contextlib.suppress(asyncio.CancelledError):
            await asyncio.sleep(60)

    await worker.publish_task(worker.create_task(work))
    assert await worker.drain() == 1
    assert not bus.dead_letters(QUEUE)


def test_a_chain_that_is_refused_links_nothing() -> None:
    """The same tasks may be chained once the mistake is put right."""

    async def step(state: None) -> None: ...

    first, second, handler = Task.si(step), Task.si(step), Task.si(step)
    uncalled: Any = step
    with pytest.raises(TaskBuildError, match="call it to create a task"):
        chain(first, second, on_failure=uncalled)
    assert first.on_success is None
    assert chain(first, second, on_failure=handler).on_success is second


@pytest.mark.parametrize(
    "option", [{"policy": retries.NoRetry}, {"acks_late": 0}, {"should_dead_letter": "no"}, {"queue": 3}]
)
def test_options_of_another_type_are_refused_where_they_are_set(option: dict[str, Any]) -> None:
    """Not in the worker, hours later."""

    async def step(state: None) -> None: ...

    with pytest.raises(TypeError):
        Task.si(step).options(**option)


def test_a_retry_mode_by_name_is_refused() -> None:
    """It would be found out at the first retry."""
    name: Any = "Fixed"
    with pytest.raises(TypeError, match="retry_mode must be a RetryMode, not a str"):
        retries.RetryPolicy(retry_mode=name)
