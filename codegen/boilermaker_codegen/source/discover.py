"""Which files there are, and which of them may hold registrations: a walk and a byte search, no parsing."""

import os
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from fnmatch import translate
from pathlib import Path, PurePosixPath

import msgspec

from boilermaker import contract
from boilermaker_codegen.config import Project

Stamp = tuple[int, int, int, int]


class SourceFile(msgspec.Struct, frozen=True, kw_only=True):
    """One module of the service.

    Attributes:
        location: where it is; text, because path objects for all files would cost more than the walk.
        shown: its path relative to the configuration's folder, for people.
        module: the name that Python imports it by.
        is_package: it is an `__init__.py`.
        is_excluded: registrations in it do not count.
        stamp: times of its last changes (content, inode) in nanoseconds, size and inode; None where they cannot be had.
    """

    location: str
    shown: str
    module: str
    is_package: bool
    is_excluded: bool = False
    stamp: Stamp | None = None

    @property
    def path(self) -> Path:
        """Where it is."""
        return Path(self.location)


_SKIPPED_FOLDERS = frozenset({"__pycache__", "node_modules", "site-packages"})

# Handlers may take what Boilermaker itself defines; it is read like the service's own types.
_SHIPPED = {
    "boilermaker.failure": SourceFile(
        location=str(Path(contract.__file__).parent.with_name("failure.py")),
        shown="boilermaker/failure.py",
        module="boilermaker.failure",
        is_package=False,
        is_excluded=True,
    )
}

# A superset of what the scanner accepts: `worker.task` and `worker.include`, with whatever may stand between the two; a
# worker's own module names `Boilermaker`. Files that use `task` alone, as in `from app import task`, are found as users of an alias.
_PLAIN = (b"Boilermaker", b"boilermaker", b"register_async", b"register_many_async")
_METHOD = re.compile(rb"\.(?:[\s\\]|#[^\r\n]*[\r\n])*(?:task|include)\b")
# Many a class keeps a task of its own. Of a method's first parameter nothing is known but that nobody says it is a worker,
# which only a decorator would be told for; so these are left out, unless the module may bind the name to something else.
_OWN_TASK = re.compile(rb"(?<![\w.@])self\.task\b")
_BINDS_SELF = re.compile(rb"\bself\s*[=:]|\b(?:as|import|for)\s+self\b|@\s*\(")


def walk(project: Project) -> tuple[SourceFile, ...]:
    """All modules under the source roots, sorted by name; of two with one name the first root's counts, as on Python's path."""
    found: dict[str, SourceFile] = {}
    walker = _Walker(project)
    for root in project.config.source:
        for file in walker.files((project.folder / root).resolve()):
            found.setdefault(file.module, file)
    return tuple(found[name] for name in sorted(found))


class Index:
    """The modules of a service by name."""

    def __init__(self, files: Iterable[SourceFile]) -> None:
        self._files = {file.module: file for file in files}
        self._folders: set[str] = set()
        for name in self._files:
            folder = name.rpartition(".")[0]
            while folder and folder not in self._folders:
                self._folders.add(folder)
                folder = folder.rpartition(".")[0]
        self._files = {**_SHIPPED, **self._files}

    def has(self, name: str) -> bool:
        """Whether it is a module of the service, or a folder of such."""
        return name in self._files or name in self._folders

    def file(self, name: str) -> SourceFile | None:
        """Where the module is; None where there is none of that name."""
        return self._files.get(name)


def is_candidate(data: bytes) -> bool:
    """Whether a file's bytes can hold a registration, names that stand for `worker.task` elsewhere left aside."""
    # a plain search first: it is ten times as fast as the expression
    if any(word in data for word in _PLAIN):
        return True
    if b"self.task" in data and not _BINDS_SELF.search(data):
        data = _OWN_TASK.sub(b"", data)
    return (b"task" in data or b"include" in data) and bool(_METHOD.search(data))


@dataclass(frozen=True)
class _Folder:
    """A folder on the walk: where it is, how it is shown, the package that it is, whether it is excluded."""

    path: str
    shown: str
    package: str
    is_excluded: bool

    def inside(self, name: str) -> tuple[str, str, str]:
        """Path, shown path and module name of something in it."""
        return (
            f"{self.path}{os.sep}{name}",
            f"{self.shown}/{name}" if self.shown else name,
            f"{self.package}.{name}" if self.package else name,
        )


class _Walker:
    """Walks source roots. On plain text: with path objects, ten thousand files would take half a second."""

    def __init__(self, project: Project) -> None:
        self._base = project.folder
        self._generated = str(project.package_folder.resolve())
        patterns = [translate(pattern.rstrip("/")) for pattern in project.config.exclude]
        self._excluded = re.compile("|".join(patterns) or "(?!)")  # without patterns: matches nothing

    def files(self, root: Path) -> Iterator[SourceFile]:
        """The modules under a root."""
        shown = PurePosixPath(os.path.relpath(root, self._base).replace(os.sep, "/"))
        is_excluded = any(self._is_excluded(str(part)) for part in (shown, *shown.parents))
        waiting = [_Folder(str(root), "" if str(shown) == "." else str(shown), "", is_excluded)]
        while waiting:
            folder = waiting.pop()
            entries = _entries(folder.path)
            if folder.package and any(entry.name == "pyvenv.cfg" for entry in entries):
                continue
            for entry in entries:
                if entry.is_dir(follow_symlinks=False):  # so that no link can lead in circles
                    waiting.extend(self._folder(folder, entry.name))
                elif entry.name.endswith(".py") and not _is_special(entry):
                    yield from self._file(folder, entry)

    def _folder(self, folder: _Folder, name: str) -> Iterator[_Folder]:
        path, shown, package = folder.inside(name)
        if name.isidentifier() and name not in _SKIPPED_FOLDERS and path != self._generated:
            yield _Folder(path, shown, package, folder.is_excluded or self._is_excluded(shown))

    def _file(self, folder: _Folder, entry: "os.DirEntry[str]") -> Iterator[SourceFile]:
        name = entry.name
        path, shown, module = folder.inside(name)
        is_package = name == "__init__.py"
        module = folder.package if is_package else module.removesuffix(".py")
        if module and (is_package or name.removesuffix(".py").isidentifier()):
            yield SourceFile(
                location=path,
                shown=shown,
                module=module,
                is_package=is_package,
                is_excluded=folder.is_excluded or self._is_excluded(shown),
                stamp=_stamp(entry),
            )

    def _is_excluded(self, shown: str) -> bool:
        return bool(self._excluded.match(shown))


def _entries(folder: str) -> list["os.DirEntry[str]"]:
    try:
        with os.scandir(folder) as entries:
            return sorted(entries, key=lambda entry: entry.name)
    except OSError:  # what may not be listed is not on Python's path either
        return []


def _stamp(entry: "os.DirEntry[str]") -> Stamp | None:
    try:
        status = entry.stat()
    except OSError:  # told when it is read
        return None
    return (status.st_mtime_ns, status.st_ctime_ns, status.st_size, status.st_ino)


def _is_special(entry: "os.DirEntry[str]") -> bool:
    """A link to a folder, a pipe, a socket: reading it fails, or waits for ever. A link to nothing is told as unreadable."""
    return not entry.is_file() and Path(entry.path).exists()
