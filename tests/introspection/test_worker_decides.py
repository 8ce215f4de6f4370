"""Defaults that only the worker knows: left out of messages, filled in where the task runs."""

import asyncio
import math
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import msgspec
import pytest
from msgspec import UNSET, UnsetType

from boilermaker import Boilermaker, Client, InMemoryServiceBus
from boilermaker.contract import BY_WORKER, AnyDefault, Default, RecordDefinition
from boilermaker.errors import InvalidArgumentsError, WorkflowError
from boilermaker.introspection.signature import read
from boilermaker.stub import Payload, TaskStub

MISSING: Any = object()
ALL = [["a"], ["b"]]


async def find(
    state: list[Any],
    text: str,
    limit: int = MISSING,
    ratio: float | None = math.nan,
    groups: list[list[str]] = ALL,
    token: uuid.UUID = uuid.UUID(int=7),  # noqa: B008 - as people write it
    note: str | UnsetType = UNSET,
) -> None:
    state.append({"text": text, "limit": limit, "ratio": ratio, "token": token, "note": note})
    groups[0].append("changed")
    state.append(groups)


class Find(Payload, frozen=True, kw_only=True):
    """As it would be generated for `find`."""

    text: str
    limit: int | UnsetType = UNSET
    ratio: float | UnsetType | None = UNSET
    groups: list[list[str]] | UnsetType = UNSET
    token: uuid.UUID | UnsetType = UNSET
    note: str | UnsetType = UNSET


STUB = TaskStub[None]("find", Find, None, queue="tasks", digest="0" * 16)


async def name(state: list[Any]) -> bool:
    return bool(state)


class Nothing(Payload, frozen=True, kw_only=True):
    pass


NAME = TaskStub[bool]("name", Nothing, bool, queue="tasks", digest="0" * 16)


@pytest.fixture
def worker(bus: InMemoryServiceBus) -> Boilermaker[list[Any]]:
    return Boilermaker([], bus).register_many_async([find, name])


async def body_of(bus: InMemoryServiceBus) -> bytes:
    """Of the one message that waits."""
    receiver = bus.receiver("tasks")
    await receiver.open()
    [delivery] = await receiver.receive(1, 0)
    await receiver.abandon(delivery)
    return delivery.body


async def test_what_is_left_out_is_not_in_the_message_and_the_worker_has_its_own(
    bus: InMemoryServiceBus, worker: Boilermaker[list[Any]]
) -> None:
    """A sentinel is the worker's own object, NaN is NaN: they never travel."""
    await Client(bus).publish(STUB(text="a"))
    assert b'{"text":"a"}' in await body_of(bus)

    await worker.drain()

    arguments, _ = worker.state
    assert math.isnan(arguments.pop("ratio"))
    assert {"text": "a", "limit": MISSING, "token": uuid.UUID(int=7), "note": UNSET} == arguments


async def test_what_is_given_travels(bus: InMemoryServiceBus, worker: Boilermaker[list[Any]]) -> None:
    """A value, and None where the type takes it."""
    await Client(bus).publish(STUB(text="a", limit=3, ratio=None, note="n"))

    await worker.drain()

    arguments, _ = worker.state
    assert {"text": "a", "limit": 3, "ratio": None, "token": uuid.UUID(int=7), "note": "n"} == arguments


def test_unset_is_as_good_as_nothing() -> None:
    """A generated function hands on `UNSET` for what its caller left out."""
    assert STUB(text="a").payload == STUB(text="a", limit=UNSET, token=UNSET).payload


def test_none_does_not_stand_for_what_is_left_out() -> None:
    """It is a value, and of no type that does not take it."""
    with pytest.raises(InvalidArgumentsError, match="limit: expected `int`"):
        STUB(text="a", limit=None)


async def test_a_reference_is_checked_against_the_type_that_travels(bus: InMemoryServiceBus) -> None:
    """`UnsetType` is no part of it."""
    first = NAME()
    with pytest.raises(WorkflowError, match="it is `bool`, expected `int`"):
        await Client(bus).publish(first >> STUB(text="a", limit=first.result))


