"""Locations of findings in the repository: the handler, if the source shows which function it is, else the contract."""

import os
import re
from collections.abc import Iterable, Iterator
from functools import cached_property
from pathlib import Path
from typing import NamedTuple

from boilermaker.cli.against import repository
from boilermaker.contract import Contract

_SKIPPED = frozenset({"node_modules", "site-packages", "__pycache__"})


class Place(NamedTuple):
    """A file, by its path from the repository's root, and a line in it; None for the whole file."""

    file: str
    line: int | None


class Places:
    """Locations of a contract's tasks.

    Args:
        path: the contract's file.
        contract: the contract in that file.
        sources: folders with the service's code.
    """

    def __init__(self, path: Path, contract: Contract, sources: Iterable[Path]) -> None:
        self._path = path.resolve()
        self._functions = {task.name: task.function or task.name for task in contract.tasks}
        self._sources = [source.resolve() for source in sources]

    def of(self, task: str) -> Place:
        """The line of a task's handler; the contract if the source shows no handler, or several."""
        found = self._handlers.get(self._functions.get(task, ""), [])
        if len(found) != 1:
            return Place(self._shown(self._path), None)
        path, line = found[0]
        return Place(self._shown(path), line)

    @cached_property
    def _handlers(self) -> dict[str, list[tuple[Path, int]]]:
        """Functions with the names of handlers. Among several with the same name, those decorated as tasks win."""
        names = "|".join(map(re.escape, sorted(set(self._functions.values()))))
        pattern = re.compile(rf"^[ \t]*(?:async[ \t]+)?def[ \t]+({names})[ \t]*[(\[]", re.MULTILINE)
        found: dict[str, list[tuple[Path, int, bool]]] = {}
        for path in self._modules() if names else ():
            text = path.read_text(encoding="utf-8", errors="replace")
            for match in pattern.finditer(text):
                before = text[: match.start()].rstrip().rpartition("\n\n")[2]
                is_decorated = re.search(r"^[ \t]*@\w[\w.]*\.task\b", before, re.MULTILINE) is not None
                line = text.count("\n", 0, match.start(1)) + 1
                found.setdefault(match[1], []).append((path, line, is_decorated))
        return {name: _most_likely(functions) for name, functions in found.items()}

    def _modules(self) -> Iterator[Path]:
        for source in dict.fromkeys(self._sources):
            for folder, folders, files in os.walk(source):
                folders[:] = sorted(f for f in folders if f not in _SKIPPED and not f.startswith("."))
                yield from (Path(folder, name) for name in sorted(files) if name.endswith(".py"))

    def _shown(self, path: Path) -> str:
        return Path(os.path.relpath(path, self._root)).as_posix()

    @cached_property
    def _root(self) -> Path:
        """The repository's root; without git, GitHub's workspace, else the current folder."""
        folder = next(each for each in self._path.parents if each.is_dir())
        root = repository(folder)
        return (root or Path(os.environ.get("GITHUB_WORKSPACE") or Path.cwd())).resolve()


def _most_likely(functions: list[tuple[Path, int, bool]]) -> list[tuple[Path, int]]:
    decorated = [(path, line) for path, line, is_decorated in functions if is_decorated]
    return decorated or [(path, line) for path, line, _ in functions]
