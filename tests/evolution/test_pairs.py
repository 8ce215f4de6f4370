"""The verdicts on pairs of sources, and what says that they are right: msgspec for messages, type checkers for code."""

from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import NamedTuple

import msgspec
import pytest

from boilermaker.contract import Contract, TaskContract
from boilermaker.evolution.compare import compare
from boilermaker.evolution.findings import Finding
from boilermaker.evolution.rules import RULES
from boilermaker.payload import UnfitValue, renamed
from boilermaker_codegen.config import load
from boilermaker_codegen.scan import scan
from evolution.arrivals import dropping, is_whole, tags_of, written_out
from evolution.changes import PREAMBLE
from evolution.checking import checked, write
from evolution.live import Live, Samples, bring, bring_worker
from evolution.pairs import PAIRS
from evolution.test_msgspec_agrees import is_read, is_read_as, needed, written

PYPROJECT = """
[tool.boilermaker]
service = "s"
queue = "q"
source = ["."]
package = "stubs"
output = "out"
allow_untyped = true
"""
EXTERNAL = """
[tool.boilermaker.external]
"fractions.Fraction" = "{}"
"""
LETTERS = {"Q": "QUEUE", "R": "ROLLOUT", "S": "SOURCE", "M": "MEANING"}


class Contracts(NamedTuple):
    """The two contracts of a pair."""

    old: Contract
    new: Contract


@pytest.fixture(scope="module")
def contracts(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Contracts]:
    """Of all pairs, as the generator reads them."""
    folder = tmp_path_factory.mktemp("pairs")

    @cache
    def read(source: str, wire: str) -> Contract:
        (folder / "service.py").write_text(PREAMBLE + source)
        (folder / "pyproject.toml").write_text(PYPROJECT + (EXTERNAL.format(wire) if wire else ""))
        return scan(load(folder / "pyproject.toml")).contract

    return {
        name: Contracts(read(pair.before, pair.wires[0]), read(pair.after, pair.wires[1]))
        for name, pair in PAIRS.items()
    }


def told(findings: list[Finding]) -> dict[str, set[str]]:
    """Categories by rule."""
    found: dict[str, set[str]] = {}
    for finding in findings:
        found.setdefault(finding.rule, set()).update(finding.categories)
    return found


@pytest.mark.parametrize("name", PAIRS)
def test_a_change_gets_the_verdict_that_a_reviewer_expects(
    name: str, contracts: dict[str, Contracts]
) -> None:
    """Each rule, with what it breaks, and nothing else."""
    expected = {rule: {LETTERS[letter] for letter in breaks} for rule, breaks in PAIRS[name].verdict.items()}

    assert expected == told(compare(*contracts[name]))


@pytest.mark.parametrize("name", PAIRS)
def test_messages_break_where_the_verdict_says_so(
    name: str, contracts: dict[str, Contracts], tmp_path: Path
) -> None:
    """What the stubs of one side write is read as the other side's types, by msgspec, for each task that both have."""
    old, new = contracts[name]
    for before, after in both(old, new):
        verdicts = compare(before, after)
        ours, theirs = bring(before, tmp_path), bring(after, tmp_path)
        wires = PAIRS[name].wires  # empty where the class is no external one on that side
        workers = [
            bring_worker(contract, tmp_path, {"fractions.Fraction"} if wire else ())
            for contract, wire in zip((before, after), wires, strict=True)
        ]
        of_payload = [f for f in verdicts if f.task and f.path and not f.path.startswith("return")]
        of_result = [f for f in verdicts if f.path.startswith("return")]
        messages = (
            aliased(before, written(Samples(before).payloads(before), ours.payload)),
            written(Samples(after).payloads(after), theirs.payload),
        )
        results = (
            written(Samples(after).of(after.tasks[0].result), theirs.result),
            written(Samples(before).of(before.tasks[0].result), ours.result),
        )
        actual = {
            ("payload", "QUEUE"): any(not is_taken(m, workers[1], after.tasks[0]) for m in messages[0]),
            ("payload", "ROLLOUT"): any(not is_taken(m, workers[0], before.tasks[0]) for m in messages[1]),
            ("result", "QUEUE"): any(not is_read_as(m, *workers[0][1:]) for m in results[0]),
            ("result", "ROLLOUT"): any(not is_read_as(m, *workers[1][1:]) for m in results[1]),
        }
        for (what, category), is_broken in actual.items():
            found = of_payload if what == "payload" else of_result
            assert is_broken == any(category in f.categories for f in found), (what, category)


