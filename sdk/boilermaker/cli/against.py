"""Loads an earlier contract from git, a file, or a stubs package: a folder, wheel, sdist or installed distribution."""

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
            wheel or an sdist that contains one.
        here: path of the current contract; `git:REVISION` looks for the same path.

    Raises:
        click.ClickException: it does not exist, or is not a contract.
    """
    data = _data(against, here)
    try:
        return from_json(data)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise click.ClickException(f"{against} cannot be read as a contract: {error}") from None


def check_service(against: str, old: Contract, new: Contract) -> None:
    """Check that two contracts belong to one service: its name or its tasks may have changed, but not both.

    Raises:
        click.ClickException: they belong to different services.
    """
    names, others = ({n for task in each.tasks for n in (task.name, *task.aliases)} for each in (old, new))
    if old.service != new.service and names and not names & others:
        raise click.ClickException(
            f"{against} is the contract of `{old.service}` and shares no task with `{new.service}`; name an earlier "
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
            f"{against} cannot be read ({error.strerror or error}); pass git:REVISION, a {FILE}, a folder, wheel or sdist that "
            "contains one, or installed:DISTRIBUTION"
        ) from None


# ---- git


def _from_git(revision: str, path: str, here: Path) -> bytes:
    if not revision or revision.startswith("-"):
        raise click.ClickException(
            f"{revision!r} is not a revision; name a branch, a tag or a commit, for example git:origin/main"
        )
    folder = here.resolve().parent if not path else Path.cwd()
    while not folder.is_dir():
        folder = folder.parent
    if not path:
        root = _git(folder, "rev-parse", "--show-toplevel", hint="name a file instead of a revision")
        path = here.resolve().relative_to(Path(root.decode().strip()).resolve()).as_posix()
    _git(folder, "rev-parse", "--verify", "--quiet", f"{revision}^{{commit}}", hint=_how_to_fetch(revision))
    hint = f"if the contract is new, merge it before comparing; if it has moved, pass its earlier path: git:{revision}:PATH"
    return _git(folder, "show", f"{revision}:{path}", hint=hint)


def _how_to_fetch(revision: str) -> str:
    if set(revision) & set("~^@{:"):  # relative to another revision: history is missing
        return "if the clone is shallow, fetch its history: `git fetch --unshallow`"
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
        said = said or f"no revision {arguments[-1].removesuffix('^{commit}')!r} in this repository"
        raise click.ClickException(f"git {arguments[0]}: {said}; {hint}")
    return done.stdout


def repository(folder: Path) -> Path | None:
    """The root of the git repository that contains a folder; None if there is none, or git is not installed."""
    try:
        root = _git(folder, "rev-parse", "--show-toplevel", hint="")
    except click.ClickException:
        return None
    return Path(os.fsdecode(root).rstrip("\n"))


def _environ() -> dict[str, str]:
    """The environment without the variables that git sets for its hooks: they are wrong in another folder."""
    of_hooks = {"GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_PREFIX"}
    return {name: value for name, value in os.environ.items() if name not in of_hooks}


# ---- packages


def _in_folder(folder: Path) -> Path:
    """The contract of a package, or of a folder that contains one, such as the generator's output folder."""
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
        raise click.ClickException(f"{path} is not a wheel") from None


def _from_sdist(path: Path) -> bytes:
    try:
        with tarfile.open(path) as sdist:
            names = [name for name in sdist.getnames() if name.endswith(f"/{FILE}")]
            member = sdist.extractfile(names[0]) if len(names) == 1 else None
            return member.read() if member is not None else _none_or_many(str(path), len(names))
    except (tarfile.TarError, EOFError, zlib.error):
        raise click.ClickException(f"{path} is not an sdist") from None


def _installed(name: str) -> bytes:
    """Find it by the distribution's name, or by the package's: an editable install does not list its files."""
    try:
        found = [Path(str(file.locate())) for file in files(name) or () if file.name == FILE]
    except (PackageNotFoundError, ValueError):  # the latter if the name is empty
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
        raise click.ClickException(f"no distribution or package `{name}` is installed in this environment")
    return found[0].read_bytes() if len(found) == 1 else _none_or_many(f"`{name}`", len(found))


def _none_or_many(what: str, count: int) -> NoReturn:
    raise click.ClickException(
        f"{what} contains {count or 'no'} file{'s' * (count != 1)} named {FILE}; expected exactly one"
    )
