"""Which files there are, and which of them may hold registrations: a walk and a byte search, no parsing."""

import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from fnmatch import fnmatch
from pathlib import Path, PurePosixPath

from boilermaker_codegen.config import Project


@dataclass(frozen=True, kw_only=True)
class SourceFile:
    """One module of the service.

    Attributes:
        path: where it is.
        shown: its path relative to the configuration's folder, for people.
        module: the name that Python imports it by.
        is_package: it is an `__init__.py`.
        is_excluded: registrations in it do not count.
    """

    path: Path
    shown: str
    module: str
    is_package: bool
    is_excluded: bool = False


_SKIPPED_FOLDERS = frozenset({"__pycache__", "node_modules", "site-packages"})

# A superset of what the scanner accepts: `task` as a word covers `worker.task`, `worker . task` and
# `from app import task`; a worker's own module names `Boilermaker`.
_CANDIDATE = re.compile(rb"Boilermaker|register_(?:many_)?async|\btask\b")


def walk(project: Project) -> tuple[SourceFile, ...]:
    """All modules under the source roots, sorted by name; of two with one name the first root's counts, as on Python's path."""
    found: dict[str, SourceFile] = {}
    for root in project.config.source:
        for file in _walk_root(project, (project.folder / root).resolve()):
            found.setdefault(file.module, file)
    return tuple(found[name] for name in sorted(found))


def is_candidate(data: bytes, aliases: frozenset[str] = frozenset()) -> bool:
    """Whether a file's bytes can hold a registration; `aliases` are names that stand for `worker.task` elsewhere."""
    return bool(_CANDIDATE.search(data)) or any(alias.encode() in data for alias in aliases)


def _walk_root(project: Project, root: Path) -> Iterator[SourceFile]:
    for folder, folders, files in os.walk(
        root
    ):  # links to folders are not followed: no link can lead in circles
        here = Path(folder)
        folders[:] = sorted(name for name in folders if _is_walked(project, here / name))
        for name in sorted(files):
            if name.endswith(".py"):
                file = _source_file(project, root, here / name)
                if all(part.isidentifier() for part in file.module.split(".")):
                    yield file


def _is_walked(project: Project, folder: Path) -> bool:
    name = folder.name
    return (
        name not in _SKIPPED_FOLDERS
        and not name.startswith(".")
        and not (folder / "pyvenv.cfg").exists()
        and folder != project.package_folder.resolve()
    )


def _source_file(project: Project, root: Path, path: Path) -> SourceFile:
    inner = PurePosixPath(path.relative_to(root).as_posix()).with_suffix("")
    is_package = inner.name == "__init__"
    shown = PurePosixPath(os.path.relpath(path, project.folder).replace(os.sep, "/"))
    return SourceFile(
        path=path,
        shown=str(shown),
        module=".".join(inner.parent.parts if is_package else inner.parts),
        is_package=is_package,
        is_excluded=_is_excluded(shown, project.config.exclude),
    )


def _is_excluded(shown: PurePosixPath, patterns: tuple[str, ...]) -> bool:
    return any(
        fnmatch(str(part), pattern.rstrip("/")) for part in (shown, *shown.parents) for pattern in patterns
    )
