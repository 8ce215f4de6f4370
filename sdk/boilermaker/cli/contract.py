"""`boilermaker contract`: the worker's live contract, compared with the committed one."""

import difflib
import sys
from pathlib import Path

import click
import msgspec

from boilermaker.cli.breaking import breaking, explain
from boilermaker.cli.committed import configured, read
from boilermaker.cli.committed import shown as display
from boilermaker.cli.export import export
from boilermaker.cli.target import argument, find
from boilermaker.cli.terminal import Styled, say
from boilermaker.contract import Contract, agreed, contract_digest, to_json
from boilermaker.contract.texts import escaped_json
from boilermaker.errors import BoilermakerError


@click.group(no_args_is_help=True)
def contract() -> None:
    """Compare what the worker does with what its stubs promise.

    The generator derives the contract from source text and writes contract.json, which is committed. `verify` and `show`
    derive the contract from the live functions; both must agree. `breaking` reports what a change of the contract breaks.
    """


@contract.command()
@argument
@click.option(
    "--contract",
    "path",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    help="The committed contract.json.  [default: from [tool.boilermaker] in the nearest pyproject.toml]",
)
def verify(target: str, path: Path | None) -> None:
    """Compare the committed contract with the live worker.

    Prints a diff and exits with status 1 if they differ.
    """
    path = configured() if path is None else path
    committed = msgspec.structs.replace(read(path), imported={})  # the live worker imports all of its types
    live = agreed(_live(target), committed)
    shown = display(path)
    if to_json(committed) == to_json(live):
        tasks = len(live.tasks)
        say(f"{shown} matches {target}: {tasks} task{'s' * (tasks != 1)}, digest {contract_digest(live)}")
        return
    for line in _diff(committed, live, shown, target):
        say(Styled(line, fg=_COLOURS.get(line[:1])))
    say(
        f"\n{shown} does not match {target}. Run `boilermaker stubs generate` and commit the result. If the "
        "difference remains, the generator reads the source differently than Python does: please report it.",
        err=True,
    )
    sys.exit(1)


@contract.command()
@argument
def show(target: str) -> None:
    """Print the contract of the live worker as canonical JSON."""
    click.echo(escaped_json(to_json(_live(target)).decode()), nl=False)


_COLOURS = {"+": "green", "-": "red", "@": "cyan"}


def _live(target: str) -> Contract:
    try:
        return find(target).contract()
    except BoilermakerError as error:
        raise click.ClickException(str(error)) from error


def _diff(committed: Contract, live: Contract, shown: str, target: str) -> list[str]:
    before, after = (to_json(each).decode().splitlines() for each in (committed, live))
    return list(difflib.unified_diff(before, after, shown, f"{target} (live)", lineterm=""))


contract.add_command(breaking)
contract.add_command(explain)
contract.add_command(export)