async def test_a_list_by_default_is_not_shared_between_calls(
    bus: InMemoryServiceBus, worker: Boilermaker[list[Any]]
) -> None:
    """Nor are the lists in it, whatever a handler does to them."""
    await asyncio.gather(*(Client(bus).publish(STUB(text=text)) for text in "ab"))

    await worker.drain()

    assert [[["a", "changed"], ["b"]]] * 2 == worker.state[1::2]
    assert [["a"], ["b"]] == ALL


async def test_the_workers_own_tasks_leave_it_out_too(
    bus: InMemoryServiceBus, worker: Boilermaker[list[Any]]
) -> None:
    """Defaults that travel are written out, those that cannot are left out."""
    await worker.publish_task(worker.create_task(find, "a"))

    assert (
        b'{"text":"a","groups":[["a"],["b"]],"token":"00000000-0000-0000-0000-000000000007"}'
        in await body_of(bus)
    )


def test_a_default_of_another_type_never_travels() -> None:
    """Whatever the settings hold: the worker would refuse its own message."""

    async def work(state: None, limit: int = "20") -> None: ...  # type: ignore[assignment]  # as at run time

    assert b"{}" == msgspec.json.encode(read(work).payload_type())


class Brief(msgspec.Struct):
    limit: int = MISSING


@dataclass
class Made:
    number: int = field(default_factory=int)
    counted: int = field(default_factory=lambda: 1 + 1)
    listed: list[int] = field(default_factory=list[int])
    fails: int = field(default_factory=lambda: 1 // 0)


def fresh() -> int:
    raise AssertionError("describing a worker runs its factories")


@dataclass
class Untouched:
    number: int = field(default_factory=fresh)


@pytest.mark.parametrize(
    ("default", "record", "name"),
    [
        (BY_WORKER, Brief, "limit"),
        (BY_WORKER, Untouched, "number"),
        (BY_WORKER, Made, "number"),
        (Default(value=2), Made, "counted"),
        (BY_WORKER, Made, "fails"),
        (Default(value=[]), Made, "listed"),
    ],
)
def test_a_live_contract_says_what_it_knows_without_running_anything(
    default: AnyDefault, record: type[Any], name: str, bus: InMemoryServiceBus
) -> None:
    """A factory that is a function may do anything; a builtin container and a lambda are what they say."""

    async def work(state: None, given: Any) -> None: ...

    work.__annotations__["given"] = record
    worker = Boilermaker(None, bus).register_async(work)
    definition = next(iter(worker.contract().types.values()))
    assert isinstance(definition, RecordDefinition)
    assert default == next(f.default for f in definition.fields if f.name == name)


class OldRetry(msgspec.Struct, frozen=True, omit_defaults=True):
    times: int = 3
    after: float = 1.5


class NewRetry(msgspec.Struct, frozen=True, omit_defaults=True):
    times: int = 5
    after: float = 1.5


def retried(record: type[Any]) -> Callable[..., Any]:
    async def retry(state: list[Any], given: Any) -> None:
        state.append(given)

    retry.__annotations__["given"] = record
    return retry


@pytest.mark.parametrize(
    ("given", "received"),
    [
        (OldRetry(), NewRetry(times=5)),
        (OldRetry(times=3), NewRetry(times=5)),
        (OldRetry(times=4), NewRetry(times=4)),
    ],
)
async def test_a_nested_default_that_is_omitted_is_the_workers(
    given: OldRetry, received: NewRetry, bus: InMemoryServiceBus
) -> None:
    """With `omit_defaults` a producer leaves out what is its own default: a worker that has another one takes that."""
    old = retried(OldRetry)
    producer = Boilermaker(list[Any](), bus).register_async(old)
    worker = Boilermaker(list[Any](), bus).register_async(retried(NewRetry))
    await producer.publish_task(producer.create_task(old, given))

    await worker.drain()

    assert [received] == worker.state
