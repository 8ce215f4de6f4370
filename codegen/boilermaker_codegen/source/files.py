"""The files that Python would find under the source roots, as modules. A walk; nothing is opened."""

import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from fnmatch import translate
from pathlib import Path, PurePosixPath

from boilermaker_codegen.config import Project
from boilermaker_codegen.problems import GenerationError, Problem
from boilermaker_codegen.source.discover import SourceFile, Stamp

_SKIPPED_FOLDERS = frozenset({"__pycache__", "node_modules", "site-packages"})


def walk(project: Project) -> tuple[SourceFile, ...]:
    """All modules under the source roots, sorted by name; of two with the same name, the one in the first root counts, as on Python's path.

    Symbolic links are followed to files outside of the roots; a file inside of them is listed once, under its own name.

    Raises:
        GenerationError: a folder cannot be listed.
    """
    found: dict[str, SourceFile] = {}
    walker = _Walker(project)
    for root in project.config.source:
        for file in walker.files((project.folder / root).resolve()):
            found.setdefault(file.module, file)
    for file in walker.linked():
        found.setdefault(file.module, file)
    if walker.problems:
        raise GenerationError(walker.problems)
    return tuple(found[name] for name in sorted(found))


@dataclass(frozen=True)
class _Folder:
    """A folder on the walk: its path, its shown path, its package, whether it is excluded."""

    path: str
    shown: str
    package: str
    is_excluded: bool

    def inside(self, name: str) -> tuple[str, str, str]:
        """Path, shown path and module name of an entry of the folder."""
        return (
            f"{self.path}{os.sep}{name}",
            f"{self.shown}/{name}" if self.shown else name,
            f"{self.package}.{name}" if self.package else name,
        )


class _Walker:
    """Walks source roots. On plain text: with path objects, ten thousand files would take half a second.

    Attributes:
        problems: folders that cannot be listed.
    """

    def __init__(self, project: Project) -> None:
        self._base = project.folder
        self._generated = str(project.package_folder.resolve())
        patterns = [translate(pattern.rstrip("/")) for pattern in project.config.exclude]
        self._excluded = re.compile("|".join(patterns) or "(?!)")  # without patterns: matches nothing
        self._walked: set[str] = set()
        self._links: list[_Folder] = []
        self._linked_files: list[tuple[_Folder, os.DirEntry[str]]] = []
        self._counted: set[str] = set()
        self.problems: list[Problem] = []

    def files(self, root: Path) -> Iterator[SourceFile]:
        """The modules under a root; symbolic links are deferred."""
        shown = PurePosixPath(os.path.relpath(root, self._base).replace(os.sep, "/"))
        is_excluded = any(self._is_excluded(str(part)) for part in (shown, *shown.parents))
        yield from self._walk(_Folder(str(root), "" if str(shown) == "." else str(shown), "", is_excluded))

    def linked(self) -> Iterator[SourceFile]:
        """The modules that symbolic links point to; call it after all roots are walked."""
        while self._links:
            folder = self._links.pop(0)
            target = os.path.realpath(folder.path)
            if target not in self._walked and not _leads_back(folder.path, target):
                self._walked.add(target)
                yield from self._walk(folder)
        for folder, entry in self._linked_files:
            yield from self._file(folder, entry, os.path.realpath(entry.path))

    def _walk(self, start: _Folder) -> Iterator[SourceFile]:
        waiting = [start]
        while waiting:
            folder = waiting.pop()
            self._walked.add(folder.path)
            entries = self._entries(folder)
            if folder.package and any(entry.name == "pyvenv.cfg" for entry in entries):
                continue
            for entry in entries:
                if entry.is_dir(follow_symlinks=False):
                    waiting.extend(self._folder(folder, entry.name))
                elif entry.name.endswith(".py") and not _is_special(entry):
                    if entry.is_symlink():
                        self._linked_files.append((folder, entry))
                    else:
                        yield from self._file(folder, entry)
                elif entry.is_symlink() and Path(entry.path).is_dir():
                    self._links.extend(self._folder(folder, entry.name))

    def _folder(self, folder: _Folder, name: str) -> Iterator[_Folder]:
        path, shown, package = folder.inside(name)
        if name.isidentifier() and name not in _SKIPPED_FOLDERS and path != self._generated:
            yield _Folder(path, shown, package, folder.is_excluded or self._is_excluded(shown))

    def _file(
        self, folder: _Folder, entry: "os.DirEntry[str]", target: str | None = None
    ) -> Iterator[SourceFile]:
        name = entry.name
        path, shown, module = folder.inside(name)
        is_package = name == "__init__.py"
        module = folder.package if is_package else module.removesuffix(".py")
        if module and (is_package or name.removesuffix(".py").isidentifier()):
            target = target or path
            is_excluded = folder.is_excluded or target in self._counted or self._is_excluded(shown)
            if not is_excluded:
                self._counted.add(target)
            yield SourceFile(
                location=path,
                shown=shown,
                module=module,
                is_package=is_package,
                is_excluded=is_excluded,
                stamp=_stamp(entry),
            )

    def _is_excluded(self, shown: str) -> bool:
        return bool(self._excluded.match(shown))

    def _entries(self, folder: _Folder) -> list["os.DirEntry[str]"]:
        try:
            with os.scandir(folder.path) as entries:
                return sorted(entries, key=lambda entry: entry.name)
        except (FileNotFoundError, NotADirectoryError):  # deleted in the meantime
            return []
        except OSError as error:
            if not folder.is_excluded:
                text = (
                    f"cannot be listed: {error.strerror}; make it readable, or list the folder under "
                    "`exclude`"
                )
                self.problems.append(Problem(path=folder.shown or ".", id="FILE_UNREADABLE", message=text))
            return []


def _leads_back(link: str, target: str) -> bool:
    """Whether a symbolic link points to a folder that contains it."""
    return f"{os.path.realpath(link.rpartition(os.sep)[0])}{os.sep}".startswith(
        f"{target.rstrip(os.sep)}{os.sep}"
    )


def _stamp(entry: "os.DirEntry[str]") -> Stamp | None:
    try:
        status = entry.stat()
    except OSError:  # reported when it is read
        return None
    return (status.st_mtime_ns, status.st_ctime_ns, status.st_size, status.st_ino)


def _is_special(entry: "os.DirEntry[str]") -> bool:
    """A link to a folder, a pipe, a socket: reading it fails or blocks. A dangling link is reported as unreadable."""
    return (
        not (entry.is_file(follow_symlinks=False) or Path(entry.path).is_file()) and Path(entry.path).exists()
    )
