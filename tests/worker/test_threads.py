"""Handlers that are plain functions run in threads: they block nobody, and are waited for."""

import asyncio
import functools
import threading
from collections.abc import Callable, Iterator
from contextvars import ContextVar
from datetime import timedelta
from typing import Any
from unittest.mock import MagicMock

import pytest
import typing_extensions

from boilermaker import (
    AzureServiceBus,
    Boilermaker,
    InMemoryServiceBus,
    QueueSettings,
    Tasks,
    attempt,
    failure,
    retries,
)
from boilermaker.errors import ConfigurationError, RegistrationError
from boilermaker.localbus.server import LocalServiceBus
from boilermaker.worker import ending as ending_module
from boilermaker.worker.ending import Ending
from boilermaker.worker.threads import Threads

TWO_TRIES = retries.RetryPolicy(2, 1, 1, retries.RetryMode.Fixed)
SECONDS = 20.0


class Scene:
    """What handlers in threads tell, and what they wait for."""

    def __init__(self) -> None:
        self.told: list[str] = []
        self.go_on = threading.Event()

    def wait(self) -> None:
        """For the test's word; a test that has failed is not waited for."""
        assert self.go_on.wait(SECONDS)

    async def until(self, is_so: Callable[[], bool]) -> None:
        """Wait for a thread."""
        async with asyncio.timeout(SECONDS):
            while not is_so():  # noqa: ASYNC110 - a thread cannot set an event of the loop
                await asyncio.sleep(0.01)


@pytest.fixture
def scene() -> Iterator[Scene]:
    """Its threads end with the test."""
    scene = Scene()
    yield scene
    scene.go_on.set()


@pytest.fixture
def bus() -> InMemoryServiceBus:
    """One queue."""
    return InMemoryServiceBus(default_queue="tasks")


async def test_a_plain_function_runs_in_a_thread_and_is_a_step_like_any_other(
    scene: Scene, bus: InMemoryServiceBus
) -> None:
    """It knows its attempt, is retried, fails for good, and hands its result on."""
    worker = Boilermaker(scene, bus)
    here = threading.get_ident()

    @worker.task(policy=TWO_TRIES)
    def measure(scene: Scene, text: str) -> int:
        assert threading.get_ident() != here
        scene.told.append(f"try {attempt.current().number}")
        if attempt.current().number == 1:
            raise ValueError(text)
        return len(text)

    async def tell(scene: Scene, length: int) -> None:
        scene.told.append(f"{length}")

    def refuse(scene: Scene) -> None:
        return failure.TaskFailureResult

    def stop(scene: Scene) -> None:
        raise StopIteration

    worker.register(tell).register(refuse, policy=retries.NoRetry()).register(stop, policy=retries.NoRetry())
    measured = worker.create_task(measure, "seven..")
    await worker.publish_task(measured >> worker.create_task(tell, measured.result.placeholder()))
    await worker.apply_async(refuse)
    await worker.apply_async(stop)
    await worker.drain()
    assert scene.told == ["try 1", "try 2", "7"]
    assert sorted(str(letter.dead_letter_description) for letter in bus.dead_letters("tasks")) == [
        "gave up after 1 try: RuntimeError raised",  # what Python makes of it in a coroutine (PEP 479)
        "the handler returned TaskFailureResult",
    ]


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
async def test_a_wrapper_that_is_marked_as_async_runs_in_the_event_loop(
    scene: Scene, bus: InMemoryServiceBus
) -> None:
    """`deprecated` wraps an async function by a plain one, and says what calling it gives."""
    worker = Boilermaker(scene, bus)
    here = threading.get_ident()

    @worker.task
    @typing_extensions.deprecated("use another one")
    async def old(scene: Scene, text: str) -> None:
        scene.told.append(f"{text} {threading.get_ident() == here}")

    await worker.apply_async(old, "told")
    await worker.drain()
    assert scene.told == ["told True"]


async def test_a_function_that_gives_a_coroutine_has_failed(scene: Scene, bus: InMemoryServiceBus) -> None:
    """It would never run, and its task would count as done."""
    worker = Boilermaker(scene, bus)

    async def work() -> None:
        raise AssertionError

    def begin(scene: Scene) -> Any:
        return work()

    await worker.register(begin).apply_async(begin)
    await worker.drain()
    [letter] = bus.dead_letters("tasks")
    assert letter.dead_letter_reason == "InvalidResult"
    assert (
        letter.dead_letter_description
        == "the handler returned a coroutine instead of a result: declare it with `async def`"
    )


async def test_threads_are_bounded_and_leave_async_handlers_alone(
    scene: Scene, bus: InMemoryServiceBus
) -> None:
    """Two at a time; what waits for one does not wait for the event loop."""
    worker = Boilermaker(scene, bus)
    running: list[int] = []

    @worker.task
    def block(scene: Scene, number: int) -> None:
        running.append(number)
        scene.wait()

    @worker.task
    async def quick(scene: Scene) -> None:
        scene.told.append("quick")

    await worker.apply_async(quick)
    await worker.client.publish_many([worker.create_task(block, number) for number in range(6)])
    working = asyncio.create_task(worker.run(threads=2))
    await scene.until(lambda: len(running) == 2 and scene.told == ["quick"])
    assert not worker.health().is_blocked
    scene.go_on.set()
    await scene.until(lambda: len(running) == 6)
    worker.stop()
    assert (await working).handled == 7


