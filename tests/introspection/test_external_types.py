"""Types of third parties: the worker says how their objects travel."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from http import HTTPStatus
from pathlib import PurePosixPath
from typing import Any

import click
import pytest
from packaging.specifiers import SpecifierSet
from packaging.version import Version

from boilermaker import Boilermaker, External, InMemoryServiceBus, Task
from boilermaker.contract import NewTypeDefinition, Scalar, payload_schema
from boilermaker.errors import ConfigurationError, InvalidArgumentsError, RegistrationError, WorkflowError
from boilermaker.retries import NoRetry
from boilermaker.testing import on_bus


@dataclass
class Release:
    version: Version
    needs: dict[str, SpecifierSet] = field(default_factory=dict[str, SpecifierSet])


@dataclass
class State:
    seen: list[object] = field(default_factory=list[object])


async def publish(state: State, release: Release, others: list[Version | None]) -> Version:
    state.seen.append((release, others))
    return release.version


async def announce(state: State, version: Version) -> None:
    state.seen.append(version)


async def count(state: State, number: int) -> None: ...


EXTERNAL: Mapping[type, External] = {
    Version: External(wire=str),
    SpecifierSet: External(wire=str, decode=SpecifierSet, encode=str),
}


@pytest.fixture
def worker(bus: InMemoryServiceBus) -> Boilermaker[State]:
    made = Boilermaker(State(), bus, external=EXTERNAL)
    return made.register_many_async([publish, announce, count], policy=NoRetry())


async def test_objects_arrive_as_objects_and_results_reach_later_steps(worker: Boilermaker[State]) -> None:
    """In records, collections and unions with None; by the wire a text."""
    release = Release(Version("1.2"), {"msgspec": SpecifierSet(">=0.20")})
    first = worker.create_task(publish, release, [Version("1.0rc1"), None])
    await worker.publish_task(first >> Task.si(announce, first.result.placeholder()))
    await worker.drain()

    assert worker.state.seen == [(release, [Version("1.0rc1"), None]), Version("1.2")]


async def send(worker: Boilermaker[State], bus: InMemoryServiceBus, release: Any, others: Any) -> str | None:
    """Publish plain values, as another program might; what the dead letter says."""
    plain = Boilermaker(None, bus)

    async def untyped(state: None, release: Any, others: Any) -> Any: ...

    await plain.register_async(untyped, name="publish").apply_async(untyped, release, others)
    with on_bus(worker, bus):
        await worker.drain()
    [letter] = bus.dead_letters(worker.queue)
    assert letter.dead_letter_reason == "InvalidPayload"
    return letter.dead_letter_description


@pytest.mark.parametrize(
    ("release", "others", "told"),
    [
        ({"version": "no version"}, [], "release.version: the decoder of `Version` raised InvalidVersion"),
        ({"version": 1}, [], "release.version: expected `str`, got `int`"),
        ({"version": "1"}, ["1", "no version"], "others[1]: the decoder of `Version` raised InvalidVersion"),
        ({"version": "1", "needs": {"a": "no"}}, [], "release.needs[...]: the decoder of `SpecifierSet` raised InvalidSpecifier"),
    ],
)  # fmt: skip
async def test_what_does_not_fit_is_told_with_its_path_and_without_its_value(
    worker: Boilermaker[State], bus: InMemoryServiceBus, release: Any, others: Any, told: str
) -> None:
    """The words of the third party's own error may quote the value."""
    said = await send(worker, bus, release, others)

    assert said is not None
    assert said.startswith(told)
    assert "no version" not in said


async def test_whatever_a_decoder_raises_makes_a_payload_that_does_not_fit(bus: InMemoryServiceBus) -> None:
    """A `KeyError` is no fault of the worker."""

    def by_name(name: str) -> Version:
        return {"latest": Version("2")}[name]

    worker = Boilermaker(State(), bus, external={**EXTERNAL, Version: External(wire=str, decode=by_name)})
    worker.register_async(publish, policy=NoRetry())
    said = await send(worker, bus, {"version": "1"}, [])

    assert said is not None
    assert said.startswith("release.version: the decoder of `Version` raised KeyError")


