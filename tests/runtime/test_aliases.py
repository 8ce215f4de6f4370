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

    with pytest.raises(RegistrationError, match=r"the task `greet` is registered already, for `.*welcome`"):
        worker.register_async(greet)
    with pytest.raises(RegistrationError, match="the task `welcome` is registered already"):
        worker.register_async(hail, aliases=["welcome"])
