"""Tests of a whole stubs package: strategies for its tasks, and a test that each task survives the round trip."""

import importlib
from collections.abc import Callable, Sequence
from types import ModuleType
from typing import Any, cast

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from boilermaker import payload
from boilermaker.envelope import codec, identity
from boilermaker.stub import Task, TaskStub
from boilermaker.tasks.registry import resolve_stub
from boilermaker.testing.strategies import arguments, values
from boilermaker.workflow import plan

AnyStub = TaskStub[Any]


def round_trips(package: ModuleType) -> Callable[..., None]:
    """A test for all tasks of a stubs package, parametrized by task.

        test_round_trips = boilermaker.testing.round_trips(accounts_stubs)

    For generated arguments it tests that the stub accepts them, that the envelope has room for them, and that the worker
    decodes equal ones. It tests results too, which later steps may refer to. Hypothesis's settings control the number of
    examples (`--hypothesis-profile`).

    Raises:
        ValueError: the package is not a stubs package.
    """
    stubs = stubs_of(package)
    test = round_trip_test()
    pytest.mark.parametrize("stub", stubs, ids=[stub.target.label for stub in stubs])(test)
    return test


def round_trip_test() -> Callable[..., None]:
    """The test of one task, which it receives as argument `stub`."""

    # The speed of drawing examples says nothing about the stubs.
    @settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
    @given(data=st.data())
    def comes_back_equal(stub: AnyStub, data: st.DataObject) -> None:
        given_ = data.draw(arguments(stub.target.payload_type), label=stub.target.label)
        task = stub(**given_)
        expected = {name: getattr(task.payload, name) for name in task.payload.__struct_fields__} | given_
        received = _sent(task)
        changed = [name for name, value in expected.items() if not _is_same(value, getattr(received, name))]
        assert not changed, f"changed in the round trip: {', '.join(changed)}"  # noqa: S101 - a test
        _check_result(stub, data)

    return comes_back_equal


def tasks(package: ModuleType, *names: str) -> st.SearchStrategy[Task[Any]]:
    """Any tasks of a stubs package, or of those named, with any arguments.

    Raises:
        ValueError: the package is not a stubs package, or has no task of that name.
    """
    known = {stub.target.label: stub for stub in stubs_of(package)}
    if unknown := [name for name in names if name not in known]:
        raise ValueError(f"`{package.__name__}` has no task `{unknown[0]}`; it has: {', '.join(known)}")
    return st.one_of([_task(known[name]) for name in names or known])


def _task(stub: AnyStub) -> st.SearchStrategy[Task[Any]]:
    return arguments(stub.target.payload_type).map(lambda given_: stub(**given_))


def stubs_of(package: ModuleType) -> list[AnyStub]:
    """The task stubs of a stubs package, sorted by name.

    Raises:
        ValueError: it is not a stubs package.
    """
    try:  # not `package.tasks`: a task may be called `tasks`
        module = importlib.import_module(f"{package.__name__}.tasks")
    except ModuleNotFoundError:
        raise _no_stubs(package) from None
    found: list[AnyStub] = [value for value in vars(module).values() if isinstance(value, TaskStub)]
    if not found:
        raise _no_stubs(package)
    return sorted(found, key=lambda stub: stub.target.label)


def _no_stubs(package: ModuleType) -> ValueError:
    return ValueError(
        f"`{package.__name__}` is not a stubs package: pass the package that `boilermaker stubs generate` writes"
    )


def _sent(task: Task[Any]) -> msgspec.Struct:
    """The payload as the worker reads it from the message of this task."""
    envelope = codec.decode(codec.encode(plan.flatten(task, resolve_stub), "round-trip", identity.new_seed()))
    return payload.decode(envelope.current.payload, task.target.payload_type, {})


def _check_result(stub: AnyStub, data: st.DataObject) -> None:
    result = data.draw(values(stub.target.result_type), label="its result")
    sealed = payload.seal(result, stub.target.result_type)
    received = msgspec.json.decode(sealed, type=stub.target.result_type)
    assert _is_same(result, received), f"`{stub.target.label}`: its result changed in the round trip"  # noqa: S101 - a test


def _is_same(given_: Any, received: Any) -> bool:
    """Whether two values are equal. The default `()` of a `Sequence` equals an empty list, which is what is decoded."""
    if isinstance(given_, list | tuple):
        items = list(cast("Sequence[Any]", given_))
        return len(items) == len(received) and all(map(_is_same, items, received))
    if isinstance(given_, dict):
        return _is_same_mapping(given_, received)  # pyright: ignore[reportUnknownArgumentType]  # whatever was drawn
    names: tuple[str, ...] = getattr(given_, "__struct_fields__", ()) or tuple(
        getattr(given_, "__dataclass_fields__", ())
    )
    if not names or given_ == received:
        return bool(given_ == received)
    return type(given_) is type(received) and all(
        _is_same(getattr(given_, name), getattr(received, name)) for name in names
    )


def _is_same_mapping(given_: dict[Any, Any], received: dict[Any, Any]) -> bool:
    return given_.keys() == received.keys() and all(_is_same(given_[key], received[key]) for key in given_)
