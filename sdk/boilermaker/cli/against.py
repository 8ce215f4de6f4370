"""An earlier contract, from wherever it was kept: git, a file, a stubs package as folder, wheel, sdist or as it is installed."""

import os
import subprocess
import tarfile
import zipfile
import zlib
from importlib.metadata import PackageNotFoundError, files
from importlib.util import find_spec
from pathlib import Path
from typing import NoReturn

import click
import msgspec

from boilermaker.cli.committed import FILE
from boilermaker.contract import Contract, from_json


def load(against: str, here: Path) -> Contract:
    """The contract to compare with.

    Args:
        against: `git:REVISION` or `git:REVISION:PATH`; `installed:DISTRIBUTION`; a contract.json; a folder, a
            wheel or an sdist that holds one.
        here: the contract of today; `git:REVISION` looks for the same path.

    Raises:
        click.ClickException: nothing is there, or it is no contract.
    """
    data = _data(against, here)
    try:
        return from_json(data)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise click.ClickException(f"{against} is no contract that can be read: {error}") from None


def check_service(against: str, old: Contract, new: Contract) -> None:
    """Whether two contracts have anything to do with each other: a service may have another name by now, or other tasks.

    Raises:
        click.ClickException: they are of two services.
    """
    names, others = ({n for task in each.tasks for n in (task.name, *task.aliases)} for each in (old, new))
    if old.service != new.service and names and not names & others:
        raise click.ClickException(
            f"{against} is the contract of `{old.service}`, and this is `{new.service}`, with none of its tasks; name an earlier "
            f"contract of `{new.service}`"
        )


def _data(against: str, here: Path) -> bytes:
    if against.startswith("git:"):
        revision, _, path = against.removeprefix("git:").partition(":")
        return _from_git(revision, path, here)
    if against.startswith("installed:"):
        return _installed(against.removeprefix("installed:"))
    place = Path(against)
    try:
        if place.is_dir():
            return _in_folder(place).read_bytes()
        if place.suffix == ".whl":
            return _from_wheel(place)
        if place.name.endswith(".tar.gz"):
            return _from_sdist(place)
        return place.read_bytes()
    except OSError as error:
        raise click.ClickException(
            f"{against} cannot be read ({error.strerror or error}); name git:REVISION, a {FILE}, a folder, wheel or sdist with "
            "one, or installed:DISTRIBUTION"
        ) from None


# ---- git


def _from_git(revision: str, path: str, here: Path) -> bytes:
    if not revision or revision.startswith("-"):
        raise click.ClickException(
            f"{revision!r} is no revision; name a branch, a tag or a commit, as in git:origin/main"
        )
    folder = here.resolve().parent if not path else Path.cwd()
    while not folder.is_dir():
        folder = folder.parent
    if not path:
        root = _git(folder, "rev-parse", "--show-toplevel", hint="name a file instead of a revision")
        path = here.resolve().relative_to(Path(root.decode().strip()).resolve()).as_posix()
    _git(folder, "rev-parse", "--verify", "--quiet", f"{revision}^{{commit}}", hint=_how_to_fetch(revision))
    hint = f"is it new? Merge it once before comparing, or name where it was: git:{revision}:PATH"
    return _git(folder, "show", f"{revision}:{path}", hint=hint)


def _how_to_fetch(revision: str) -> str:
    if set(revision) & set("~^@{:"):  # seen from another revision: what is missing is history
        return "where the clone is shallow, fetch its history: `git fetch --unshallow`"
    if revision.startswith("origin/"):
        branch = revision.removeprefix("origin/")
        return f"fetch it: `git fetch --depth=1 origin {branch}:refs/remotes/{revision}`"
    return f"fetch it: `git fetch --depth=1 origin {revision}:{revision}`, or `git fetch --depth=1 origin tag {revision}`"


def _git(folder: Path, *arguments: str, hint: str) -> bytes:
    try:
        command = ["git", *arguments]  # the user's own git
        done = subprocess.run(command, cwd=folder, env=_environ(), capture_output=True, check=False)  # noqa: S603
    except FileNotFoundError:
        raise click.ClickException("git is not installed; name a file instead of a revision") from None
    if done.returncode:
        said = done.stderr.decode(errors="replace").strip().removeprefix("fatal: ")
        said = said or f"there is no revision {arguments[-1].removesuffix('^{commit}')!r} here"
        raise click.ClickException(f"git {arguments[0]}: {said}; {hint}")
    return done.stdout


def repository(folder: Path) -> Path | None:
    """The root of the git repository that a folder is in; None where it is in none, or git is not installed."""
    try:
        root = _git(folder, "rev-parse", "--show-toplevel", hint="")
    except click.ClickException:
        return None
    return Path(os.fsdecode(root).rstrip("\n"))


def _environ() -> dict[str, str]:
    """Without what git tells its hooks about the repository: seen from another folder it is wrong."""
    told = {"GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_PREFIX"}
    return {name: value for name, value in os.environ.items() if name not in told}


# ---- packages


def _in_folder(folder: Path) -> Path:
    """A package, or a folder with one, such as the one that the generator writes into."""
    if (folder / FILE).is_file():
        return folder / FILE
    found = sorted(folder.glob(f"*/{FILE}"))
    return found[0] if len(found) == 1 else _none_or_many(str(folder), len(found))


def _from_wheel(path: Path) -> bytes:
    try:
        with zipfile.ZipFile(path) as wheel:
            names = [name for name in wheel.namelist() if name.endswith(f"/{FILE}")]
            return wheel.read(names[0]) if len(names) == 1 else _none_or_many(str(path), len(names))
    except zipfile.BadZipFile:
        raise click.ClickException(f"{path} is no wheel") from None


def _from_sdist(path: Path) -> bytes:
    try:
        with tarfile.open(path) as sdist:
            names = [name for name in sdist.getnames() if name.endswith(f"/{FILE}")]
            member = sdist.extractfile(names[0]) if len(names) == 1 else None
            return member.read() if member is not None else _none_or_many(str(path), len(names))
    except (tarfile.TarError, EOFError, zlib.error):
        raise click.ClickException(f"{path} is no sdist") from None


def _installed(name: str) -> bytes:
    """By the distribution's name, or by the package's: an editable install does not list its files."""
    try:
        found = [Path(str(file.locate())) for file in files(name) or () if file.name == FILE]
    except (PackageNotFoundError, ValueError):  # the latter where the name is empty
        found = []
    package = (
        None
        if found
        else find_spec(name.replace("-", "_"))
        if name.replace("-", "_").isidentifier()
        else None
    )
    for place in package.submodule_search_locations or () if package else ():
        found += [Path(place) / FILE] if (Path(place) / FILE).is_file() else []
    if not found and package is None:
        raise click.ClickException(f"no distribution or package `{name}` is installed here")
    return found[0].read_bytes() if len(found) == 1 else _none_or_many(f"`{name}`", len(found))


def _none_or_many(what: str, count: int) -> NoReturn:
    raise click.ClickException(f"{what} holds {count or 'no'} file{'s' * (count != 1)} named {FILE}, not one")
