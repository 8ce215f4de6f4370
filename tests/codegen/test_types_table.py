"""The reference's table of types names the golden folders, and leaves none out that shows a type."""

import re
from pathlib import Path

from boilermaker_codegen.error_ids import EXPLANATIONS
from codegen.golden import CASES

TABLE = Path(__file__).parents[2] / "docs" / "reference" / "types.md"
# About registrations, layout and whole services: no type of their own.
OTHERS = {
    "collections", "declared_tasks", "deprecated", "docstring_styles", "docstrings", "errors_collections", "errors_collections_left_out",
    "errors_declared", "errors_files", "errors_imports", "errors_names", "errors_nothing", "errors_registrations", "errors_unfollowed", "evolution", "factory",
    "hiding_names", "identifiers", "long_lines", "names", "overloads", "packages", "plain_functions", "registrations", "shared_types", "spec_pipeline", "spec_signup", "wide_lines",
}  # fmt: skip


def test_each_row_of_the_table_is_a_golden_folder_and_each_folder_has_a_row() -> None:
    """What the reference promises is tested, and what is tested is in the reference."""
    rows = re.findall(r"\| `(\w+)` \|$", TABLE.read_text(), re.MULTILINE)
    folders = {folder.name for folder in CASES.iterdir() if (folder / "pyproject.toml").exists()}
    assert set(rows) == folders - OTHERS


def test_what_is_refused_is_told_by_exactly_the_errors_that_the_table_names() -> None:
    """The ids beside a folder of errors are those of its golden output."""
    rows = re.findall(r"\| ([A-Z_` ]+) \| `(errors_\w+)` \|$", TABLE.read_text(), re.MULTILINE)
    assert rows
    for ids, case in rows:
        told = (CASES / case / "expected_errors.txt").read_text()
        assert ids.replace("`", "").split() == sorted(
            set(re.findall(r"^\S+: ([A-Z_]+): ", told, re.MULTILINE))
        ), case


def test_the_table_names_no_error_that_does_not_exist() -> None:
    """Each id beside a type is one of the generator's."""
    ids = set(re.findall(r"`([A-Z]+_[A-Z_]+)`", TABLE.read_text())) - {"TYPE_CHECKING", "KW_ONLY"}
    assert ids <= set(EXPLANATIONS)
