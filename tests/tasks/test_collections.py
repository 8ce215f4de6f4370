"""`Tasks`: registrations of a module that knows no worker."""

import pytest

from boilermaker import Boilermaker, InMemoryServiceBus, Tasks
from boilermaker.errors import RegistrationError


def worker_of(bus: InMemoryServiceBus) -> Boilermaker[list[str]]:
    return Boilermaker([], bus, queue="work")


async def note(state: list[str], text: str) -> None:
    state.append(text)


async def shout(state: list[str], text: str) -> None:
    state.append(text.upper())


async def test_an_included_collection_is_run_like_registrations_of_the_worker() -> None:
    """Decorators, calls and options arrive at the worker."""
    tasks = Tasks()
    tasks.task(note)
    tasks.task(name="loud")(shout)
    worker = worker_of(InMemoryServiceBus()).include(tasks)

    await worker.apply_async(note, "a")
    await worker.apply_async(shout, "b")
    await worker.drain()

    assert ["loud", "note"] == [task.name for task in worker.contract().tasks]
    assert ["a", "B"] == worker.state


async def test_what_is_collected_after_it_was_included_reaches_the_worker_too() -> None:
    """The order of imports does not decide which tasks there are."""
    tasks = Tasks()
    worker = worker_of(InMemoryServiceBus()).include(tasks)
    tasks.register_many_async([note, shout], queue="later")

    assert [("note", "later"), ("shout", "later")] == [(t.name, t.queue) for t in worker.contract().tasks]


def test_several_workers_may_include_one_collection() -> None:
    """Each has all of its tasks."""
    tasks = Tasks().register_async(note)
    first, second = (worker_of(InMemoryServiceBus()).include(tasks) for _ in range(2))
    tasks.register_async(shout)

    assert [["note", "shout"]] * 2 == [[t.name for t in w.contract().tasks] for w in (first, second)]


def test_a_fault_is_told_when_it_is_included() -> None:
    """The message names the function and its place, as for registrations of the worker."""
    tasks = Tasks().register_async(note).register_async(shout, name="note")

    with pytest.raises(
        RegistrationError, match=r"test_collections.py:17: the task `note` is already registered"
    ):
        worker_of(InMemoryServiceBus()).include(tasks)
