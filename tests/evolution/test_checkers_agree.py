"""The verdict on producers' code is what type checkers say: for pairs of contracts at random."""

from pathlib import Path

import pytest
from hypothesis import assume, given, settings

from boilermaker.contract import Contract
from boilermaker.evolution.compare import compare
from evolution.checking import checked, write
from evolution.drawn_contracts import pairs
from evolution.test_msgspec_agrees import BUDGET, is_carried, needed

BOUNDED, MOST = 60, 600
"""How many pairs are drawn: by default, and at most by `make test-deep`, for each takes two checkers some time."""


def drawn() -> list[tuple[Contract, Contract]]:
    """Pairs that a generator would accept; drawn first, and checked together."""
    found: list[tuple[Contract, Contract]] = []

    @given(pair=pairs())
    @settings(
        BUDGET, max_examples=min(MOST, max(BOUNDED, settings.default.max_examples if settings.default else 0))
    )
    def draw(pair: tuple[Contract, Contract]) -> None:
        old, new = (needed(contract) for contract in pair)
        assume(is_carried(old) and is_carried(new))
        found.append((old, new))

    draw()
    return found


@pytest.mark.hypothesis
@pytest.mark.timeout(0)
def test_code_breaks_where_the_verdict_says_so(tmp_path: Path) -> None:
    """A producer passes with the old stubs; with the new ones mypy or pyright refuses it where SOURCE is found."""
    contracts = drawn()
    for number, pair in enumerate(contracts):
        write(tmp_path, number, *pair)

    errors = checked(tmp_path)

    assert {} == {program: texts for program, texts in errors.items() if program.startswith("old")}
    wrong = {
        number: (pair, compare(*pair), errors.get(f"new_{number}", "passes"))
        for number, pair in enumerate(contracts)
        if (f"new_{number}" in errors) != any("SOURCE" in finding.categories for finding in compare(*pair))
    }
    assert {} == wrong
    assert len(errors) > len(contracts) / 5
