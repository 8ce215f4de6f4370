"""`boilermaker stubs`: the generator on the command line. The output is for people; CI checks the exit status."""

import os
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path
from typing import Any, NoReturn, TypeVar

import click

from boilermaker.cli.terminal import Column, Styled, Table, json_option, say
from boilermaker.contract import BY_WORKER, Contract, Parameter, TaskContract, contract_digest
from boilermaker_codegen.cache import Cache
from boilermaker_codegen.config import Project, load
from boilermaker_codegen.explain import explain
from boilermaker_codegen.package.distribution import beside
from boilermaker_codegen.package.imports import Imports
from boilermaker_codegen.package.layout import flat
from boilermaker_codegen.package.naming import names_of
from boilermaker_codegen.package.render import render
from boilermaker_codegen.package.spelling import Speller, Written
from boilermaker_codegen.package.write import Difference, check_folder, compare, write
from boilermaker_codegen.problems import GenerationError, Problem
from boilermaker_codegen.progress import shown_progress
from boilermaker_codegen.scan import Scan, scan

_F = TypeVar("_F", bound=Callable[..., Any])
_CONFIG = click.option(
    "--config",
    "config",
    type=click.Path(path_type=Path, dir_okay=False),
    help="The pyproject.toml with the [tool.boilermaker] table.  [default: the nearest one, upwards from here]",
)


def _cache(*, default: bool) -> Callable[[_F], _F]:
    shown = "--cache" if default else "--no-cache"
    return click.option(
        "--cache/--no-cache",
        "is_cached",
        default=default,
        help=f"Read and update the cache in .boilermaker_cache.  [default: {shown}]",
    )


if (
    find_spec("libcst") is None
):  # libcst is imported late, when a file has to be parsed: report now that it is missing
    raise ModuleNotFoundError("No module named 'libcst'", name="libcst")


@click.group(no_args_is_help=True)
def stubs() -> None:
    """Generate the typed package that other services import.

    Reads the source of a worker service, without importing it, as the [tool.boilermaker] table of its pyproject.toml
    says:

    \b
        [tool.boilermaker]
        service = "accounts"          # for people
        queue = "accounts"            # where its tasks are published to
        source = ["src"]              # what is on Python's path when it runs
        package = "accounts_stubs"    # the package to generate
        output = "stubs"              # the folder to put it in
    """  # noqa: D301 - click's mark for a block that keeps its lines is the control character


@stubs.command()
@_CONFIG
@_cache(default=True)
def generate(config: Path | None, *, is_cached: bool) -> None:
    """Write the stubs package. If the source has errors, nothing is written."""
    project, found, cache = _scan(config, is_cached=is_cached)
    is_written = False
    try:
        for folder, files in _folders(project, found, cache):
            for difference in write(folder, files):
                is_written = True
                say(f"  {_DONE[difference.kind]} {_relative(folder / difference.name)}")
    except GenerationError as error:
        _fail(error, project)
    state = "written" if is_written else "up to date"
    say(f"{_relative(project.package_folder)}: {_summary(found.contract)}, {state}")


@stubs.command()
@_CONFIG
@_cache(default=False)
def check(config: Path | None, *, is_cached: bool) -> None:
    """Compare the stubs package with the worker's source, for CI. Exit status 1 if it is not up to date.

    Reads the source and regenerates the package without the cache. With --cache, units of the scan may come
    from the cache; the package never does.
    """
    project, found, _ = _scan(config, is_cached=is_cached)
    try:
        folders = _folders(project, found, None)
        differences = [(folder, each) for folder, files in folders for each in compare(folder, files)]
    except GenerationError as error:
        _fail(error, project)
    if not differences:
        say(f"{_relative(project.package_folder)}: {_summary(found.contract)}, up to date")
        return
    _print_diff([difference for _, difference in differences])
    for folder, difference in differences:
        say(f"{_relative(folder / difference.name)}: {_STATE[difference.kind]}", err=True)
    files = "1 file is" if len(differences) == 1 else f"{len(differences)} files are"
    click.echo(f"{files} not up to date; run `boilermaker stubs generate` and commit the result", err=True)
    sys.exit(1)


