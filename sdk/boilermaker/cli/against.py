"""An earlier contract, from wherever it was kept: git, a file, a stubs package, a wheel."""

import subprocess
import zipfile
from importlib.metadata import PackageNotFoundError, files
from pathlib import Path

import click
import msgspec

from boilermaker.cli.committed import FILE
from boilermaker.contract import Contract, from_json


def load(against: str, here: Path) -> Contract:
    """The contract to compare with.

    Args:
        against: `git:REVISION` or `git:REVISION:PATH`; `installed:DISTRIBUTION`; a contract.json; a folder that holds one; a wheel.
        here: the contract of today; `git:REVISION` looks for the same path.

    Raises:
        click.ClickException: nothing is there, or it is no contract.
    """
    data = _data(against, here)
    try:
        return from_json(data)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise click.ClickException(f"{against} is no contract: {error}") from None


def _data(against: str, here: Path) -> bytes:
    if against.startswith("git:"):
        revision, _, path = against.removeprefix("git:").partition(":")
        return _from_git(revision, path, here)
    if against.startswith("installed:"):
        return _installed(against.removeprefix("installed:"))
    place = Path(against)
    try:
        if place.suffix == ".whl":
            return _from_wheel(place)
        return (place / FILE if place.is_dir() else place).read_bytes()
    except OSError as error:
        raise click.ClickException(
            f"{against} cannot be read ({error.strerror}); name git:REVISION, a {FILE}, a folder with one, a wheel, "
            "or installed:DISTRIBUTION"
        ) from None


def _from_git(revision: str, path: str, here: Path) -> bytes:
    folder = here.resolve().parent if not path else Path.cwd()
    while not folder.is_dir():
        folder = folder.parent
    if not path:
        root = _git(folder, "rev-parse", "--show-toplevel").decode().strip()
        path = here.resolve().relative_to(Path(root).resolve()).as_posix()
    if revision.startswith("-"):
        raise click.ClickException(f"{revision!r} is no revision")
    return _git(folder, "show", f"{revision}:{path}")


def _git(folder: Path, *arguments: str) -> bytes:
    try:
        done = subprocess.run(["git", *arguments], cwd=folder, capture_output=True, check=False)  # noqa: S603, S607 - the user's own git
    except FileNotFoundError:
        raise click.ClickException("git is not installed; name a file instead of a revision") from None
    if done.returncode:
        said = done.stderr.decode(errors="replace").strip().removeprefix("fatal: ")
        raise click.ClickException(
            f"git {arguments[0]}: {said}; in CI, fetch the branch to compare with (`git fetch origin main`)"
        )
    return done.stdout


def _from_wheel(path: Path) -> bytes:
    try:
        with zipfile.ZipFile(path) as wheel:
            names = [name for name in wheel.namelist() if name.endswith(f"/{FILE}")]
            if len(names) == 1:
                return wheel.read(names[0])
    except zipfile.BadZipFile:
        raise click.ClickException(f"{path} is no wheel") from None
    raise click.ClickException(f"{path} holds {len(names)} files named {FILE}, not one")


def _installed(name: str) -> bytes:
    try:
        found = [file for file in files(name) or () if file.name == FILE]
    except PackageNotFoundError:
        raise click.ClickException(f"no distribution `{name}` is installed here") from None
    if len(found) != 1:
        raise click.ClickException(
            f"the distribution `{name}` holds {len(found)} files named {FILE}, not one"
        )
    return found[0].read_binary()
