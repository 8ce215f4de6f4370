"""The package folder: compared with the generated files, and updated.

All new files are written next to the old ones before the first rename, so an error changes nothing. If the
process is killed between two renames, the folder holds old and new files: `compare` reports this, and the
next run repairs it and removes the temporary files.
"""

import contextlib
import difflib
import os
import stat
import tempfile
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from boilermaker_codegen.package.render import MARKER
from boilermaker_codegen.problems import GenerationError, Problem

_TEMPORARY = ".boilermaker-"
_OLD_SECONDS = 600
_NO_FILE = "is in the way: a file of this name must be written; remove it"

Kind = Literal["missing", "outdated", "orphaned"]


@dataclass(frozen=True, order=True, kw_only=True)
class Difference:
    """One file that is out of date.

    Attributes:
        name: its name in the package folder.
        kind: `orphaned` was generated once and is no longer part of the package.
        folder: the package folder's name.
        there: its content on disk.
        wanted: its generated content.
    """

    name: str
    kind: Kind
    folder: str
    there: bytes
    wanted: bytes

    def diff(self) -> str:
        """A unified diff from the file on disk to the generated one. For a large package this takes longer than generating it."""
        rows = difflib.unified_diff(
            self.there.decode(errors="replace").splitlines(keepends=True),
            self.wanted.decode().splitlines(keepends=True),
            fromfile=f"{self.folder}/{self.name} (on disk)",
            tofile=f"{self.folder}/{self.name} (as generated)",
        )
        return "".join(
            row if row.endswith("\n") else f"{row}\n\\ No newline at end of file\n" for row in rows
        )


def compare(folder: Path, files: Mapping[str, bytes]) -> tuple[Difference, ...]:
    """The differences between a package folder and the generated files, sorted by name."""
    found: list[Difference] = []

    def differs(name: str, kind: Kind, there: bytes, wanted: bytes) -> None:
        found.append(Difference(name=name, kind=kind, folder=folder.name, there=there, wanted=wanted))

    for name, wanted in files.items():
        there = _read(folder / name)
        if there is None:
            differs(name, "missing", b"", wanted)
        elif there != wanted:
            differs(name, "outdated", there, wanted)
    for name in _orphans(folder, files):
        differs(name, "orphaned", _read(folder / name) or b"", b"")
    return tuple(sorted(found))


def write(folder: Path, files: Mapping[str, bytes]) -> tuple[Difference, ...]:
    """Update a package folder and return the changes. Files that are up to date are not touched.

    Raises:
        GenerationError: the folder contains a file that was not generated and would be overwritten, or it
            cannot be written; nothing has been changed.
    """
    differences = compare(folder, files)
    _check_own(folder, differences)
    changed = [difference.name for difference in differences if difference.kind != "orphaned"]
    with contextlib.ExitStack() as stack:
        try:
            folder.mkdir(parents=True, exist_ok=True)
            _clear(folder)
            staged = [(_stage(stack, folder, files[name]), folder / name) for name in changed]
            for temporary, path in staged:  # all files are written: from here on only renames
                temporary.replace(path)
            for difference in differences:
                if difference.kind == "orphaned":
                    (folder / difference.name).unlink()
        except OSError as error:
            raise GenerationError(
                [
                    Problem(
                        path=folder.name,
                        id="PACKAGE_NOT_WRITTEN",
                        message=f"cannot be written: {error.strerror}",
                    )
                ]
            ) from None
    return differences


def check_folder(folder: Path) -> None:
    """Check that a package folder is not a symbolic link.

    Raises:
        GenerationError: it is a symbolic link: files elsewhere would be overwritten and removed.
    """
    if folder.is_symlink():
        text = "is a symbolic link, which is not followed; set `output` to the real folder"
        raise GenerationError([Problem(path=folder.name, id="PACKAGE_NOT_WRITTEN", message=text)])


def _clear(folder: Path) -> None:
    """Remove temporary files of killed runs; those of a run in progress are never this old."""
    for path in folder.glob(f"{_TEMPORARY}*"):
        with contextlib.suppress(FileNotFoundError):
            found = path.lstat()
            if stat.S_ISREG(found.st_mode) and found.st_mtime < time.time() - _OLD_SECONDS:
                path.unlink()


def _stage(stack: contextlib.ExitStack, folder: Path, data: bytes) -> Path:
    handle, name = tempfile.mkstemp(prefix=_TEMPORARY, dir=folder)
    temporary = Path(name)
    stack.callback(temporary.unlink, missing_ok=True)
    with os.fdopen(handle, "wb") as file:
        file.write(data)
    temporary.chmod(0o666 & ~_umask())
    return temporary


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask


def _check_own(folder: Path, differences: tuple[Difference, ...]) -> None:
    """Reject files written by hand: they are never overwritten."""
    strangers = [
        difference.name
        for difference in differences
        if difference.kind == "outdated"
        and difference.name.endswith((".py", ".toml"))
        and (data := _read(folder / difference.name))
        and not _is_generated(data)
    ]
    if strangers:
        text = "was not generated and is not overwritten; choose another `package` or `output`, or delete it"
        raise GenerationError(
            [
                Problem(path=f"{folder.name}/{name}", id="PACKAGE_NOT_GENERATED", message=text)
                for name in strangers
            ]
        )


def _orphans(folder: Path, files: Mapping[str, bytes]) -> list[str]:
    if not folder.is_dir():
        return []
    return [
        path.name
        for path in folder.glob("*.py")
        if path.name not in files and path.is_file() and _is_generated(path.read_bytes())
    ]


def _is_generated(data: bytes) -> bool:
    return data.startswith(MARKER.partition(":")[0].encode())


def _read(path: Path) -> bytes | None:
    try:
        if not stat.S_ISREG(path.stat().st_mode):  # reading a pipe would block until somebody writes to it
            raise GenerationError([Problem(path=path.name, id="PACKAGE_NOT_WRITTEN", message=_NO_FILE)])
        return path.read_bytes()
    except FileNotFoundError:
        return None
    except OSError as error:
        raise GenerationError(
            [Problem(path=path.name, id="PACKAGE_NOT_WRITTEN", message=f"cannot be read: {error.strerror}")]
        ) from None
