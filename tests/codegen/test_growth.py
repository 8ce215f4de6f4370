"""Twice the source takes twice the work, not four times: of fields, values, members, types and tasks, in every step.

Work is counted in calls, of Python's functions and of C's: seconds say more of the machine than of the code.
"""

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from boilermaker.contract import Contract, from_json, to_json
from boilermaker.errors import RegistrationError
from boilermaker.evolution.compare import compare
from boilermaker_codegen.config import load
from boilermaker_codegen.package.render import render
from boilermaker_codegen.problems import GenerationError
from boilermaker_codegen.scan import scan
from codegen.conftest import WriteProject
from codegen.live import importable, service

_HEAD = """\
import dataclasses
import enum
import typing

import attrs
import msgspec

from boilermaker import Boilermaker, InMemoryServiceBus

worker = Boilermaker(None, InMemoryServiceBus(), queue="accounts")


"""
_TASK = "\n@worker.task\nasync def send(state, x: {0}) -> {0}: ...\n"

Source = Callable[[int], str]


def _lines(line: str, times: int) -> str:
    return "".join(line.replace("#", str(number)) for number in range(times))


def _class(head: str, line: str) -> Source:
    return lambda times: head + _lines(f"    {line}\n", times) + _TASK.format("C")


def _nested(head: str, inner: str) -> Source:
    def source(times: int) -> str:
        first = f"{head.replace('#', '0')}    a: int\n"
        others = (
            f"{head.replace('#', str(n))}    a: {inner.replace('#', str(n - 1))}\n" for n in range(1, times)
        )
        return first + "".join(others) + _TASK.format(f"C{times - 1}")

    return source


def _each(times: int, text: str, between: str) -> str:
    return between.join(text.replace("#", str(number)) for number in range(times))


GROWING: dict[str, Source] = {
    "a dataclass's fields": _class("@dataclasses.dataclass\nclass C:\n", "field_#: int = #"),
    "a Struct's fields": _class("class C(msgspec.Struct):\n", "field_#: list[int] = []"),
    "an attrs class's fields": _class("@attrs.define\nclass C:\n", "field_#: int = #"),
    "a TypedDict's keys": _class("class C(typing.TypedDict):\n", "field_#: list[int]"),
    "a NamedTuple's fields": _class("class C(typing.NamedTuple):\n", "field_#: str"),
    "an enum's members": _class("class C(enum.Enum):\n", "M# = 'value #'"),
    "a Literal's values": lambda n: _TASK.format(f"typing.Literal[{_each(n, repr('value #'), ', ')}]"),
    "a union's members": lambda n: (
        _lines("class C#(msgspec.Struct, tag=True):\n    a: int\n", n) + _TASK.format(_each(n, "C#", " | "))
    ),
    "a task's parameters": lambda n: f"\n@worker.task\nasync def send(state, {_each(n, 'p#: int = #', ', ')}) -> int: ...\n",
    "types within one": lambda n: (
        _lines("@dataclasses.dataclass\nclass C#:\n    a: int\n", n)
        + _class("@dataclasses.dataclass\nclass C:\n", "field_#: C#")(n)
    ),
    "tasks of one type": lambda n: (
        "class C(msgspec.Struct):\n    a: int\n" + _lines("\n@worker.task\nasync def send_#(state, x: C) -> C: ...\n", n)
    ),
    "tasks of a type each": lambda n: _lines(
        "class C#(msgspec.Struct):\n    a: int\n\n\n@worker.task\nasync def send_#(state, x: C#) -> C#: ...\n", n
    ),
    "functions that are registered below": lambda n: (
        _lines("async def send_#(state, x: int) -> int:\n    one = 1\n    return one\n\n\n", n)
        + _lines("worker.register_async(send_#)\n", n)
    ),
}  # fmt: skip
DEEP: dict[str, Source] = {
    "dataclasses": _nested("@dataclasses.dataclass\nclass C#:\n", "'C#'"),
    "optional ones": _nested("@dataclasses.dataclass\nclass C#:\n", "'C# | None'"),
    "Structs in lists in dicts": _nested("class C#(msgspec.Struct):\n", "dict[str, list['C#']]"),
    "NamedTuples": _nested("class C#(typing.NamedTuple):\n", "'C#'"),
    "TypedDicts": _nested("class C#(typing.TypedDict):\n", "typing.NotRequired['C#']"),
}
_LEVELS = {
    "dataclasses": 1,
    "optional ones": 2,
    "Structs in lists in dicts": 3,
    "NamedTuples": 1,
    "TypedDicts": 1,
}
MOST = 2.5


def _calls(work: Callable[[], Any]) -> tuple[int, Any]:
    """How many calls some work takes, and what comes of it."""
    count = 0

    def called(frame: object, event: str, arg: object) -> None:
        nonlocal count
        count += event in ("call", "c_call")

    sys.setprofile(called)
    try:
        result = work()
    finally:
        sys.setprofile(None)
    return count, result


def _generate(config: Path) -> tuple[Contract, object]:
    contract = scan(load(config)).contract
    return contract, [render(contract, width=88), from_json(to_json(contract))]


def _work(write: WriteProject, source: Source, times: int) -> dict[str, int]:
    config = write(service=_HEAD + source(times))
    generating, (contract, _) = _calls(lambda: _generate(config))
    breaking, _ = _calls(lambda: list(compare(contract, contract)))
    with service(config) as (_, worker):
        live, _ = _calls(worker.contract)
    return {"generate": generating, "breaking": breaking, "contract": live}


def _grows(write: WriteProject, source: Source, times: int) -> None:
    _work(write, source, 2)  # what is imported and compiled once
    none, once, twice = (_work(write, source, n) for n in (times // 8, times, times * 2))
    for step, least in none.items():
        grown = (twice[step] - least) / max(once[step] - least, 1)
        assert grown <= MOST, f"{step}: {once[step]} calls become {twice[step]}"


@pytest.mark.parametrize("source", GROWING.values(), ids=GROWING)
def test_twice_the_source_takes_twice_the_work(project: WriteProject, source: Source) -> None:
    """Reading, writing, comparing with another contract, and the live contract."""
    _grows(project, source, 80)


@pytest.mark.parametrize("case", DEEP)
def test_twice_the_depth_takes_twice_the_work(project: WriteProject, case: str) -> None:
    """Of types within each other, as deep as they may be."""
    _grows(project, DEEP[case], 48 // _LEVELS[case])


@pytest.mark.parametrize("times", [100, 120, 200, 600])
@pytest.mark.parametrize("case", DEEP)
def test_a_depth_that_cannot_be_carried_is_refused_by_both(
    project: WriteProject, case: str, times: int
) -> None:
    """In one sentence; none of them contains itself."""
    config = project(service=_HEAD + DEEP[case](times))
    with pytest.raises(GenerationError, match=r"TOO_DEEP: .*nested") as told:
        scan(load(config))
    assert "contains itself" not in str(told.value)
    with importable(config.parent / "src"), pytest.raises(RegistrationError) as raised:
        __import__("service")
    assert str(raised.value).endswith("its types are nested more than 100 levels deep; flatten them")


@pytest.mark.parametrize("case", DEEP)
def test_what_is_just_not_too_deep_is_generated_and_runs(project: WriteProject, case: str) -> None:
    """The limit is where both sides have it."""
    config = project(service=_HEAD + DEEP[case](99 // _LEVELS[case]))
    with service(config) as (found, worker):
        assert to_json(worker.contract())
        assert not list(compare(found.contract, found.contract))
