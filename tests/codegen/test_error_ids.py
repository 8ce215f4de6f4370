"""The ids of the generator's errors: each is explained, each is told by some golden case."""

import re
from pathlib import Path
from typing import get_args

import pytest
from click.testing import CliRunner

from boilermaker_codegen.error_ids import EXPLANATIONS, ErrorId
from boilermaker_codegen.explain import explain
from codegen.golden import ERRORS

PAGE = Path(__file__).parents[2] / "docs" / "reference" / "generator-errors.md"

# Told by tests of their own: the source would be large, or the trouble is in the folder of the package.
ELSEWHERE = {
    "PACKAGE_NOT_GENERATED": "test_commands.py",
    "PACKAGE_NOT_WRITTEN": "test_commands.py",
    "TOO_DEEP": "test_scanning.py",
}


def test_each_id_is_explained() -> None:
    """Nobody meets an id without an explanation."""
    assert sorted(get_args(ErrorId)) == sorted(EXPLANATIONS)


def test_each_id_is_told_by_a_golden_case() -> None:
    """An id that no source leads to would be dead."""
    told = "".join((case / "expected_errors.txt").read_text() for case in ERRORS)
    ids = set(re.findall(r"^\S+: ([A-Z_]+): ", told, flags=re.MULTILINE))

    assert set(EXPLANATIONS) - set(ELSEWHERE) == ids


def test_the_page_of_errors_is_fresh() -> None:
    """`boilermaker stubs explain --format markdown > docs/reference/generator-errors.md` writes it."""
    said = CliRunner().invoke(explain, ["--format", "markdown"]).stdout

    assert said == PAGE.read_text(encoding="utf-8")


@pytest.mark.parametrize(("id_", "module"), ELSEWHERE.items())
def test_the_other_ids_are_told_by_tests_of_their_own(id_: str, module: str) -> None:
    """Where this table says."""
    assert f"{id_}: " in Path(__file__).with_name(module).read_text(encoding="utf-8")


def test_an_error_is_explained_by_its_id() -> None:
    """In any case of letters, with what to write instead."""
    said = CliRunner().invoke(explain, ["type_refused"]).stdout

    assert said.startswith("TYPE_REFUSED\n")
    assert "instead: " in said


def test_an_unknown_id_names_the_nearest() -> None:
    """A typo is answered with the id that was meant."""
    said = CliRunner().invoke(explain, ["TYPE_REFUSE"])

    assert said.exit_code == 1
    assert "did you mean TYPE_REFUSED?" in said.stderr
