"""Locates the committed contract through the configuration, and reads it."""

import tomllib
from pathlib import Path
from typing import Any, cast

import click
import msgspec

from boilermaker.contract import Contract, from_json

FILE = "contract.json"


def read(path: Path) -> Contract:
    """A contract.json.

    Raises:
        click.ClickException: the file cannot be read, or is not a contract.
    """
    try:
        return from_json(path.read_bytes())
    except OSError as error:
        raise click.ClickException(
            f"{shown(path)} cannot be read ({error.strerror}): run `boilermaker stubs generate` first"
        ) from None
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise click.ClickException(
            f"{shown(path)} is not a contract ({error}): run `boilermaker stubs generate` again"
        ) from None


def reasons() -> dict[str, str]:
    """Changes that the nearest configuration allows, by rule and place, with the reasons.

    Raises:
        click.ClickException: `allow` is not a table of texts.
    """
    for folder in (Path.cwd(), *Path.cwd().parents):
        table = _table(folder / "pyproject.toml")
        if table is None:
            continue
        try:
            return msgspec.convert(table.get("allow", {}), dict[str, str])
        except msgspec.ValidationError:
            raise click.ClickException(
                f'{folder / "pyproject.toml"}: [tool.boilermaker.allow] must contain lines such as "RULE task" = "reason"'
            ) from None
    return {}


def sources() -> list[Path]:
    """The folders of the service's code, as the nearest configuration names them; empty if it names none."""
    for folder in (Path.cwd(), *Path.cwd().parents):
        table = _table(folder / "pyproject.toml")
        if table is not None:
            named: object = table.get("source")
            return (
                [folder / str(each) for each in cast("list[object]", named)]
                if isinstance(named, list)
                else []
            )
    return []


def configured() -> Path:
    """Where the generator writes it: `<output>/<package>/contract.json`, beside the nearest configuration.

    Raises:
        click.ClickException: there is no configuration, or it names no output or package.
    """
    for folder in (Path.cwd(), *Path.cwd().parents):
        table = _table(folder / "pyproject.toml")
        if table is None:
            continue
        output, package = table.get("output"), table.get("package")
        if not isinstance(output, str) or not isinstance(package, str):
            raise click.ClickException(
                f"{folder / 'pyproject.toml'}: [tool.boilermaker] needs `output` and `package`, or pass --contract"
            )
        return folder / output / package / FILE
    raise click.ClickException(
        "no pyproject.toml with [tool.boilermaker] in this folder or above: pass --contract PATH"
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


def shown(path: Path) -> str:
    """A path relative to the current folder, if it is inside it."""
    return str(path.relative_to(Path.cwd())) if path.is_relative_to(Path.cwd()) else str(path)
