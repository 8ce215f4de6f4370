"""`stubs generate` on a large repository beside `ast.parse` of the same files, and what its stubs cost those who use them."""

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from rich.table import Table
from tests.benchmarks.repository import Repository, Size, build

_PARSE_ALL = """
import ast, pathlib, sys
for path in pathlib.Path(sys.argv[1]).rglob("*.py"):
    ast.parse(path.read_bytes())
"""
_IMPORT = """
import sys, time
sys.path.insert(0, sys.argv[1])
started = time.perf_counter()
import company_stubs
print(time.perf_counter() - started)
"""
# Byte code is kept, whatever the shell that this runs in says: what is installed has it.
_ENVIRONMENT = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
_SETTLING_SECONDS = 3.0  # files younger than that are read at each run, whatever the cache says


class Run(NamedTuple):
    """What a process took: seconds by the clock, and megabytes at its peak."""

    seconds: float
    megabytes: float


class Figure(NamedTuple):
    """One row: a run, and the goal for it: seconds, or a share of `ast.parse`."""

    label: str
    run: Run
    goal: float
    is_share: bool


def measure(scale: float) -> Table:
    """The table for a repository of this scale; at 1.0 it has 10,000 modules."""
    with tempfile.TemporaryDirectory(prefix="boilermaker-bench-") as folder:
        size = Size().scaled(scale)
        repository = build(Path(folder), size)
        time.sleep(_SETTLING_SECONDS)
        base = _run(sys.executable, "-c", _PARSE_ALL, str(repository.source))
        title = (
            f"Scan of {size.modules:,} modules, {repository.total_bytes / 1e6:,.0f} MB, "
            f"{size.with_tasks:,} of them with {size.tasks:,} tasks"
        )
        table = Table(title=title)
        for column in ("", "seconds", "of ast.parse", "MB", "goal"):
            table.add_column(column, justify="right" if column else "left")
        table.add_row("ast.parse of all", f"{base.seconds:.2f}", "1", f"{base.megabytes:.0f}", "")
        for figure in _figures(repository):
            share = figure.run.seconds / base.seconds
            goal = f"{figure.goal:g} of ast.parse" if figure.is_share else f"{figure.goal:g} s"
            memory = f"{figure.run.megabytes:.0f}" if figure.run.megabytes else ""
            table.add_row(figure.label, f"{figure.run.seconds:.2f}", f"{share:.3f}", memory, goal)
        return table


def _figures(repository: Repository) -> Iterator[Figure]:
    yield Figure("generate, cold", _generate(repository), 0.4, is_share=True)
    yield Figure("generate, warm", _generate(repository), 0.05, is_share=True)
    for label, path in (
        ("a plain module changed", repository.plain),
        ("a comment beside tasks", repository.tasks),
        ("a comment beside types", repository.types),
    ):
        _touch(path)
        yield Figure(f"generate, {label}", _generate(repository), 0.5, is_share=False)
    _add_task(repository.tasks)
    yield Figure("generate, a task added", _generate(repository), 0.5, is_share=False)
    stubs = repository.config.parent / "stubs"
    yield Figure("import of the stubs", Run(_import_seconds(stubs), 0), 0.3, is_share=False)
    mypy = _run(
        sys.executable, "-m", "mypy", "--strict", "--config-file=", f"--cache-dir={os.devnull}",
        str(stubs / "company_stubs"),
    )  # fmt: skip
    yield Figure("mypy --strict of the stubs, cold", mypy, 5.0, is_share=False)


def _generate(repository: Repository) -> Run:
    return _run(
        sys.executable, "-m", "boilermaker.cli", "stubs", "generate", "--config", str(repository.config)
    )


def _touch(path: Path) -> None:
    """Change a module's text, not its meaning."""
    path.write_text(f"{path.read_text()}\n# changed\n")


def _add_task(path: Path) -> None:
    """A change that matters: the module is parsed, and the package made anew."""
    path.write_text(
        f"{path.read_text()}\n\n@worker.task\nasync def one_more(state: object, number: int) -> int: ...\n"
    )


def _import_seconds(folder: Path) -> float:
    command = [sys.executable, "-c", _IMPORT, str(folder)]
    subprocess.run(
        command, check=True, capture_output=True, env=_ENVIRONMENT
    )  # leaves byte code, as an installer does
    return float(subprocess.run(command, check=True, capture_output=True, text=True, env=_ENVIRONMENT).stdout)


def _run(*command: str) -> Run:
    started = time.perf_counter()
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, env=_ENVIRONMENT)
    _, status, usage = os.wait4(process.pid, 0)
    seconds = time.perf_counter() - started
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise subprocess.CalledProcessError(process.returncode, command)
    return Run(seconds, usage.ru_maxrss / (1e6 if sys.platform == "darwin" else 1e3))
