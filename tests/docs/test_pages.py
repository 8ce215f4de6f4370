"""Pages and what they speak of: links lead somewhere, tables name what the code has."""

import re
import subprocess
from collections.abc import Iterable
from pathlib import Path

import pytest

from boilermaker.tasks.options import Limits, TaskOptions, WorkerOptions
from boilermaker_codegen.config import Config

ROOT = Path(__file__).parents[2]
PAGES = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")])
CONFIGURATION = (ROOT / "docs" / "reference" / "configuration.md").read_text()


def _prose(page: Path) -> str:
    return re.sub(r"^ *```.*?^ *```", "", page.read_text(), flags=re.MULTILINE | re.DOTALL)


def _anchors(page: Path) -> set[str]:
    """As GitHub makes them of headings."""
    headings = re.findall(r"^#+ (.*)$", _prose(page), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def _links(page: Path) -> list[str]:
    return [link for link in re.findall(r"\]\(([^)\s]+)\)", _prose(page)) if "://" not in link]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_links_lead_somewhere(page: Path) -> None:
    """To a file that is there, and a heading that it has."""
    broken: list[str] = []
    for link in _links(page):
        path, _, anchor = link.partition("#")
        target = (page.parent / path).resolve() if path else page
        if not target.exists() or (anchor and anchor not in _anchors(target)):
            broken.append(link)
    assert broken == []


def test_the_index_names_every_page() -> None:
    """A page that nobody finds is not there."""
    index = ROOT / "docs" / "README.md"
    pages = {page.relative_to(index.parent).as_posix() for page in ROOT.glob("docs/**/*.md")}
    assert pages - {"README.md"} == {link for link in _links(index) if link in pages}


@pytest.mark.parametrize(
    ("before", "names"),
    [
        ("## `Boilermaker(state, bus, ...)`", WorkerOptions.__annotations__),
        ("\n`Limits`:", Limits.__struct_fields__),
        ("## Registration", TaskOptions.__annotations__),
        ("## `[tool.boilermaker]`", Config.__struct_fields__),
    ],
    ids=["worker", "limits", "registration", "generator"],
)
def test_tables_of_options_are_complete(before: str, names: Iterable[str]) -> None:
    """Each option has a row, and each row is an option."""
    assert CONFIGURATION.count(before) == 1
    table = re.search(r"(?:^\|.*\n)+", CONFIGURATION.partition(before)[2], re.MULTILINE)
    assert table is not None
    rows = re.findall(r"^\| `(\w+)` \|", table.group(), re.MULTILINE)
    assert sorted(names) == sorted(rows)


def test_contributing_names_every_target() -> None:
    """In the order of neither, but none is missing."""
    helped = subprocess.run(["make", "help"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    listed = re.findall(r"^\| `make ([\w-]+)` \|", (ROOT / "CONTRIBUTING.md").read_text(), re.MULTILINE)
    assert sorted(re.findall(r"^  make ([\w-]+)", helped, re.MULTILINE)) == sorted(listed)