async def test_what_waits_for_a_thread_is_no_more_than_can_begin_soon(scene: Scene) -> None:
    """The rest is left to other workers: over the real client, with one thread and twenty messages."""
    with LocalServiceBus(["jobs"]) as local:
        there = AzureServiceBus.from_connection_string(local.connection_string)
        worker = Boilermaker(scene, there, queue="jobs")

        @worker.task
        def block(scene: Scene, number: int) -> None:
            scene.told.append("begun")
            scene.wait()

        await worker.client.publish_many([worker.create_task(block, number) for number in range(20)])
        working = asyncio.create_task(worker.run(threads=1, grace_seconds=0))
        await scene.until(lambda: bool(scene.told) and local.counts()["jobs"].locked == 2)
        scene.go_on.set()
        await scene.until(lambda: len(scene.told) == 20)
        worker.stop()
        await working


async def test_a_lock_is_kept_while_a_thread_blocks(scene: Scene) -> None:
    """Three times as long as the lock; the event loop turns, and the message comes once."""
    settings = QueueSettings(name="jobs", lock_duration=timedelta(seconds=1))
    with LocalServiceBus([settings]) as local:
        there = AzureServiceBus.from_connection_string(local.connection_string)
        worker = Boilermaker(scene, there, queue="jobs")

        @worker.task
        def block(scene: Scene) -> None:
            scene.told.append(f"delivered {attempt.current().delivery_count + 1}")
            threading.Event().wait(3)
            scene.told.append("done")

        await worker.apply_async(block)
        working = asyncio.create_task(worker.run())
        await scene.until(lambda: "done" in scene.told)
        worker.stop()
        assert await working == Ending(handled=1)
        assert scene.told == ["delivered 1", "done"]


async def test_a_time_limit_tells_a_thread_and_does_not_stop_it(
    scene: Scene, bus: InMemoryServiceBus, caplog: pytest.LogCaptureFixture
) -> None:
    """One that asks ends, and counts as one that took too long; one that does not ask goes on, and its result counts."""
    worker = Boilermaker(scene, bus)

    @worker.task(timeout=0.05, policy=retries.NoRetry())
    def polite(scene: Scene) -> None:
        try:
            while True:
                attempt.check_cancelled()
                threading.Event().wait(0.01)
        finally:
            scene.told.append(f"polite cleans up for {attempt.cancelled()}")

    @worker.task(timeout=0.05, policy=retries.NoRetry())
    def deaf(scene: Scene) -> int:
        while "deaf" not in caplog.text:
            threading.Event().wait(0.01)
        return 7

    @worker.task
    async def tell(scene: Scene, number: int) -> None:
        scene.told.append(f"deaf gave {number}")

    await worker.apply_async(polite)
    seven = worker.create_task(deaf)
    await worker.publish_task(seven >> worker.create_task(tell, seven.result.placeholder()))
    await worker.drain()
    assert sorted(scene.told) == ["deaf gave 7", "polite cleans up for Cause.TIME_LIMIT"]
    [letter] = bus.dead_letters("tasks")
    assert letter.dead_letter_description == "gave up after 1 try: took longer than 0.05s"
    assert (
        "[deaf] takes longer than its time limit of 0.05s; a thread cannot be cancelled, so it continues. Long functions "
        "should call `attempt.check_cancelled()`" in caplog.text
    )


async def test_the_time_that_a_function_waits_for_a_thread_is_not_counted(
    scene: Scene, bus: InMemoryServiceBus
) -> None:
    """Its limit begins with its thread."""
    worker = Boilermaker(scene, bus)

    @worker.task(timeout=0.3, policy=retries.NoRetry())
    def work(scene: Scene, number: int) -> None:
        threading.Event().wait(0.2)
        attempt.check_cancelled()

    await worker.client.publish_many([worker.create_task(work, number) for number in range(3)])
    await worker.drain(threads=1)
    assert not bus.dead_letters("tasks")


async def test_a_worker_that_stops_waits_for_its_threads(scene: Scene, bus: InMemoryServiceBus) -> None:
    """Within the grace period."""
    worker = Boilermaker(scene, bus)

    @worker.task
    def work(scene: Scene) -> None:
        scene.told.append("begun")
        scene.wait()
        scene.told.append("done")

    await worker.apply_async(work)
    working = asyncio.create_task(worker.run(grace_seconds=SECONDS))
    await scene.until(lambda: bool(scene.told))
    worker.stop()
    asyncio.get_running_loop().call_later(0.1, scene.go_on.set)
    assert await working == Ending(handled=1)
    assert scene.told == ["begun", "done"]
    assert not bus.messages("tasks")


