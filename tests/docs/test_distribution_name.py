"""The package is installed as `boilermaker-sdk` and imported as `boilermaker`: `boilermaker` on PyPI is a stranger's."""

import re
from importlib.metadata import version
from pathlib import Path

import pytest

import boilermaker

ROOT = Path(__file__).parents[2]
FOLDERS = ("sdk", "codegen", "docs", "stubs", "examples", "tests")
ENDINGS = {".py", ".md", ".toml", ".j2", ".json", ".yml", ".yaml", ".txt"}


def _is_hidden(path: Path) -> bool:
    return any(part.startswith(".") for part in path.relative_to(ROOT).parts)


TEXTS = [
    path
    for path in [*ROOT.glob("*"), *(path for folder in FOLDERS for path in (ROOT / folder).rglob("*"))]
    if path.suffix in ENDINGS and path != Path(__file__) and not _is_hidden(path)
]

# A command that installs it, a requirement with an extra, or one with a version.
STRANGERS = re.compile(
    r"""(?x)
    \binstall\b [^\n#`]* (?<![\w./-]) boilermaker (?! [-\w./] )
    | (?<![\w.-]) boilermaker \[ [a-z, ]+ \]
    | (?<![\w.-]) boilermaker (?: == | >= | ~= ) \d
    | dependencies\ =\ \[ [^\]]* "boilermaker"
    """
)


def test_no_text_tells_people_to_install_a_stranger() -> None:
    """Docs, error texts, stubs and examples name `boilermaker-sdk` wherever something is installed."""
    found = [
        f"{path.relative_to(ROOT)}: {match.group()}"
        for path in TEXTS
        for match in STRANGERS.finditer(path.read_text(errors="replace"))
    ]
    assert found == []


@pytest.mark.parametrize(
    "text",
    [
        "pip install boilermaker",
        "pip install 'boilermaker[cli]'",
        "uv add boilermaker[azure]",
        'dependencies = ["boilermaker"]',
        "boilermaker>=0.1",
    ],
)
def test_the_search_finds_what_it_looks_for(text: str) -> None:
    """It would have failed on the former name."""
    assert STRANGERS.search(text)


@pytest.mark.parametrize(
    "text",
    [
        "pip install 'boilermaker-sdk[cli]'",
        "pip install boilermaker-servicebus",
        "[tool.boilermaker]",
        "[[tool.boilermaker.tasks]]",
        "boilermaker-sdk>=0.1",
    ],
)
def test_the_search_passes_over_other_names(text: str) -> None:
    """Peers, tables of the configuration, and our own name."""
    assert not STRANGERS.search(text)


def test_the_distribution_is_the_package() -> None:
    """What is installed under that name is this package, in this version."""
    assert boilermaker.__version__ == version("boilermaker-sdk")
