"""What is generated is good code: it compiles, imports, round-trips, and no checker or formatter has a word to say."""

import importlib
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from random import Random

import pytest

from boilermaker.contract import from_json
from boilermaker.testing.roundtrips import round_trip_test, stubs_of
from boilermaker_codegen.package.render import render
from codegen.golden import PACKAGES
from codegen.random_aliases import draw_presentation
from codegen.random_contracts import draw_contract

SEEDS = range(15)
NAMES = [*(f"{case.name}_stubs" for case in PACKAGES), *(f"random{seed}_stubs" for seed in SEEDS)]
BIN = Path(sys.executable).parent
PYTHON = [sys.executable, "-I", "-W", "error"]


@pytest.fixture(scope="module")
def packages(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Golden packages and those of random contracts side by side, out of reach of this project's own settings."""
    folder = tmp_path_factory.mktemp("packages")
    for case in PACKAGES:
        shutil.copytree(case / "expected" / f"{case.name}_stubs", folder / f"{case.name}_stubs")
    for seed in SEEDS:
        (folder / f"random{seed}_stubs").mkdir()
        contract = draw_contract(Random(seed))
        presentation = draw_presentation(Random(seed), contract)
        for name, data in render(contract, presentation, width=88).items():
            (folder / f"random{seed}_stubs" / name).write_bytes(data)
    return folder


INSTALLED = [folder for case in PACKAGES if (folder := case / "packages").is_dir()]
"""Where the packages are that stubs import types from."""


@pytest.fixture(scope="module")
def importable(packages: Path) -> Iterator[None]:
    folders = [str(packages), *map(str, INSTALLED)]
    gone = {*NAMES, *(path.name for folder in INSTALLED for path in folder.iterdir())}
    sys.path[:0] = folders
    importlib.invalidate_caches()
    yield
    for folder in folders:
        sys.path.remove(folder)
    for name in [name for name in sys.modules if name.partition(".")[0] in gone]:
        del sys.modules[name]


def run(*command: str | Path, folder: Path) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "MYPYPATH": os.pathsep.join(map(str, INSTALLED))}
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)


def test_all_packages_pass_mypy_strict(packages: Path) -> None:
    """One run over all of them, in the strictest setting."""
    done = run(BIN / "mypy", "--strict", "--python-version=3.11", "--cache-dir=.mypy", ".", folder=packages)
    assert done.stdout.startswith("Success: no issues found"), done.stdout


def test_all_packages_pass_pyright_strict(packages: Path) -> None:
    """One run over all of them, in the strictest setting."""
    config = {
        "typeCheckingMode": "strict",
        "pythonVersion": "3.11",
        "include": NAMES,
        "venvPath": str(BIN.parent.parent),
        "venv": BIN.parent.name,
        "extraPaths": [str(folder) for folder in INSTALLED],
    }
    (packages / "pyrightconfig.json").write_text(json.dumps(config))
    done = run(BIN / "pyright", "--outputjson", "-p", ".", folder=packages)
    report = json.loads(done.stdout)
    assert report["generalDiagnostics"] == []
    assert report["summary"]["filesAnalyzed"] >= 3 * len(NAMES)


def test_a_linter_finds_nothing(packages: Path) -> None:
    """Pyflakes, pycodestyle, import order, bugbear and docstring layout."""
    done = run(
        BIN / "ruff", "check", "--isolated", "--no-cache", "--select=E4,E7,E9,F,I,B,D2,D3,D4,W",
        "--ignore=D203,D205,D210,D213,D400,D401,D404,D406,D407,D413,D415", ".", folder=packages,
    )  # fmt: skip
    assert done.stdout == "All checks passed!\n"


def test_a_formatter_would_change_nothing(packages: Path) -> None:
    """With the line length that the package was generated for."""
    wide = "wide_lines_stubs"
    usual = [name for name in NAMES if name != wide]
    for width, names in ((88, usual), (110, [wide])):
        done = run(
            BIN / "ruff", "format", "--isolated", "--no-cache", "--diff", f"--line-length={width}", *names,
            folder=packages,
        )  # fmt: skip
        assert done.stdout == ""


def test_stubs_pull_in_neither_azure_nor_asyncio(packages: Path) -> None:
    """What a producer pays for importing stubs: msgspec, this package, the standard library's light half."""
    program = f"""
import sys
sys.path.insert(0, {str(packages)!r})
import defaults_stubs, deprecated_stubs, failure_info_stubs
print([name for name in sys.modules if name.partition('.')[0] in ('asyncio', 'azure', 'libcst', 'jinja2')])
print([name for name in sys.modules if name.startswith(('boilermaker_codegen', 'boilermaker.introspection'))])
"""
    done = run(*PYTHON, "-c", program, folder=packages)
    assert (done.stdout, done.stderr) == ("[]\n[]\n", "")


def test_a_deprecated_function_says_so_when_it_is_called(importable: None) -> None:
    """PEP 702 at run time: a warning that points at the caller."""
    stubs = importlib.import_module("deprecated_stubs")
    with pytest.warns(DeprecationWarning, match="use `create_user`") as caught:
        stubs.make_user("a@b.org")
    assert caught[0].filename == __file__


@pytest.mark.parametrize("name", NAMES)
def test_a_package_exports_all_its_functions_and_types(importable: None, name: str) -> None:
    """Everything in `__all__` is there, and each task has a function and a payload."""
    package = importlib.import_module(name)
    contract = from_json(Path(str(package.__file__)).with_name("contract.json").read_bytes())
    assert [entry for entry in package.__all__ if not hasattr(package, entry)] == []
    payloads = [value for value in vars(package.payloads).values() if isinstance(value, type)]
    made = [value for value in payloads if value.__module__ == f"{name}.payloads"]
    assert len(made) == len(contract.tasks)


@pytest.mark.hypothesis
@pytest.mark.parametrize("name", NAMES)
def test_every_task_survives_the_wire(importable: None, name: str) -> None:
    """Arguments and results drawn from a task's types come back as they were."""
    for stub in stubs_of(importlib.import_module(name)):
        round_trip_test()(stub=stub)