async def test_a_thread_that_outlasts_the_grace_is_told_and_its_message_given_back(
    scene: Scene, bus: InMemoryServiceBus, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One that asks ends in good order; one that does not is left behind, and what it comes to is dropped."""
    monkeypatch.setattr(ending_module, "_CLEAN_UP_SECONDS", 0.5)
    worker = Boilermaker(scene, bus)

    @worker.task
    def polite(scene: Scene) -> None:
        scene.told.append("polite begins")
        while attempt.cancelled() is None:
            threading.Event().wait(0.01)
        attempt.check_cancelled()

    @worker.task
    def deaf(scene: Scene) -> None:
        scene.told.append("deaf begins")
        scene.wait()

    @worker.task
    async def never(scene: Scene) -> None:
        scene.told.append("never")

    await worker.apply_async(polite)
    await worker.publish_task(worker.create_task(deaf) >> worker.create_task(never))
    working = asyncio.create_task(worker.run(grace_seconds=0.1))
    await scene.until(lambda: len(scene.told) == 2)
    worker.stop()
    assert await working == Ending(handled=1, given_back=2, stuck=1)
    scene.go_on.set()
    [task] = [task for task in asyncio.all_tasks() if "Handling" in repr(task)]
    await task
    assert [message.delivery_count for message in bus.messages("tasks")] == [0, 0]
    assert "never" not in scene.told


async def _at_once() -> None:
    """Nothing is to be done before a function begins."""


async def test_a_function_that_must_not_begin_leaves_its_thread_to_the_next() -> None:
    """Its message was lost while it waited for a thread."""

    async def lost() -> None:
        raise asyncio.CancelledError

    threads, told = Threads(1), list[str]()
    with pytest.raises(asyncio.CancelledError):
        await threads.run(lambda: told.append("ran"), begin=lost)
    await threads.run(lambda: told.append("next"), begin=_at_once)
    assert told == ["next"]
    assert threads.backlog == 0
    threads.close()


async def test_context_variables_go_along_and_do_not_come_back() -> None:
    """As with a task of asyncio."""
    colour: ContextVar[str] = ContextVar("colour")
    colour.set("blue")
    threads = Threads(1)

    def paint() -> str:
        before = colour.get()
        colour.set("red")
        return before

    assert await threads.run(paint, begin=_at_once) == "blue"
    assert colour.get() == "blue"
    threads.close()


async def test_a_turn_that_is_given_up_goes_to_the_next() -> None:
    """Also one that is cancelled when it has just come."""
    threads, go_on = Threads(1), threading.Event()
    first = asyncio.create_task(threads.run(go_on.wait, begin=_at_once))
    second, third = (
        asyncio.create_task(threads.run(functools.partial(str, number), begin=_at_once)) for number in (2, 3)
    )
    await asyncio.sleep(0)
    assert threads.backlog == 3
    second.cancel()
    go_on.set()
    assert await third == "3"
    assert await first
    assert second.cancelled()
    assert threads.backlog == 0
    threads.close()


def _wrapped() -> Callable[..., Any]:
    async def work(state: None) -> None: ...

    @functools.wraps(work)
    def wrapper(*args: Any) -> Any:
        return work(*args)

    return wrapper


def _generator(state: None) -> Any:
    yield 1


class _Callable:
    def __call__(self, state: None) -> None: ...


@pytest.mark.parametrize(
    ("function", "told"),
    [
        (_generator, "is a generator; return a value instead of yielding"),
        (_Callable, "is not a function; define one with `async def` or `def`"),
        (MagicMock(), "is not a function; define one with `async def` or `def`"),
        (print, "is not a function; define one with `async def` or `def`"),
        (
            _wrapped(),
            "is wrapped by a function that is not async; make the decorator's wrapper an `async def`",
        ),
    ],
)
def test_what_is_no_function_cannot_be_a_task(function: Callable[..., Any], told: str) -> None:
    """Nor what would give something else than a result."""
    with pytest.raises(RegistrationError, match=told):
        Boilermaker(None, InMemoryServiceBus()).register(function)


def test_register_async_takes_async_functions_only() -> None:
    """A forgotten `async` is told, with the way to mean it; in a collection at once."""

    def work(state: None) -> None: ...

    for registrar in (Boilermaker(None, InMemoryServiceBus()), Tasks()):
        for register in (registrar.register_async, lambda f, r=registrar: r.register_many_async([f])):
            with pytest.raises(
                RegistrationError, match=r"test_threads.py:\d+: .*is not async; .* or use `register`"
            ):
                register(work)  # type: ignore[arg-type]


async def test_no_threads_at_all_are_refused() -> None:
    """As no concurrency is."""
    with pytest.raises(
        ConfigurationError, match="threads is the number of concurrent handlers: it must be at least 1, not 0"
    ):
        await Boilermaker(None, InMemoryServiceBus()).run(threads=0)