@pytest.mark.parametrize("name", PAIRS)
def test_values_are_dropped_where_the_verdict_says_so(
    name: str, contracts: dict[str, Contracts], tmp_path: Path
) -> None:
    """What is read without an error and not all there is a matter of meaning; nothing else is told to be dropped."""
    old, new = contracts[name]
    for before, after in both(old, new):
        findings = [
            f for f in compare(before, after) if f.task and f.path and not f.path.startswith("return")
        ]
        sides = [(before, after, PAIRS[name].wires[1]), (after, before, PAIRS[name].wires[0])]
        are_dropped = []
        for writing, reading, wire in sides:
            names = {"fractions.Fraction"} if wire else set[str]()
            worker = bring_worker(written_out(reading), tmp_path, names)
            aliases = {p.name: p.aliases for p in reading.tasks[0].parameters if p.aliases}
            messages = written(Samples(writing).payloads(writing), bring(writing, tmp_path).payload)
            taken = [m for m in messages if is_taken(m, worker, reading.tasks[0])]
            are_dropped += [
                not is_whole(bytes(renamed(msgspec.Raw(m), aliases)), worker, tags_of(writing)) for m in taken
            ]
        if any(are_dropped):
            assert any("MEANING" in f.categories for f in findings)
        elif dropping(findings):
            assert any({"QUEUE", "ROLLOUT"} & set(f.categories) for f in findings)  # no message gets so far


def both(old: Contract, new: Contract) -> Iterator[tuple[Contract, Contract]]:
    """Contracts of one task each, under one name, for each task that both have by name or alias."""
    for before in old.tasks:
        for after in new.tasks:
            if before.name in (after.name, *after.aliases):
                yield alone(old, before), alone(new, after)


def aliased(contract: Contract, messages: Iterator[bytes]) -> Iterator[bytes]:
    """Messages, and what they were while a parameter still had the name that is an alias now."""
    for message in messages:
        yield message
        members = msgspec.json.decode(message)
        for parameter in contract.tasks[0].parameters:
            for alias in parameter.aliases:
                yield msgspec.json.encode(
                    {alias if name == parameter.name else name: value for name, value in members.items()}
                )


def alone(contract: Contract, task: TaskContract) -> Contract:
    """A contract of one task."""
    named = msgspec.structs.replace(task, name="work", function=None, aliases=())
    return needed(msgspec.structs.replace(contract, tasks=(named,)))


def is_taken(message: bytes, worker: Live, task: TaskContract) -> bool:
    """Whether a worker takes a payload, its parameters' aliases included."""
    aliases = {p.name: p.aliases for p in task.parameters if p.aliases}
    try:
        return is_read(bytes(renamed(msgspec.Raw(message), aliases)), worker.payload, worker.externals)
    except UnfitValue:
        return False


@pytest.fixture(scope="module")
def programs(contracts: dict[str, Contracts], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """For each pair a producer of the old stubs, beside the old stubs and beside the new ones."""
    folder = tmp_path_factory.mktemp("programs")
    for number, pair in enumerate(contracts.values()):
        write(folder, number, *pair)
    return folder


UNSEEN = {
    # checkers take a Struct for a dataclass; `dataclasses.replace` finds out
    "record: dataclass to Struct",
    # a NewType of a text is called with a text, and so is an enum; it fails when it runs
    "type: NewType to an enum",
}


@pytest.mark.timeout(600)
def test_producers_type_check_unless_the_verdict_says_otherwise(
    contracts: dict[str, Contracts], programs: Path
) -> None:
    """A producer that uses all of the old stubs passes with them; with the new ones it fails where `SOURCE` is found."""
    errors = checked(programs)

    assert len(errors) > len(contracts) / 3
    assert {} == {program: texts for program, texts in errors.items() if program.startswith("old")}
    assert {} == {
        name: errors.get(f"new_{number}", "passes")
        for number, (name, pair) in enumerate(contracts.items())
        if (f"new_{number}" in errors) != any("SOURCE" in f.categories for f in compare(*pair))
        and name not in UNSEEN
    }


def test_a_finding_breaks_only_what_its_rule_names(contracts: dict[str, Contracts]) -> None:
    """Else `explain` would tell less than the truth."""
    for pair in contracts.values():
        for finding in compare(*pair):
            assert set(finding.categories) <= set(RULES[finding.rule].categories)