async def test_a_decimal_that_would_keep_a_decoder_busy_is_refused_before(bus: InMemoryServiceBus) -> None:
    """As one that is declared itself."""

    async def take(state: list[Any], whole: range) -> None:
        state.append(whole)

    async def publish(state: None, whole: Any) -> None: ...

    external: Mapping[type, External] = {
        range: External(wire=Decimal, decode=lambda end: range(int(end)), encode=lambda r: Decimal(r.stop))
    }
    worker: Boilermaker[list[Any]] = Boilermaker([], bus, external=external).register_async(
        take, policy=NoRetry()
    )
    publisher = Boilermaker(None, bus).register_async(publish, name="take")
    await publisher.apply_async(publish, "3")
    await publisher.apply_async(publish, "1E+999999")
    await worker.drain()

    assert [range(3)] == worker.state
    (letter,) = bus.dead_letters("tasks")
    assert str(letter.dead_letter_description).startswith("whole: a Decimal has at most 1,000 digits")


async def test_a_result_that_its_encoder_does_not_take_fails_for_good(bus: InMemoryServiceBus) -> None:
    """Running the handler again would only repeat its effects."""

    def refuse(version: Version) -> str:
        raise LookupError(str(version))

    worker = Boilermaker(State(), bus, external={Version: External(wire=str, encode=refuse)})

    @worker.task(policy=NoRetry())
    async def latest(state: State) -> Version:
        return Version("1.2.3")

    worker.register_async(announce)
    first = worker.create_task(latest)
    await worker.publish_task(first >> worker.create_task(announce, first.result.placeholder()))
    await worker.drain()
    [letter] = bus.dead_letters(worker.queue)

    assert letter.dead_letter_reason == "InvalidResult"
    assert letter.dead_letter_description == "the encoder of `Version` raised LookupError"


def test_arguments_are_checked_where_the_task_is_built(worker: Boilermaker[State]) -> None:
    """On the worker's own path: what the decoder refuses cannot be published."""
    with pytest.raises(InvalidArgumentsError, match="others: `Command` has no JSON form"):
        Task.si(publish, Release(Version("1")), [click.Command("x")])
    with pytest.raises(
        InvalidArgumentsError, match=r"version: the decoder of `Version` raised InvalidVersion"
    ):
        Task.si(announce, "no version")


async def test_a_result_fits_a_parameter_of_its_own_type_and_not_a_number(
    worker: Boilermaker[State],
) -> None:
    """What travels decides, as with any new type."""
    first = worker.create_task(publish, Release(Version("1")), [])
    with pytest.raises(
        WorkflowError, match=r"the result of `publish` has another type: it is `Version`, expected `int`"
    ):
        await worker.publish_task(first >> worker.create_task(count, first.result.placeholder()))


async def test_what_travels_may_be_any_type_that_msgspec_carries(bus: InMemoryServiceBus) -> None:
    """Here a record, a time, and a collection."""

    @dataclass
    class Pair:
        key: str
        at: datetime

    class Moment(datetime):
        pass

    def make(pair: Pair) -> click.Option:
        return click.Option([pair.key], default=pair.at)

    worker = Boilermaker(
        State(),
        bus,
        external={
            Moment: External(
                wire=datetime,
                decode=lambda at: Moment.fromtimestamp(at.timestamp(), UTC),
                encode=lambda moment: datetime.fromtimestamp(moment.timestamp(), UTC),
            ),
            PurePosixPath: External(wire=list[str], decode=lambda p: PurePosixPath(*p), encode=lambda p: list(p.parts)),
            click.Option: External(wire=Pair, decode=make, encode=lambda o: Pair(o.opts[0], o.default)),
        },
    )  # fmt: skip

    async def note(state: State, at: Moment, path: PurePosixPath, option: click.Option) -> None:
        state.seen += [type(at), at, path, option.opts, option.default]

    at = Moment(2024, 1, 2, tzinfo=UTC)
    worker.register_async(note)
    await worker.apply_async(note, at, PurePosixPath("/a/b"), click.Option(["--x"], default=at))
    await worker.drain()

    assert worker.state.seen == [Moment, at, PurePosixPath("/a/b"), ["--x"], at]


