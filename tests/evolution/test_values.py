"""Whether one payload fits a contract: msgspec says the same of the contract's own stubs."""

from pathlib import Path

import msgspec
import pytest
from hypothesis import assume, event, given, note

from boilermaker.contract import (
    Constrained,
    Container,
    Contract,
    Default,
    EnumDefinition,
    Field,
    Member,
    Named,
    Parameter,
    RecordDefinition,
    Scalar,
    TaskContract,
    UnionOf,
)
from boilermaker.evolution.values import payload_misfits
from evolution.drawn_contracts import pairs
from evolution.live import Samples, bring
from evolution.test_msgspec_agrees import BUDGET, is_carried, is_read, needed, written


@given(pair=pairs())
@BUDGET
def test_a_payload_fits_where_the_stubs_would_read_it(
    pair: tuple[Contract, Contract], tmp_path: Path
) -> None:
    """Payloads of one contract against another, and against their own."""
    old, new = (needed(contract) for contract in pair)
    assume(is_carried(old) and is_carried(new))
    before, after = bring(old, tmp_path), bring(new, tmp_path)
    messages = list(written(Samples(old).payloads(old), before.payload))
    assume(messages)

    for contract, reader in ((old, before.payload), (new, after.payload)):
        for each in messages:
            problems = list(payload_misfits(msgspec.json.decode(each), contract.tasks[0], contract.types))
            note(f"{each!r}: {problems}")
            event(f"fits: {not problems}")
            assert is_read(each, reader) == (not problems)


TEXT, NUMBER = Scalar(name="str"), Scalar(name="int")
ADDRESS = RecordDefinition(
    name="Address", style="struct", fields=(Field(name="city", type=TEXT), Field(name="zip", type=NUMBER))
)
TASK = TaskContract(
    name="create_user",
    parameters=(
        Parameter(name="email", type=TEXT),
        Parameter(
            name="tags",
            type=Constrained(type=Container(container="list", item=TEXT), max_length=1),
            default=Default(value=[]),
        ),
        Parameter(name="address", type=UnionOf(members=(Named(id="Address"), Scalar(name="none")))),
    ),
    result=Scalar(name="none"),
)


def test_a_whole_number_is_read_by_what_reads_these_alone() -> None:
    """Msgspec asks the enum beside a float, and no one else."""
    kind = EnumDefinition(name="Kind", base="IntEnum", members=(Member(name="A", value=1),))
    union = UnionOf(members=(Scalar(name="float"), Named(id="Kind")))
    task = TaskContract(
        name="work", parameters=(Parameter(name="x", type=union),), result=Scalar(name="none")
    )

    said = {value: list(payload_misfits({"x": value}, task, {"Kind": kind})) for value in (1, 1.5, 2)}

    assert {1: [], 1.5: [], 2: ["x: is not one of the values of `Kind`"]} == said


@pytest.mark.parametrize(
    ("payload", "said"),
    [
        ({"email": "hunter2", "address": None}, []),
        ({"email": "hunter2", "address": {"city": "hunter2", "zip": 1}, "more": 1}, []),
        (
            {"email": "x", "address": None, "tags": ["a", "b"]},
            ["tags: does not have the length that the type requires"],
        ),
        ({"address": None}, ["email: missing"]),
        ({"email": 7, "address": None}, ["email: an integer is not of type `str`"]),
        (
            {"email": "x", "address": {"zip": "hunter2"}},
            ["address.city: missing", "address.zip: a string is not of type `int`"],
        ),
        ({"email": "x", "address": "hunter2"}, ["address: a string matches no member of the union"]),
    ],
)
def test_every_place_is_named_and_no_value(payload: dict[str, object], said: list[str]) -> None:
    """Paths and what was expected."""
    assert said == list(payload_misfits(payload, TASK, {"Address": ADDRESS}))
