"""A service's modules by name, and which of them may hold registrations: a byte search, no parsing."""

import glob
import re
from collections.abc import Iterable
from pathlib import Path

import msgspec

from boilermaker import contract

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

# A superset of what the scanner accepts: `worker.task`, `worker.register` and `worker.include`, with whatever may stand between the two; a
# worker's own module names `Boilermaker`. Files that use `task` alone, as in `from app import task`, are found as users of an alias.
_PLAIN = (b"Boilermaker", b"boilermaker", b"register_async", b"register_many_async")
_METHOD = re.compile(rb"\.(?:[\s\\]|#[^\r\n]*[\r\n])*(?:task|register|include)\b")
_UTF_16 = (b"\xff\xfe", b"\xfe\xff")
_BY_NAME = (b"getattr", b"__getattribute__", b"methodcaller", b"attrgetter")
_NAMED = re.compile(rb"[\"'](?:task|register|include)[\"']")
# Many a class has a task or a `register` of its own. Of a method's first parameter nothing is known but that nobody says it is a worker,
# which only a decorator would be told for; so these are left out, unless the module may bind the name to something else.
_OWN_TASK = re.compile(rb"(?<![\w.@])self\.(?:task|register)\b")
_BINDS_SELF = re.compile(rb"\bself\s*[=:]|\b(?:as|import|for)\s+self\b|@\s*\(")


class Index:
    """The modules of a service by name."""

    def __init__(self, files: Iterable[SourceFile]) -> None:
        # a copy of Boilermaker beside the service is what an installed one is: not the service's
        self._files = {f.module: f for f in files if f.module.partition(".")[0] != "boilermaker"}
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


def is_compiled(file: SourceFile, name: str) -> bool:
    """Whether a module's names come from elsewhere than its text: it is an extension module, or made by protobuf.

    Args:
        file: the module, or the package that the name is in.
        name: what is looked for in it.
    """
    if file.module.endswith(("_pb2", "_pb2_grpc")):
        return True
    folder = Path(file.location).parent
    return file.is_package and any(
        found.suffix in (".so", ".pyd") for found in folder.glob(f"{glob.escape(name)}.*")
    )


def is_candidate(data: bytes) -> bool:
    """Whether a file's bytes can hold a registration, names that stand for `worker.task` elsewhere left aside."""
    # a plain search first: it is ten times as fast as the expression
    if data.startswith(_UTF_16):  # a search finds no word in it, Python reads none; to be told
        return True
    if any(word in data for word in _PLAIN):
        return True
    if (b"self.task" in data or b"self.register" in data) and not _BINDS_SELF.search(data):
        data = _OWN_TASK.sub(b"", data)
    if any(word in data for word in _BY_NAME) and _NAMED.search(data):
        return True
    return (b"task" in data or b"register" in data or b"include" in data) and bool(_METHOD.search(data))
