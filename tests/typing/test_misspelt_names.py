"""A misspelt import fails type checking: no module hands out names that it does not have, lazy ones included."""

import pkgutil
import re
from collections.abc import Iterable
from pathlib import Path

import pytest

import boilermaker
import boilermaker.testing
from type_checkers import CHECKERS

MODULES = sorted(
    module.name
    for module in pkgutil.walk_packages(boilermaker.__path__, "boilermaker.")
    if not module.name.endswith("__main__")
)
LAZY = ("boilermaker", "boilermaker.testing")


def _importing(names: Iterable[tuple[str, str]]) -> str:
    """A file that imports one name a line and uses each, so that nothing else about a line is an error."""
    lines = [f"from {module} import {name} as name_{number}" for number, (module, name) in enumerate(names)]
    used = ", ".join(f"name_{number}" for number in range(len(lines)))
    return "\n".join([*lines, f"print({used})"]) + "\n"


def _refused_lines(output: str, file: str) -> set[int]:
    return {int(line) for line in re.findall(rf"(?m)^.*{re.escape(file)}:(\d+)(?::\d+ -|:) error", output)}


@pytest.mark.parametrize("checker", CHECKERS)
def test_a_misspelt_name_is_an_error_in_every_module(tmp_path: Path, checker: str) -> None:
    """`from boilermaker import Clinet`: both checkers refuse it, in each module of the package."""
    path = tmp_path / "misspelt.py"
    path.write_text(_importing((module, "Clinet") for module in ("boilermaker", *MODULES)))

    output = CHECKERS[checker](path)

    assert _refused_lines(output, "misspelt.py") >= set(range(1, len(MODULES) + 2)), output


@pytest.mark.parametrize("checker", CHECKERS)
def test_a_misspelt_attribute_of_a_lazy_module_is_an_error(tmp_path: Path, checker: str) -> None:
    """`boilermaker.Clinet(bus)`: the same for names that are looked up on the module."""
    path = tmp_path / "misspelt.py"
    path.write_text("".join(f"import {module}\n{module}.clinet\n" for module in LAZY))

    output = CHECKERS[checker](path)

    assert {2, 4} <= _refused_lines(output, "misspelt.py"), output


@pytest.mark.parametrize("checker", CHECKERS)
def test_each_public_name_is_known_to_checkers(tmp_path: Path, checker: str) -> None:
    """What loads lazily at run time is what checkers see: no name of `__all__` is missing."""
    path = tmp_path / "right.py"
    known = (
        (module.__name__, name) for module in (boilermaker, boilermaker.testing) for name in module.__all__
    )
    path.write_text(_importing(known))

    output = CHECKERS[checker](path)

    assert _refused_lines(output, "right.py") == set(), output


def test_a_misspelt_name_raises_at_run_time() -> None:
    """Lazy loading refuses what it does not know."""
    for module in (boilermaker, boilermaker.testing):
        with pytest.raises(AttributeError, match="has no attribute 'Clinet'"):
            module.Clinet  # type: ignore[attr-defined]  # noqa: B018
