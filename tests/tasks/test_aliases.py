"""A task's other names: messages that were published under them still find their handler."""

from typing import Any

import pytest

from boilermaker import Boilermaker, Client, InMemoryServiceBus
from boilermaker.errors import RegistrationError
from boilermaker.stub import Payload, TaskStub


class Greet(Payload, frozen=True, kw_only=True):
    name: str


async def test_a_message_under_an_old_name_runs_the_renamed_task() -> None:
    """Published with stubs from before the change."""
    bus = InMemoryServiceBus()
    worker = Boilermaker[Any](None, bus, queue="q")
    greeted: list[str] = []

    @worker.task(aliases=["greet"])
    async def welcome(state, name: str) -> None:
        greeted.append(name)

    old_stub = TaskStub[None]("greet", Greet, None, queue="q", digest="0" * 16)
    await Client(bus).publish(old_stub(name="Ada"))
    await worker.drain()

    assert ["Ada"] == greeted


def test_an_alias_belongs_to_one_task() -> None:
    """Whether the other task has it as its name or as an alias."""
    worker = Boilermaker[Any](None, InMemoryServiceBus(), queue="q")

    @worker.task(aliases=["greet"])
    async def welcome(state) -> None: ...

    async def greet(state) -> None: ...

    async def hail(state) -> None: ...

    with pytest.raises(RegistrationError, match=r"the task `greet` is already registered, for `.*welcome`"):
        worker.register_async(greet)
    with pytest.raises(RegistrationError, match="the task `welcome` is already registered"):
        worker.register_async(hail, aliases=["welcome"])


async def test_a_parameter_is_read_under_an_old_name() -> None:
    """In payloads and in references to results; its own name wins."""
    bus = InMemoryServiceBus()
    worker = Boilermaker[Any](None, bus, queue="q")
    greeted: list[str] = []

    @worker.task(parameter_aliases={"person": ["name"]})
    async def greet(state, person: str) -> None:
        greeted.append(person)

    @worker.task
    async def find(state) -> str:
        return "Grace"

    old_stub = TaskStub[None]("greet", Greet, None, queue="q", digest="0" * 16)
    found = worker.create_task(find)
    await Client(bus).publish(old_stub(name="Ada"))
    await worker.publish_task(found >> old_stub(name=found.result))
    await worker.publish_task(worker.create_task(greet, "Alan"))
    await worker.drain()

    assert ["Ada", "Alan", "Grace"] == sorted(greeted)


def test_aliases_of_parameters_are_checked_when_they_are_registered() -> None:
    """A parameter that is not there, and one name for two."""
    worker = Boilermaker[Any](None, InMemoryServiceBus(), queue="q")

    async def greet(state, person: str, title: str) -> None: ...

    with pytest.raises(RegistrationError, match=r"of `.*greet` names 'persn', which is not one of its"):
        worker.register_async(greet, parameter_aliases={"persn": ["name"]})
    with pytest.raises(RegistrationError, match="gives the name 'title' twice"):
        worker.register_async(greet, parameter_aliases={"person": ["title"]})
