"""A comparison grows with its contracts: twice the input is at most two and a half times the work, counted in calls."""

import cProfile
import pstats
from collections.abc import Callable
from typing import Any

import pytest

from boilermaker.contract import (
    Contract,
    Default,
    Definition,
    EnumDefinition,
    Field,
    LiteralOf,
    Member,
    Named,
    Parameter,
    RecordDefinition,
    Scalar,
    TaskContract,
    Type,
    UnionOf,
)
from boilermaker.evolution.compare import compare

INT, TEXT, NONE = Scalar(name="int"), Scalar(name="str"), Scalar(name="none")
MOST = 2.5

Made = tuple[tuple[Parameter, ...], dict[str, Definition]]


def contract(
    parameters: tuple[Parameter, ...], types: dict[str, Definition], result: Type = NONE
) -> Contract:
    """Of one task."""
    task = TaskContract(name="work", parameters=parameters, result=result)
    return Contract(service="s", queue="q", tasks=(task,), types=types)


def taking(type_: Type, types: dict[str, Definition] | None = None, *, is_result: bool = False) -> Contract:
    """One parameter, or a result."""
    if is_result:
        return contract((), types or {}, type_)
    return contract((Parameter(name="x", type=type_),), types or {})


def literal(start: int, count: int, **options: Any) -> Contract:
    """Numbers from one on."""
    return taking(LiteralOf(values=tuple(range(start, start + count))), **options)


def enum(start: int, count: int, **options: Any) -> Contract:
    """The same, with names."""
    members = tuple(Member(name=f"M{at}", value=f"v{at}") for at in range(start, start + count))
    return taking(Named(id="m.Kind"), {"m.Kind": EnumDefinition(name="Kind", members=members)}, **options)


def union(count: int, field: Type, stem: str = "C", **options: Any) -> Contract:
    """Records with tags."""
    types: dict[str, Definition] = {
        f"m.{stem}{at}": RecordDefinition(
            name=f"{stem}{at}", style="struct", tag=f"t{at}", fields=(Field(name="a", type=field),)
        )
        for at in range(count)
    }
    return taking(UnionOf(members=tuple(Named(id=id_) for id_ in types)), types, **options)


def record(names: list[str], field: Type = INT, **options: Any) -> Contract:
    """One with many fields."""
    fields = tuple(Field(name=name, type=field, default=Default(value=None)) for name in names)
    return taking(
        Named(id="m.Wide"),
        {"m.Wide": RecordDefinition(name="Wide", style="struct", fields=fields)},
        **options,
    )


def parameters(names: list[str], type_: Type = INT) -> Contract:
    """A task with many."""
    return contract(tuple(Parameter(name=name, type=type_) for name in names), {})


def tasks(count: int, stem: str, type_: Type) -> Contract:
    """Many of them."""
    each = tuple(
        TaskContract(name=f"{stem}{at}", parameters=(Parameter(name="x", type=type_),), result=NONE)
        for at in range(count)
    )
    return Contract(service="s", queue="q", tasks=each)


def named(count: int, stem: str = "f") -> list[str]:
    """Names of fields."""
    return [f"{stem}{at}" for at in range(count)]


CHANGES: dict[str, Callable[[int], tuple[Contract, Contract]]] = {
    "Literal, all values but one": lambda n: (literal(0, n), literal(1, n)),
    "Literal, other values": lambda n: (literal(0, n), literal(n, n)),
    "Literal to an enum": lambda n: (literal(0, n), enum(0, n)),
    "Literal of a result": lambda n: (literal(0, n, is_result=True), literal(1, n, is_result=True)),
    "enum, all values but one": lambda n: (enum(0, n), enum(1, n)),
    "enum, other values": lambda n: (enum(0, n), enum(n, n)),
    "enum of a result": lambda n: (enum(0, n, is_result=True), enum(1, n, is_result=True)),
    "enum to str": lambda n: (enum(0, n), taking(TEXT)),
    "union, nothing": lambda n: (union(n, INT), union(n, INT)),
    "union, one member more": lambda n: (union(n, INT), union(n + 1, INT)),
    "union, a field of each": lambda n: (union(n, INT), union(n, TEXT)),
    "union, other classes": lambda n: (union(n, INT), union(n, INT, "D")),
    "union of a result": lambda n: (union(n, INT, is_result=True), union(n + 1, TEXT, is_result=True)),
    "fields, types": lambda n: (record(named(n)), record(named(n), TEXT)),
    "fields, other names": lambda n: (record(named(n)), record(named(n, "g"))),
    "fields, other names and types": lambda n: (record(named(n)), record(named(n, "g"), TEXT)),
    "fields, one before the others": lambda n: (record(named(n)), record(["first", *named(n)])),
    "fields, turned round": lambda n: (record(named(n)), record(named(n)[::-1])),
    "fields of a result": lambda n: (record(named(n), is_result=True), record(named(n, "g"), is_result=True)),
    "parameters, turned round": lambda n: (parameters(named(n)), parameters(named(n)[::-1])),
    "parameters, other names": lambda n: (parameters(named(n)), parameters(named(n, "g"))),
    "tasks, types": lambda n: (tasks(n, "t", INT), tasks(n, "t", TEXT)),
    "tasks, other names": lambda n: (tasks(n, "t", INT), tasks(n, "u", INT)),
}


def calls(change: tuple[Contract, Contract]) -> int:
    """How many calls a comparison takes, builtins included."""
    profile = cProfile.Profile()
    profile.runcall(compare, *change)
    return pstats.Stats(profile).total_calls  # type: ignore[attr-defined,no-any-return]


@pytest.mark.parametrize("change", CHANGES)
def test_twice_the_contract_is_about_twice_the_work(change: str) -> None:
    """Whatever has many parts: values, members, fields, parameters, tasks."""
    make = CHANGES[change]

    assert calls(make(400)) <= MOST * calls(make(200))
