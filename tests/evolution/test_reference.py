"""The page of rules in the reference is what the table of rules says."""

from pathlib import Path

from click.testing import CliRunner

from boilermaker.cli.breaking import explain

PAGE = Path(__file__).parents[2] / "docs" / "reference" / "breaking-changes.md"


def test_the_page_of_rules_is_fresh() -> None:
    """`boilermaker contract explain --format markdown > docs/reference/breaking-changes.md` writes it."""
    said = CliRunner().invoke(explain, ["--format", "markdown"]).stdout

    assert said == PAGE.read_text(encoding="utf-8")