@stubs.command()
@_CONFIG
@_cache(default=True)
@json_option
def show(config: Path | None, *, is_cached: bool, is_json: bool) -> None:
    """Show the tasks of the service.

    Prints the name, queue, parameters and result of each, and where its function is defined.
    """
    _, found, _ = _scan(config, is_cached=is_cached)
    contract = found.contract
    names = names_of(contract)
    speller = Speller(Written.out(contract), Imports(), names.types.__getitem__)
    table = Table(_COLUMNS, is_json=is_json)
    places = found.places()
    for task in contract.tasks:
        table.add(_row(task, places[task.name], contract, speller))
    table.end()
    say(_summary(contract), err=is_json or not sys.stdout.isatty())


stubs.add_command(explain)

_COLOURS = {"+": "green", "-": "red", "@": "cyan"}
_DONE = {"missing": "added", "outdated": "changed", "orphaned": "removed"}
_NOT_DONE = {
    "generate": "nothing was written",
    "check": "the stubs were not compared",
    "show": "no task is shown",
}
_STATE = {
    "missing": "missing",
    "outdated": "not as generated",
    "orphaned": "orphaned: no longer part of the package",
}


def _listed(parameters: list[str]) -> str:
    return ", ".join(parameters) or "-"


_COLUMNS = (
    Column("task"),
    Column("queue"),
    Column("parameters", _listed, wraps=True),
    Column("result", wraps=True),
    Column("place"),
    Column("deprecated", wraps=True),
)


def _row(task: TaskContract, place: str, contract: Contract, speller: Speller) -> dict[str, object]:
    return {
        "task": task.name,
        "queue": task.queue or contract.queue,
        "parameters": [_parameter(parameter, speller) for parameter in task.parameters],
        "result": flat(speller.type(task.result)),
        "place": place,
        "deprecated": task.deprecated,
    }


def _parameter(parameter: Parameter, speller: Speller) -> str:
    text = f"{parameter.name}: {flat(speller.type(parameter.type))}"
    if parameter.default == BY_WORKER:
        text += " (default decided by the worker)"
    elif parameter.default is not None:
        text += f" = {flat(speller.default(parameter.default, parameter.type))}"
    return text


def _scan(config: Path | None, *, is_cached: bool) -> tuple[Project, Scan, Cache | None]:
    path = config or _nearest()
    try:
        project = load(path)
    except GenerationError as error:
        _fail(error, None, path.parent)
    cache = Cache(project) if is_cached else None
    try:
        with shown_progress() as notice:
            return project, scan(project, cache, notice), cache
    except GenerationError as error:
        _fail(error, project)


def _folders(project: Project, found: Scan, cache: Cache | None) -> list[tuple[Path, Mapping[str, bytes]]]:
    check_folder(project.package_folder)
    contract, presentation = found.contract, found.presentation
    files = cache.package(contract, presentation) if cache else None
    if files is None:
        files = render(contract, presentation, width=project.config.line_length)
        if cache:
            cache.keep_package(contract, presentation, files)
    return [(project.package_folder, files), *beside(project, found.contract)]


def _nearest() -> Path:
    here = Path.cwd()
    for folder in (here, *here.parents):
        if (folder / "pyproject.toml").is_file():
            return folder / "pyproject.toml"
    return here / "pyproject.toml"


def _fail(error: GenerationError, project: Project | None, folder: Path | None = None) -> NoReturn:
    base = project.folder if project else folder or Path()
    for problem in error.problems:
        say(str(_from_here(problem, base)), err=True)
    count = "1 problem" if len(error.problems) == 1 else f"{len(error.problems)} problems"
    hint = f"`boilermaker stubs explain {error.problems[0].id}` explains it"
    click.echo(f"{count}; {_NOT_DONE[click.get_current_context().command.name or '']} ({hint})", err=True)
    sys.exit(1)


def _from_here(problem: Problem, base: Path) -> Problem:
    """The path relative to the current directory, so that a terminal can open it."""
    path = base / problem.path
    shown = _relative(path) if path.exists() else problem.path
    return replace(problem, path=shown)


def _relative(path: Path) -> str:
    return os.path.relpath(path).replace(os.sep, "/")


def _summary(contract: Contract) -> str:
    tasks = "1 task" if len(contract.tasks) == 1 else f"{len(contract.tasks)} tasks"
    types = "1 type" if len(contract.types) == 1 else f"{len(contract.types)} types"
    return f"{tasks}, {types}, contract {contract_digest(contract)}"


def _print_diff(differences: Sequence[Difference]) -> None:
    diff = "".join(difference.diff() for difference in differences)
    if not sys.stdout.isatty():  # in the form that `patch` accepts
        click.echo(diff, nl=False)
        return
    for line in diff.splitlines():
        say(Styled(line, fg=_COLOURS.get(line[:1])))