def test_the_contract_has_a_new_type_of_what_travels(worker: Boilermaker[State]) -> None:
    """Named by package and class: where in its package a class is defined is the package's own matter."""
    expected = NewTypeDefinition(name="Version", type=Scalar(name="str"))

    assert worker.contract().types["packaging.Version"] == expected


def test_a_type_that_nobody_said_anything_of_is_refused_with_what_to_write(bus: InMemoryServiceBus) -> None:
    """Ready to be pasted into the worker's module."""
    told = "Boilermaker(..., external={Version: External(wire=str, decode=Version, encode=str)})"
    with pytest.raises(RegistrationError, match=re.escape(told)):
        Boilermaker(State(), bus).register_async(announce)


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({Decimal: External(wire=str)}, "msgspec carries `Decimal` by itself; leave it out"),
        (
            {HTTPStatus: External(wire=int)},
            "msgspec carries the enum `HTTPStatus` by itself; leave it out, and declare an",
        ),
        ({type("Row", (list,), {}): External(wire=str)}, "msgspec writes objects of `Row` as any `list`"),
        ({Version: str}, "`Version` must have an `External(wire=...)`"),
        ({"packaging.version.Version": External(wire=str)}, "is not a class"),
        ({Version: External(wire=list[int])}, "`Version` needs `encode`"),
        ({Version: External(wire=str | int, encode=str)}, "type checkers do not allow a NewType of it"),
        ({Version: External(wire=complex)}, "`builtins.complex` is not supported in a contract"),
    ],
)
def test_what_cannot_be_is_refused_when_the_worker_is_made(
    bus: InMemoryServiceBus, given: Any, told: str
) -> None:
    """Not when the first message comes."""
    with pytest.raises(ConfigurationError, match=re.escape(told)):
        Boilermaker(State(), bus, external=given)


def test_json_schemas_show_what_travels(worker: Boilermaker[State]) -> None:
    """For those who publish without Python."""
    contract = worker.contract()
    announce = next(task for task in contract.tasks if task.name == "announce")

    schema = payload_schema(contract, announce)

    assert {"type": "string"} == schema["properties"]["version"]


class Model:
    """Has what pydantic's models have."""

    def __init__(self, number: int) -> None:
        self.number = number

    @classmethod
    def model_validate(cls, given: dict[str, Any]) -> "Model":
        return cls(given["number"])

    def model_dump(self, *, mode: str) -> dict[str, Any]:
        return {"number": self.number} if mode == "json" else {}


async def test_what_is_proposed_for_a_model_of_pydantic_carries_it() -> None:
    """The worker that is told how it travels as the error says takes and gives it."""

    async def double(state: State, model: Model) -> Model:
        return Model(model.number * 2)

    async def keep(state: State, model: Model) -> None:
        state.seen.append(model.number)

    with pytest.raises(RegistrationError) as caught:
        Boilermaker(State(), InMemoryServiceBus()).register_async(double)
    proposed = re.search(r"external=({.*})\)", str(caught.value))
    assert proposed is not None
    external: dict[type, External] = eval(proposed[1])

    state, bus = State(), InMemoryServiceBus()
    worker = Boilermaker(state, bus, external=external)
    worker.register_many_async([double, keep])
    first = worker.create_task(double, Model(4))
    await worker.publish_task(first >> worker.create_task(keep, first.result.placeholder()))
    await worker.drain()

    assert state.seen == [8]
    assert not bus.dead_letters(worker.queue)
