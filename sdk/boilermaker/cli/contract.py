"""`boilermaker contract`: the worker's live contract, and whether the committed one says the same."""

import difflib
import sys
import tomllib
from pathlib import Path
from typing import Any, cast

import click
import msgspec

from boilermaker.cli.target import argument, find
from boilermaker.contract import Contract, contract_digest, from_json, to_json
from boilermaker.errors import BoilermakerError

_FILE = "contract.json"


@click.group(no_args_is_help=True)
def contract() -> None:
    """Compare what the worker does with what its stubs promise.

    The generator derives the contract from source text and commits it as contract.json; these commands derive it
    from the live functions. Both must say the same.
    """


@contract.command()
@argument
@click.option(
    "--contract",
    "path",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    help="The committed contract.json.  [default: as [tool.boilermaker] of the nearest pyproject.toml says]",
)
def verify(target: str, path: Path | None) -> None:
    """Compare the committed contract with the worker's own. Exit status 1 if they differ, with a diff."""
    live = _live(target)
    path = _configured() if path is None else path
    committed = _read(path)
    shown = _shown(path)
    if to_json(committed) == to_json(live):
        tasks = len(live.tasks)
        click.echo(
            f"{shown} is what {target} does: {tasks} task{'s' * (tasks != 1)}, digest {contract_digest(live)}"
        )
        return
    for line in _diff(committed, live, shown, target):
        click.secho(line, fg=_COLOURS.get(line[:1]))
    click.secho(
        f"\n{shown} is not what {target} does. Run `boilermaker stubs generate` and commit the result; if the "
        "difference stays, the generator reads the source otherwise than Python does: please report it.",
        err=True,
    )
    sys.exit(1)


@contract.command()
@argument
def show(target: str) -> None:
    """Print the worker's own contract as canonical JSON."""
    click.echo(to_json(_live(target)), nl=False)


_COLOURS = {"+": "green", "-": "red", "@": "cyan"}


def _live(target: str) -> Contract:
    try:
        return find(target).contract()
    except BoilermakerError as error:
        raise click.ClickException(str(error)) from error


def _read(path: Path) -> Contract:
    try:
        return from_json(path.read_bytes())
    except OSError as error:
        raise click.ClickException(
            f"{_shown(path)} cannot be read ({error.strerror}): run `boilermaker stubs generate` first"
        ) from None
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise click.ClickException(
            f"{_shown(path)} is no contract ({error}): run `boilermaker stubs generate` again"
        ) from None


def _diff(committed: Contract, live: Contract, shown: str, target: str) -> list[str]:
    before, after = (to_json(each).decode().splitlines() for each in (committed, live))
    return list(difflib.unified_diff(before, after, shown, f"{target} (live)", lineterm=""))


def _configured() -> Path:
    """Where the generator writes it: `<output>/<package>/contract.json`, beside the nearest configuration."""
    for folder in (Path.cwd(), *Path.cwd().parents):
        table = _table(folder / "pyproject.toml")
        if table is None:
            continue
        output, package = table.get("output"), table.get("package")
        if not isinstance(output, str) or not isinstance(package, str):
            raise click.ClickException(
                f"{folder / 'pyproject.toml'}: [tool.boilermaker] needs `output` and `package`, or pass --contract"
            )
        return folder / output / package / _FILE
    raise click.ClickException(
        "no pyproject.toml with [tool.boilermaker] here or above: pass --contract PATH"
    )


def _table(path: Path) -> dict[str, Any] | None:
    if not path.is_file():
        return None
    try:
        tree = tomllib.loads(path.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise click.ClickException(f"{path} is not TOML: {error}") from None
    table: object = tree.get("tool", {}).get("boilermaker")
    return cast("dict[str, Any]", table) if isinstance(table, dict) else None


def _shown(path: Path) -> str:
    return str(path.relative_to(Path.cwd())) if path.is_relative_to(Path.cwd()) else str(path)
