"""Ways in which a handler can end that nobody planned for: each is an outcome, and none costs the message its locks."""

from collections.abc import Callable
from typing import Any

import pytest

from boilermaker import Boilermaker, InMemoryServiceBus, Task, chain, failure, retries
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


def test_a_chain_that_is_refused_links_nothing() -> None:
    """The same tasks may be chained once the mistake is put right."""

    async def step(state: None) -> None: ...

    first, second, handler = Task.si(step), Task.si(step), Task.si(step)
    uncalled: Any = step
    with pytest.raises(TaskBuildError, match="call it to make a task"):
        chain(first, second, on_failure=uncalled)
    assert first.on_success is None
    assert chain(first, second, on_failure=handler).on_success is second


@pytest.mark.parametrize(
    "option", [{"policy": retries.NoRetry}, {"acks_late": 0}, {"should_dead_letter": "no"}]
)
def test_options_of_another_type_are_refused_where_they_are_set(option: dict[str, Any]) -> None:
    """Not in the worker, hours later."""

    async def step(state: None) -> None: ...

    with pytest.raises(TypeError):
        Task.si(step).options(**option)


def test_a_retry_mode_by_name_is_refused() -> None:
    """It would be found out at the first retry."""
    name: Any = "Fixed"
    with pytest.raises(TypeError, match="retry_mode is a RetryMode, not a str"):
        retries.RetryPolicy(retry_mode=name)
