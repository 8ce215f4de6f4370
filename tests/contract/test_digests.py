"""Digests name wire shapes: what they cover and what they leave out."""

import itertools
from typing import Literal

import pytest

from boilermaker.contract import (
    Container,
    Contract,
    Default,
    Definition,
    EnumDefinition,
    Field,
    Member,
    Named,
    NewTypeDefinition,
    Parameter,
    RecordDefinition,
    Scalar,
    TaskContract,
    Type,
    UnionOf,
    task_digest,
)

INT = Scalar(name="int")


def digest(parameter: Default | None, field: Default | None) -> str:
    """Of a task with a parameter of a type with one field."""
    page = RecordDefinition(
        name="Page", style="struct", fields=(Field(name="size", type=INT, default=field),)
    )
    parameters = (
        Parameter(name="page", type=Named(id="m.Page")),
        Parameter(name="count", type=INT, default=parameter),
    )
    task = TaskContract(name="search", parameters=parameters, result=Scalar(name="none"))
    contract = Contract(service="s", queue="q", tasks=(task,), types={"m.Page": page})
    return task_digest(contract, "search")


def test_what_a_default_is_does_not_change_a_digest() -> None:
    """The same bytes fit before and after; that a default is another one is a finding of `contract breaking`."""
    assert digest(Default(value=1), Default(value=2)) == digest(Default(value=3), Default(value=None))


@pytest.mark.parametrize("other", [(None, Default(value=2)), (Default(value=1), None)])
def test_that_there_is_a_default_does(other: tuple[Default | None, Default | None]) -> None:
    """Of a parameter, or of a field of its type: what may be left out is another shape."""
    assert digest(Default(value=1), Default(value=2)) != digest(*other)


def digest_of(type_: Type, types: dict[str, Definition]) -> str:
    """Of a task with a parameter of this type."""
    task = TaskContract(
        name="work", parameters=(Parameter(name="x", type=type_),), result=Scalar(name="none")
    )
    return task_digest(Contract(service="s", queue="q", tasks=(task,), types=types), "work")


def record(name: str, **fields: Type) -> RecordDefinition:
    """A Struct with a tag."""
    return RecordDefinition(
        name=name,
        style="struct",
        tag=name,
        fields=tuple(Field(name=field, type=type_) for field, type_ in fields.items()),
    )


PAIR, LEAF, TREE = Named(id="Pair"), Named(id="Leaf"), Named(id="Tree")


@pytest.mark.parametrize("members", [*itertools.permutations((PAIR, LEAF, TREE))])
def test_the_order_of_members_does_not_change_a_digest(members: tuple[Named, ...]) -> None:
    """Also where one holds another, or itself."""
    types: dict[str, Definition] = {
        "Pair": record("Pair", one=LEAF, other=UnionOf(members=(TREE, LEAF))),
        "Leaf": record("Leaf", size=INT),
        "Tree": record("Tree", children=Container(container="list", item=UnionOf(members=(TREE, PAIR)))),
    }

    assert digest_of(UnionOf(members=(PAIR, LEAF, TREE)), types) == digest_of(UnionOf(members=members), types)


@pytest.mark.parametrize("changed", ["Pair", "Leaf", "Tree"])
def test_what_changes_anywhere_in_a_circle_changes_the_digest(changed: str) -> None:
    """Of types that hold one another each tells all others apart."""
    types: dict[str, Definition] = {
        "Pair": record("Pair", one=TREE),
        "Tree": record("Tree", one=LEAF),
        "Leaf": record("Leaf", one=UnionOf(members=(PAIR, Scalar(name="none")))),
    }
    held = types[changed]
    assert isinstance(held, RecordDefinition)
    more = record(changed, **{field.name: field.type for field in held.fields}, more=INT)

    for start in (PAIR, LEAF, TREE):
        assert digest_of(start, types) != digest_of(start, {**types, changed: more})


def test_types_that_differ_in_what_they_hold_last_are_told_apart() -> None:
    """A list of lists is not a list of numbers, however deep it goes."""

    def nested(depth: int, last: Type) -> dict[str, Definition]:
        types: dict[str, Definition] = {
            f"m.C{at}": record("C", next=Named(id=f"m.C{at + 1}")) for at in range(depth)
        }
        return {**types, f"m.C{depth}": record("C", next=last)}

    start = Named(id="m.C0")
    digests = {
        digest_of(start, nested(depth, last))
        for depth in (1, 2, 3, 200)
        for last in (INT, Scalar(name="str"), UnionOf(members=(start, Scalar(name="none"))))
    }

    assert 12 == len(digests)


def enum_digest(
    base: Literal["Enum", "Flag", "IntEnum", "IntFlag"], *values: int, is_open: bool = False
) -> str:
    """Of a task with an enum of these values."""
    members = tuple(Member(name=f"M{value}", value=value) for value in values)
    kind = EnumDefinition(name="Kind", base=base, members=members, is_open=is_open)
    return digest_of(Named(id="m.Kind"), {"m.Kind": kind})


def test_flags_and_enums_of_the_same_members_have_different_digests() -> None:
    """Combinations of flags travel too, and an IntFlag takes any number."""
    number = digest_of(INT, {})

    assert enum_digest("Enum", 1, 2) == enum_digest("IntEnum", 2, 1)
    assert enum_digest("Flag", 1, 2) == enum_digest("Flag", 1, 2, 3)
    assert number == enum_digest("IntFlag", 1, 2)
    assert 4 == len(
        {
            number,
            enum_digest("Enum", 1, 2),
            enum_digest("Flag", 1, 2),
            enum_digest("Enum", 1, 2, is_open=True),
        }
    )


def test_a_new_name_does_not_change_a_digest() -> None:
    """A `NewType` travels as what it is made of."""
    types: dict[str, Definition] = {
        "m.Id": NewTypeDefinition(name="Id", type=Named(id="m.Leaf")),
        "m.Leaf": record("Leaf", size=INT),
    }

    assert digest_of(Named(id="m.Id"), types) == digest_of(Named(id="m.Leaf"), types)
