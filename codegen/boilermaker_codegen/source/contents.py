"""What is in the files, as far as it can be known without parsing; known facts are used again while a file is as it was."""

from collections.abc import Iterator, Mapping

import msgspec

from boilermaker_codegen.problems import Problem, Refused
from boilermaker_codegen.source.discover import SourceFile, Stamp, is_candidate
from boilermaker_codegen.source.text import may_bind, read

# A file that was changed within this time before it was read may change again without another time stamp:
# FAT counts in two seconds, and some clocks tick coarsely.
_SETTLED_NS = 2_500_000_000
_NEVER: Stamp = (2**63 - 1, 0, 0, 0)  # settled at no time


class Facts(msgspec.Struct, array_like=True):
    """What is known of one file.

    Attributes:
        stamp: times of its last change, size and inode, when it was read. No change of a file keeps them all: programs
            may set the modification time, but not the time of the inode's change.
        is_candidate: it may hold a registration.
        digest: names what it means; empty where nobody has asked.
        names: whether its bytes hold the aliases that somebody has asked for.
        bindings: whether it may bind the names that somebody has asked for.
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
        started: nanoseconds since the epoch, from before the files' stamps were taken.
    """

    def __init__(self, known: Mapping[str, Facts], started: int) -> None:
        self._known = known
        self._started = started
        self._fresh: dict[str, Facts] = {}
        self._unsettled: set[str] = set()
        self.has_news = False

    def is_candidate(self, file: SourceFile, aliases: frozenset[str] = frozenset()) -> bool:
        """Whether a file may hold a registration; `aliases` are names that stand for `worker.task` elsewhere.

        Raises:
            Refused: it cannot be read.
        """
        facts = self._facts(file)
        return facts.is_candidate or any(self._holds(file, facts, name) for name in aliases)

    def version(self, file: SourceFile) -> str:
        """Changes with what the file means, and with where it is.

        Raises:
            Refused: it cannot be read.
        """
        facts = self._facts(file)
        if not facts.digest:
            facts.digest = read(file, read_bytes(file)).digest
            self.has_news = True
        return version_of(file, facts.digest)

    def may_bind(self, file: SourceFile, name: str) -> bool:
        """Whether a file may bind a name; where it says no, that is sure.

        Raises:
            Refused: it cannot be read.
        """
        facts = self._facts(file)
        if name not in facts.bindings:
            facts.bindings = {**facts.bindings, name: may_bind(read_bytes(file), name)}
            self.has_news = True
        return facts.bindings[name]

    def learn(self, file: SourceFile, version: str) -> None:
        """Take over what somebody has found out who parsed the file."""
        facts = self._facts(file)
        if not facts.digest:
            facts.digest = version.partition(" ")[0]
            self.has_news = True

    def settled(self) -> Iterator[tuple[str, Facts]]:
        """The facts that a later run may rely on, by the files' shown paths."""
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
    """Names a meaning in a place: `a.py` and `a/__init__.py` mean different things by the same text."""
    return f"{digest} {file.shown}"


def _unreadable(file: SourceFile, error: OSError) -> Refused:
    return Refused(
        Problem(
            path=file.shown,
            id="FILE_UNREADABLE",
            message=f"cannot be read: {error.strerror}; make it readable, or list it under `exclude`",
        )
    )
