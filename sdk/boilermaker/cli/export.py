"""`boilermaker contract export`: payloads as JSON Schema, for those who publish or check messages without Python."""

from pathlib import Path
from typing import Any
from urllib.parse import quote

import click
import msgspec

from boilermaker.cli.target import argument, find
from boilermaker.registry import Registration

_DIALECT = "https://json-schema.org/draft/2020-12/schema"


@click.command()
@argument
@click.option(
    "--output",
    type=click.Path(path_type=Path, file_okay=False),
    help="Write a file TASK.json for each task into this folder.  [default: print one object, by task]",
)
def export(target: str, output: Path | None) -> None:
    """Write the JSON Schema of each task's payload: the `payload` of its line in a message."""
    schemas = {registration.name: _schema(registration) for registration in find(target).registry}
    if output is None:
        click.echo(_shown(dict(sorted(schemas.items()))), nl=False)
        return
    try:
        output.mkdir(parents=True, exist_ok=True)
        for name, schema in schemas.items():
            (output / f"{quote(name, safe='')}.json").write_bytes(_shown(schema))
    except OSError as error:
        raise click.ClickException(f"{output} cannot be written: {error.strerror}") from None
    click.echo(f"{output}: {len(schemas)} schema{'s' * (len(schemas) != 1)}")


def _schema(registration: Registration) -> dict[str, Any]:
    return {
        "$schema": _DIALECT,
        "title": registration.name,
        **msgspec.json.schema(
            registration.signature.payload_type, schema_hook=registration.signature.externals.schema
        ),
    }


def _shown(tree: object) -> bytes:
    return msgspec.json.format(msgspec.json.encode(tree), indent=2) + b"\n"
