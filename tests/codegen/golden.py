"""The golden folders, for the tests of this folder."""

from pathlib import Path

CASES = Path(__file__).with_name("cases")


def named(pattern: str) -> list[Path]:
    """Folders of cases, by what they hold."""
    return sorted(path.parent for path in CASES.glob(f"*/{pattern}"))


PACKAGES = [folder for folder in named("pyproject.toml") if not folder.name.startswith("errors_")]
ERRORS = [folder for folder in named("pyproject.toml") if folder.name.startswith("errors_")]
