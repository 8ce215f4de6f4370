"""What a generated function refuses is what the worker would refuse, and the other way round."""

import asyncio
import importlib
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given, note
from hypothesis import strategies as st

from boilermaker import Boilermaker, InMemoryServiceBus
from boilermaker.envelope import Header, StepLine
from boilermaker.errors import InvalidArgumentsError
from boilermaker.stub import TaskStub
from boilermaker.testing import on_bus
from boilermaker.testing.roundtrips import stubs_of
from boilermaker.transport.port import OutgoingMessage
from codegen.golden import PACKAGES
from codegen.live import STATIC_ONLY, importable, service
from codegen.strangers import given_arguments


def stub_accepts(stub: TaskStub[Any], chosen: dict[str, Any]) -> bool:
    try:
        stub(**chosen)
    except InvalidArgumentsError as error:
        note(str(error))
        return False
    return True


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
    assert expected == stub_accepts(stub, chosen)


@pytest.mark.hypothesis
@pytest.mark.parametrize(
    "case", [case for case in PACKAGES if case.name not in STATIC_ONLY], ids=lambda path: path.name
)
def test_a_stub_refuses_what_the_worker_would_refuse_and_nothing_else(case: Path) -> None:
    """For right arguments, wrong ones, and those that the wire cannot carry: these the stub refuses always."""
    name = f"{case.name}_stubs"
    with (
        service(case / "pyproject.toml") as (_, worker),
        importable(case / "expected"),
        asyncio.Runner() as runner,
    ):
        for stub in stubs_of(importlib.import_module(name)):
            both_agree(worker=worker, stub=stub, runner=runner)
