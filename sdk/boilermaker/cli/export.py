"""`boilermaker contract export`: payloads as JSON Schema, for publishing or checking messages without Python."""

from pathlib import Path
from urllib.parse import quote

import click
import msgspec

from boilermaker.cli.committed import configured, read
from boilermaker.cli.target import find
from boilermaker.cli.terminal import say
from boilermaker.contract import Contract, payload_schema
from boilermaker.contract.texts import escaped_json
from boilermaker.errors import BoilermakerError


@click.command()
@click.argument("target", metavar="[MODULE:WORKER]", required=False)
@click.option(
    "--contract",
    "path",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    help="The contract.json to read.  [default: from [tool.boilermaker] in the nearest pyproject.toml]",
)
@click.option(
    "--output",
    type=click.Path(path_type=Path, file_okay=False),
    help="Write one file TASK.json per task into this folder.  [default: print one object, keyed by task]",
)
def export(target: str | None, path: Path | None, output: Path | None) -> None:
    """Write the JSON Schema of each task's payload.

    The payload is the field `payload` of a step's line in a message. Schemas are derived from the committed contract, or
    with MODULE:WORKER from the live functions of that worker.
    """
    contract = _contract(target, path)
    schemas = {task.name: payload_schema(contract, task) for task in contract.tasks}
    if output is None:
        click.echo(escaped_json(_shown(dict(sorted(schemas.items()))).decode()), nl=False)
        return
    try:
        output.mkdir(parents=True, exist_ok=True)
        for name, schema in schemas.items():
            (output / f"{quote(name, safe='')}.json").write_bytes(_shown(schema))
    except OSError as error:
        raise click.ClickException(f"{output} cannot be written: {error.strerror}") from None
    say(f"{output}: {len(schemas)} schema{'s' * (len(schemas) != 1)}")


def _contract(target: str | None, path: Path | None) -> Contract:
    if target is None:
        return read(configured() if path is None else path)
    if path is not None:
        raise click.UsageError("MODULE:WORKER and --contract exclude each other: pass only one of them")
    try:
        return find(target).contract()
    except BoilermakerError as error:
        raise click.ClickException(str(error)) from error


def _shown(tree: object) -> bytes:
    return msgspec.json.format(msgspec.json.encode(tree), indent=2) + b"\n"
