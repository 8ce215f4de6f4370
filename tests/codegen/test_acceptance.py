"""What a generated function refuses is what the worker would refuse, and the other way round."""

import asyncio
import enum
import importlib
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given, note
from hypothesis import strategies as st
from msgspec import inspect

from boilermaker import Boilermaker, InMemoryServiceBus
from boilermaker.envelope import Header, StepLine
from boilermaker.errors import InvalidArgumentsError
from boilermaker.payload.parts import all_of
from boilermaker.stub import TaskStub
from boilermaker.testing import on_bus
from boilermaker.testing.roundtrips import stubs_of
from boilermaker.transport.port import OutgoingMessage
from codegen.golden import PACKAGES
from codegen.live import STATIC_ONLY, importable, service
from codegen.strangers import given_arguments


def refusal_of(stub: TaskStub[Any], chosen: dict[str, Any]) -> str | None:
    try:
        stub(**chosen)
    except InvalidArgumentsError as error:
        note(str(error))
        return str(error)
    return None


def is_of_a_change(refusal: str) -> bool:
    """Whether a value was refused since it would arrive as another, where no type is declared."""
    return " arrives as " in refusal or " are the same text" in refusal


def _has_own_missing(cls: type[enum.Enum]) -> bool:
    library = (enum.Enum, enum.Flag, enum.IntFlag)
    return any("_missing_" in vars(base) for base in cls.__mro__ if base not in library)


def is_of_an_open_enum(worker: Boilermaker[Any], task: str, refusal: str) -> bool:
    """Whether an enum's own `_missing_` takes more values than its members: it runs in the worker alone."""
    registration = worker.registry.get(task)
    assert registration is not None
    info = inspect.type_info(registration.signature.payload_type)
    return " expected one of " in refusal and any(
        isinstance(part, inspect.EnumType) and _has_own_missing(part.cls) for part in all_of(info)
    )


def arrives_changed(value: object) -> bool:
    """Whether JSON alone makes another value of it; asked of JSON, not of the code that refuses."""
    return not _is_same(value, msgspec.json.decode(msgspec.json.encode(value)))


def _is_same(one: object, other: object) -> bool:
    if type(one) is not type(other):
        return False
    if isinstance(one, dict) and isinstance(other, dict):
        return list(one) == list(other) and all(map(_is_same, one.values(), other.values()))
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(_is_same, one, other))
    return one == other


async def worker_accepts(worker: Boilermaker[Any], task: str, chosen: dict[str, Any]) -> bool:
    """Whether the worker calls its function for a message with these arguments, made without asking anybody."""
    queue = worker.queue
    sent = {name: value for name, value in chosen.items() if value is not msgspec.UNSET}
    header = Header(boilermaker=1, workflow="w", seed="0" * 32, at=0, lines=((0, 0),), queues=(queue,))
    line = StepLine(
        task=task,
        payload=msgspec.Raw(msgspec.json.encode(sent)),
        then=None,
        should_dead_letter=True,
        acks_late=True,
    )
    bus = InMemoryServiceBus()
    body = msgspec.json.encode(header) + b"\n" + msgspec.json.encode(line)
    await bus.sender(queue).send(OutgoingMessage(body=body, message_id="m", subject=task, correlation_id="w"))
    with on_bus(worker, bus):
        await worker.drain()
    return all(letter.dead_letter_reason != "InvalidPayload" for letter in bus.dead_letters(queue))


@given(data=st.data())
def both_agree(
    worker: Boilermaker[Any], stub: TaskStub[Any], runner: asyncio.Runner, data: st.DataObject
) -> None:
    chosen, is_sendable = data.draw(given_arguments(stub.target.payload_type), label=stub.target.label)
    expected = is_sendable and runner.run(worker_accepts(worker, stub.target.label, chosen))
    refusal = refusal_of(stub, chosen)
    if expected and refusal is not None and is_of_a_change(refusal):
        assert any(arrives_changed(value) for value in chosen.values() if value is not msgspec.UNSET)
    elif expected and refusal is not None:
        assert is_of_an_open_enum(worker, stub.target.label, refusal)
    else:
        assert expected == (refusal is None)


@pytest.mark.hypothesis
@pytest.mark.parametrize(
    "case", [case for case in PACKAGES if case.name not in STATIC_ONLY], ids=lambda path: path.name
)
def test_a_stub_refuses_what_the_worker_would_refuse_and_nothing_else(case: Path) -> None:
    """For right arguments, wrong ones, and those that the wire cannot carry: these the stub refuses always.

    It also refuses what the worker would take as something else, where no type is declared.
    """
    name = f"{case.name}_stubs"
    with (
        service(case / "pyproject.toml") as (_, worker),
        importable(case / "expected"),
        asyncio.Runner() as runner,
    ):
        for stub in stubs_of(importlib.import_module(name)):
            both_agree(worker=worker, stub=stub, runner=runner)
