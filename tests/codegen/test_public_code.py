"""Signatures that nobody here wrote: each is a task that can be relied on, or an error that says where and why."""

import importlib
import shutil
import subprocess
import sys
import warnings
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest
from hypothesis import settings

from boilermaker.contract import Contract, agreed, to_json
from boilermaker.testing.roundtrips import round_trip_test, stubs_of
from boilermaker_codegen.config import load
from boilermaker_codegen.package.render import render
from boilermaker_codegen.reader import TreeReader
from boilermaker_codegen.scan import scan
from boilermaker_codegen.source.discover import Index
from boilermaker_codegen.source.files import walk
from boilermaker_codegen.units import Unit, joined
from codegen.live import importable
from codegen.public_code import CONFIG, home_of, signatures

USUAL = 30  # what hypothesis draws where nothing else is asked for
IS_DEEP = settings.default is not None and settings.default.max_examples > USUAL
FURTHER = [
    "_pytest", "boilermaker_codegen", "charset_normalizer", "click", "coverage", "execnet", "hatchling", "hypothesis", "idna",
    "importlinter", "jsonschema", "libcst", "markdown_it", "packaging", "pip", "pluggy", "pyright", "pytest_asyncio",
    "referencing", "requests", "rich", "setuptools", "sqlalchemy", "tomlkit", "urllib3", "xdist",
]  # fmt: skip
# Those that no development tool brings along are installed for as long as their test takes, without what they depend on.
STRANGERS = {
    "lsprotocol": "lsprotocol==2025.0.0", "mypy_boto3_sqs": "mypy-boto3-sqs==1.43.0",
    "ocpp": "ocpp==2.1.0", "telegram": "python-telegram-bot==22.8",
}  # fmt: skip
PACKAGES = ["structlog", "grimp", *([*FURTHER, *STRANGERS] if IS_DEEP else [])]


def service_of(package: str, folder: Path, limit: int) -> tuple[Path, dict[str, Unit]]:
    """A service with the source of a package as it is and a module for each signature that can be a task."""
    home = home_of(package)
    (folder / "tasks").mkdir()
    shutil.copytree(home, folder / "src" / home.name, ignore=shutil.ignore_patterns("__pycache__", "*.so"))
    chosen = signatures(home)
    chosen = chosen[:: max(1, len(chosen) // limit)]
    places = {f"task_{number}": signature for number, signature in enumerate(chosen)}
    for name, signature in places.items():
        (folder / "tasks" / f"{name}.py").write_text(signature.source(name))
    config = folder / "pyproject.toml"
    config.write_text(CONFIG.replace('"src"', '"src", "tasks"'))
    units: dict[str, Unit] = {}
    project = load(config)
    index = Index(walk(project))
    reader = TreeReader(project.config, index)
    for name, signature in places.items():
        file = index.file(name)
        assert file is not None
        outcome = reader.read(file)
        assert (outcome.found is None) == bool(outcome.problems), signature.place
        assert all(problem.line and problem.message for problem in outcome.problems), signature.place
        if outcome.found is None:
            (folder / "tasks" / f"{name}.py").unlink()
        else:
            assert [task.name for task in outcome.found.unit.tasks] == [name]
            units[name] = outcome.found.unit
    return config, units


@pytest.fixture(autouse=True)
def _installed(
    package: str, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    if package in STRANGERS:
        folder = str(tmp_path_factory.mktemp(package))
        pip = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--target", folder]
        subprocess.run([*pip, STRANGERS[package]], check=True)
        monkeypatch.setattr(sys, "path", [*sys.path, folder])


@pytest.fixture
def few_examples() -> Iterator[None]:
    """There are many tasks: a few examples of each."""
    before = settings.get_current_profile_name()
    settings.register_profile("few", settings.get_profile(before), max_examples=50 if IS_DEEP else 5)
    settings.load_profile("few")
    yield
    settings.load_profile(before)


@pytest.mark.hypothesis
@pytest.mark.usefixtures("few_examples")
@pytest.mark.timeout(0 if IS_DEEP else 120)
@pytest.mark.parametrize("package", PACKAGES)
def test_public_signatures_give_stubs_that_check_and_round_trip(package: str, tmp_path: Path) -> None:
    """None is lost, the worker finds the same contract, mypy is content, and what is drawn comes back."""
    config, units = service_of(package, tmp_path, limit=300 if IS_DEEP else 40)
    contract = scan(load(config)).contract
    assert {task.name for task in contract.tasks} == units.keys() != set()
    for name, unit in units.items():
        expected = joined([unit], service="public", queue="public")
        live = live_contract(name, tmp_path / "tasks")
        assert live is None or to_json(expected) == to_json(agreed(live, expected))
    stubs = tmp_path / f"{package}_stubs"
    stubs.mkdir()
    for name, data in render(contract, width=88).items():
        (stubs / name).write_bytes(data)
    mypy = [sys.executable, "-m", "mypy", "--strict", "--cache-dir=.mypy", stubs.name]
    done = subprocess.run(mypy, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout
    with importable(tmp_path):
        for stub in stubs_of(importlib.import_module(stubs.name)):
            round_trip_test()(stub=stub)


def live_contract(module: str, folder: Path) -> Contract | None:
    """What the worker in a module says of itself; None where its package cannot be imported here, or a name in it."""
    with importable(folder), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            worker = importlib.import_module(module).worker
        except (ImportError, AssertionError):  # a name for type checkers alone, a module for another system
            return None
    return msgspec.structs.replace(worker.contract(), service="public")
