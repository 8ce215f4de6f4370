"""The cache of earlier results, in `.boilermaker_cache/` beside the configuration. It may be deleted at any time.

A run uses an entry only if it would compute the same again: facts of unchanged files, and units for which
every lookup in the source has the same answer. A file that is damaged, or was written by another version of
Python, the generator or a library, is ignored. Concurrent runs each replace the whole file; the last one
wins.
"""

import contextlib
import hashlib
import importlib.metadata
import os
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TypeVar

import msgspec

from boilermaker.contract import Contract
from boilermaker_codegen.config import Project
from boilermaker_codegen.package.render import FILES
from boilermaker_codegen.source.contents import Facts
from boilermaker_codegen.types.presentation import Presentation
from boilermaker_codegen.units import ReadUnit

FOLDER = ".boilermaker_cache"
_OLD_SECONDS = 30 * 24 * 3600
_OF_RUNTIME = (("failure.py",), ("retries.py",), ("evolution", "rules.py"), ("tasks", "rules.py"))
_DIGEST = 32  # characters before the content
_T = TypeVar("_T", bound=msgspec.Struct)


class Memory(msgspec.Struct, kw_only=True):
    """The content of the cache file.

    Attributes:
        facts: facts about files, by their shown paths.
        units: what modules register, by the modules' names.
    """

    facts: dict[str, Facts] = {}
    units: dict[str, ReadUnit] = {}


class _Package(msgspec.Struct, array_like=True):
    """A package as it was written last, and what names the source that it was made from."""

    source: str
    files: dict[str, str]


class Cache:
    """The cache of one project, for this version of the generator."""

    def __init__(self, project: Project) -> None:
        self._folder = project.folder / FOLDER
        key = _key(project)
        self._path = self._folder / f"scan-{key}.json"
        self._package = self._folder / f"package-{key}.json"

    def load(self) -> Memory:
        """The results of the last run; empty if there are none, or the cache cannot be read."""
        return _read(self._path, Memory) or Memory()

    def save(self, facts: Mapping[str, Facts], units: Mapping[str, ReadUnit]) -> None:
        """Store results for the next run. If the folder cannot be written, nothing is stored."""
        self._write(self._path, Memory(facts=dict(facts), units=dict(units)))

    def package(self, contract: Contract, presentation: Presentation) -> dict[str, bytes] | None:
        """The files of a contract's package, where the last run made it from the same contract, written in the same way."""
        known = _read(self._package, _Package)
        name = _name(contract, presentation)
        if known is None or known.source != name or not known.files.keys() <= FILES:
            return None
        return {name: text.encode() for name, text in known.files.items()}

    def keep_package(
        self, contract: Contract, presentation: Presentation, files: Mapping[str, bytes]
    ) -> None:
        """Store a package for the next run."""
        texts = {name: data.decode() for name, data in files.items()}
        self._write(self._package, _Package(source=_name(contract, presentation), files=texts))

    def _write(self, path: Path, value: msgspec.Struct) -> None:
        content = msgspec.json.encode(value)
        with contextlib.suppress(OSError):
            self._folder.mkdir(exist_ok=True)
            self._replace(self._folder / ".gitignore", b"*\n")
            self._replace(path, _digest_of(content).encode() + content)
            self._clear()

    def _replace(self, path: Path, data: bytes) -> None:
        handle, name = tempfile.mkstemp(prefix=".new-", dir=self._folder)
        temporary = Path(name)
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(data)
            temporary.replace(path)
        except OSError:
            temporary.unlink()
            raise

    def _clear(self) -> None:
        """Remove caches of other versions after a month, and temporary files of killed runs."""
        for path in self._folder.iterdir():
            is_ours = path.name.startswith(("scan-", "package-", ".new-"))
            if (
                is_ours
                and path not in (self._path, self._package)
                and path.stat().st_mtime < time.time() - _OLD_SECONDS
            ):
                path.unlink()


def _read(path: Path, kind: type[_T]) -> _T | None:
    try:
        data = (
            path.read_bytes() if path.is_file() else b""
        )  # opening a pipe would block until somebody writes to it
    except OSError:
        return None
    digest, content = data[:_DIGEST], data[_DIGEST:]
    if digest != _digest_of(content).encode():
        return None
    try:
        return msgspec.json.decode(content, type=kind)
    except (msgspec.DecodeError, RecursionError):
        return None


def _name(contract: Contract, presentation: Presentation) -> str:
    return _digest_of(msgspec.json.encode((contract, presentation), order="deterministic"))


def is_lasting(unit: ReadUnit) -> bool:
    """Whether a unit survives the round trip through the cache: values of rare types do not."""
    try:
        return msgspec.json.decode(msgspec.json.encode(unit), type=ReadUnit) == unit
    except (msgspec.MsgspecError, TypeError, ValueError, RecursionError):
        return False


def _key(project: Project) -> str:
    """A digest of all inputs of a scan other than the source: configuration, generator, Python, libraries."""
    parts = [
        os.fsencode(project.folder),
        msgspec.json.encode(project.config),
        sys.version.encode(),
        *(importlib.metadata.version(name).encode() for name in ("jinja2", "libcst", "msgspec")),
        *_own_code(),
    ]
    return hashlib.blake2b(b"\0".join(parts), digest_size=8).hexdigest()


def _own_code() -> Iterator[bytes]:
    """A digest of the generator's code and of the runtime modules that it uses. A version number would not change during development."""
    here = Path(__file__).parent
    runtime = Path(sys.modules["boilermaker.contract"].__file__ or "").parent.parent
    read = [runtime.joinpath(*part) for part in _OF_RUNTIME]
    for path in sorted([*here.rglob("*.py"), *here.rglob("*.j2"), *runtime.glob("contract/*.py"), *read]):
        yield path.read_bytes()


def _digest_of(content: bytes) -> str:
    return hashlib.blake2b(content, digest_size=16).hexdigest()
