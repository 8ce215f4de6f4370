"""Facts about files that need no parsing; they are reused while a file is unchanged."""

from collections.abc import Iterator, Mapping

import msgspec

from boilermaker_codegen.problems import Problem, Refused
from boilermaker_codegen.source.discover import SourceFile, Stamp, is_candidate
from boilermaker_codegen.source.text import may_bind, read

# A file that was changed this shortly before it was read may change again with the same time stamp: FAT has a
# resolution of two seconds, and some clocks are coarse.
_SETTLED_NS = 2_500_000_000
_NEVER: Stamp = (2**63 - 1, 0, 0, 0)  # never settled


class Facts(msgspec.Struct, array_like=True):
    """The facts about one file.

    Attributes:
        stamp: times of its last change, size and inode, when it was read. Every change of a file changes at
            least one of them: programs can set the modification time, but not the time of the inode's change.
        is_candidate: it may contain a registration.
        digest: digest of its meaning; empty if not computed.
        names: whether its bytes contain each alias looked up so far.
        bindings: whether it may bind each name looked up so far.
    """

    stamp: Stamp
    is_candidate: bool
    digest: str = ""
    names: dict[str, bool] = {}
    bindings: dict[str, bool] = {}


class Contents:
    """The content of a service's files.

    Args:
        known: facts of an earlier run, by the files' shown paths.
        started: nanoseconds since the epoch, taken before the files' stamps.
    """

    def __init__(self, known: Mapping[str, Facts], started: int) -> None:
        self._known = known
        self._started = started
        self._fresh: dict[str, Facts] = {}
        self._unsettled: set[str] = set()
        self.has_news = False

    def is_candidate(self, file: SourceFile, aliases: frozenset[str] = frozenset()) -> bool:
        """Whether a file may contain a registration; `aliases` are aliases of `worker.task` in other modules.

        Raises:
            Refused: it cannot be read.
        """
        facts = self._facts(file)
        return facts.is_candidate or any(self._holds(file, facts, name) for name in aliases)

    def version(self, file: SourceFile) -> str:
        """A digest of the file's meaning and path.

        Raises:
            Refused: it cannot be read.
        """
        facts = self._facts(file)
        if not facts.digest:
            facts.digest = read(file, read_bytes(file)).digest
            self.has_news = True
        return version_of(file, facts.digest)

    def may_bind(self, file: SourceFile, name: str) -> bool:
        """Whether a file may bind a name; False is certain.

        Raises:
            Refused: it cannot be read.
        """
        facts = self._facts(file)
        if name not in facts.bindings:
            facts.bindings = {**facts.bindings, name: may_bind(read_bytes(file), name)}
            self.has_news = True
        return facts.bindings[name]

    def learn(self, file: SourceFile, version: str) -> None:
        """Store facts found by parsing the file."""
        facts = self._facts(file)
        if not facts.digest:
            facts.digest = version.partition(" ")[0]
            self.has_news = True

    def settled(self) -> Iterator[tuple[str, Facts]]:
        """The facts that a later run may reuse, by the files' shown paths."""
        return (item for item in self._fresh.items() if item[0] not in self._unsettled)

    def _holds(self, file: SourceFile, facts: Facts, name: str) -> bool:
        if name not in facts.names:
            facts.names = {**facts.names, name: name.encode() in read_bytes(file)}
            self.has_news = True
        return facts.names[name]

    def _facts(self, file: SourceFile) -> Facts:
        fresh = self._fresh.get(file.shown)
        if fresh is None:
            fresh = self._known.get(file.shown)
            if fresh is None or fresh.stamp != file.stamp:
                fresh = Facts(file.stamp or _NEVER, is_candidate(read_bytes(file)))
                if max(fresh.stamp[:2]) > self._started - _SETTLED_NS:
                    self._unsettled.add(file.shown)
                self.has_news = True
            self._fresh[file.shown] = fresh
        return fresh


def read_bytes(file: SourceFile) -> bytes:
    """A file's content.

    Raises:
        Refused: it cannot be read.
    """
    try:
        return file.path.read_bytes()
    except OSError as error:
        raise _unreadable(file, error) from None


def version_of(file: SourceFile, digest: str) -> str:
    """A digest of text and place: the same text means different things in `a.py` and `a/__init__.py`."""
    return f"{digest} {file.shown}"


def _unreadable(file: SourceFile, error: OSError) -> Refused:
    return Refused(
        Problem(
            path=file.shown,
            id="FILE_UNREADABLE",
            message=f"cannot be read: {error.strerror}; make it readable, or list it under `exclude`",
        )
    )
