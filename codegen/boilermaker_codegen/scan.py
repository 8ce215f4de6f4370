"""The scan: from a configuration to the contract of its service. The pipeline of this package, without writing."""

import contextlib
import functools
import gc
import sys
import time
from collections.abc import Callable, Collection, Generator, Iterable, Iterator
from dataclasses import dataclass

from boilermaker.contract import Contract
from boilermaker.contract.naming import clashes_of
from boilermaker_codegen.cache import Cache, Memory, is_lasting
from boilermaker_codegen.config import TABLE, Config, Project
from boilermaker_codegen.problems import GenerationError, Problem, Refused
from boilermaker_codegen.source.contents import Contents
from boilermaker_codegen.source.discover import Index, SourceFile
from boilermaker_codegen.source.files import walk
from boilermaker_codegen.types.presentation import Presentation
from boilermaker_codegen.units import (
    Dependencies,
    Home,
    Reader,
    ReadUnit,
    aliases_of,
    joined,
    left_out,
    presented,
)

_DEPTH = 10_000  # frames; source that Python compiles may be nested deeper than the default recursion limit allows here

Notice = Callable[[str, int, int], None]
"""Called while a scan goes on, with what is done (`search`, `read`), how many files of it, and of how many."""


@dataclass(frozen=True, kw_only=True)
class Scan:
    """The result of a scan.

    Attributes:
        presentation: where the service's own aliases stand in the contract's types.
        homes: where the handlers are defined, by the tasks' names.
        modules: names of the modules that register or include tasks.
        index: all modules.
        config: the configuration used.
    """

    contract: Contract
    presentation: Presentation
    homes: dict[str, Home]
    modules: frozenset[str]
    index: Index
    config: Config

    def places(self) -> dict[str, str]:
        """Where each task's handler is defined, as `path:line`, by the task's name. This parses the files."""
        with _room():
            reader = _reader_of(self.config, self.index)
            return {name: reader.place(home) for name, home in self.homes.items()}


def scan(project: Project, cache: Cache | None = None, notice: Notice | None = None) -> Scan:
    """Read a worker service's source.

    Args:
        project: the service's project.
        cache: results of earlier runs; None to read everything and store nothing.
        notice: called with the scan's progress.

    Raises:
        GenerationError: the source has errors; it holds all of them.
    """
    with _room():
        return _Scanner(project, cache, notice).run()


@contextlib.contextmanager
def _room() -> Generator[None, None, None]:
    limit = sys.getrecursionlimit()
    was_collecting = gc.isenabled()
    sys.setrecursionlimit(max(limit, _DEPTH))
    gc.disable()  # syntax trees are millions of objects without cycles: looking for some doubles the time
    try:
        yield
    finally:
        sys.setrecursionlimit(limit)
        if was_collecting:
            gc.enable()


class _Scanner:
    """One scan."""

    def __init__(self, project: Project, cache: Cache | None, notice: Notice | None) -> None:
        self._project = project
        self._cache = cache
        self._notice = notice
        started = time.time_ns()
        self._memory = cache.load() if cache else Memory()
        self._contents = Contents(self._memory.facts, started)
        self._files = walk(project)
        self._index = Index(self._files)
        self._units: dict[str, ReadUnit] = {}
        self._lasting: dict[str, ReadUnit] = {}
        self._claims: dict[str, list[SourceFile]] = {}
        self._problems: list[Problem] = []
        self._has_news = False
        self._declared = frozenset[str]()

    def run(self) -> Scan:
        """The contract, or the problems found."""
        self._read_all()
        self._check_names()
        if not self._problems:
            self._check_included()
            self._check_imports()
        if not self._claims and not self._problems:
            self._problems.append(_nothing(self._project))
        if self._cache and (self._contents.has_news or self._has_news):
            self._cache.save(dict(self._contents.settled()), self._lasting)
        units = {name: found.unit for name, found in sorted(self._units.items())}
        config = self._project.config
        contract = joined(units.values(), service=config.service, queue=config.queue, packages=config.imports)
        if not self._problems:
            self._check_functions(contract)
        if self._problems:
            raise GenerationError(self._problems)
        return Scan(
            contract=contract,
            presentation=presented(units.values()),
            homes={name: home for unit in units.values() for name, home in unit.homes.items()},
            modules=frozenset(name for name, unit in units.items() if unit.tasks or unit.included),
            index=self._index,
            config=config,
        )

    def _read_all(self) -> None:
        """Read all candidates. A module may bind `task = worker.task`: files that name it become candidates too."""
        waiting = {file.module: file for file in self._files if not file.is_excluded}
        self._declared = self._declared_in(waiting)
        aliases: frozenset[str] | None = None
        known = frozenset[str]()
        while aliases != known:
            aliases = known
            chosen = [
                file for file in self._noticed("search", waiting.values()) if self._may_register(file, known)
            ]
            for file in self._noticed("read", chosen):
                del waiting[file.module]
                self._read(file)
            known = aliases_of(found.unit for found in self._units.values())

    def _declared_in(self, files: Collection[str]) -> frozenset[str]:
        """Modules whose functions the configuration declares as tasks."""
        named = {task.module for task in self._project.config.tasks}
        places = {task.registered_in for task in self._project.config.tasks if task.registered_in}
        folders = " ".join(self._project.config.source)
        self._problems.extend(
            Problem(
                path=folders,
                id="CONFIG_INVALID",
                message=f"`{TABLE}.tasks` names the module `{module}`, which does not exist; correct it",
            )
            for module in sorted((named | places) - set(files))
        )
        return frozenset(named)

    def _noticed(self, what: str, files: Collection[SourceFile]) -> Iterator[SourceFile]:
        for number, file in enumerate(files):
            if self._notice:
                self._notice(what, number, len(files))
            yield file

    def _may_register(self, file: SourceFile, aliases: frozenset[str]) -> bool:
        if file.module in self._declared:
            return True
        try:
            return self._contents.is_candidate(file, aliases)
        except Refused as refused:
            self._problems.extend(refused.problems)
            return False

    def _read(self, file: SourceFile) -> None:
        known = self._memory.units.get(file.module)
        if known is None or not known.dependencies.hold(self._index, self._contents):
            self._has_news = True
            outcome = self._reader.read(file)
            self._problems.extend(outcome.problems)
            known = outcome.found
            if known is None:
                self._claim(file, outcome.names)
                return
            self._learn(known.dependencies)
            if is_lasting(known):
                self._lasting[file.module] = known
        else:
            self._lasting[file.module] = known
        self._units[file.module] = known
        self._claim(file, (name for task in known.unit.tasks for name in (task.name, *task.aliases)))

    def _learn(self, dependencies: Dependencies) -> None:
        for name, version in dependencies.read.items():
            file = self._index.file(name)
            if file is not None:
                self._contents.learn(file, version)

    def _claim(self, file: SourceFile, names: Iterable[str]) -> None:
        for name in names:
            self._claims.setdefault(name, []).append(file)

    def _check_names(self) -> None:
        """Check that task names are unique. If not, the modules are read again to report where."""
        rivals = {file.module: file for files in self._claims.values() if len(files) > 1 for file in files}
        if rivals:
            self._problems.extend(self._reader.taken(rivals.values()))

    def _check_functions(self, contract: Contract) -> None:
        """Check that function names in the package are unique. If not, the modules are read again to report where."""
        for clash in clashes_of(contract):
            files = {file.module: file for name in (clash.other, clash.task) for file in self._claims[name]}
            self._problems.extend(self._reader.alike(files.values(), clash))

    def _check_included(self) -> None:
        """Check that a worker includes each collection. If none does, the module is read again to report it."""
        for module, names in left_out({name: found.unit for name, found in self._units.items()}).items():
            file = self._index.file(module)
            if file is not None:
                self._problems.extend(self._reader.left_out(file, names))

    def _check_imports(self) -> None:
        """Report configured import packages that no type comes from: the name is probably misspelled, and the types would be defined again as different ones."""
        ids = {id_ for found in self._units.values() for id_ in found.unit.types}
        self._problems.extend(
            Problem(
                path=" ".join(self._project.config.source),
                id="CONFIG_INVALID",
                message=f"`{TABLE}.imports` names `{package}`, but no task uses a type that is defined "
                f"there; correct or remove it",
            )
            for package in self._project.config.imports
            if not any(f"{id_}.".startswith(f"{package}.") for id_ in ids)
        )

    @functools.cached_property
    def _reader(self) -> Reader:
        return _reader_of(self._project.config, self._index)


def _reader_of(config: Config, index: Index) -> Reader:
    # libcst takes a quarter of a second to import; a run in which nothing is to be read does without
    from boilermaker_codegen.reader import TreeReader  # noqa: PLC0415

    return TreeReader(config, index)


def _nothing(project: Project) -> Problem:
    folders = ", ".join(f"`{root}`" for root in project.config.source)
    return Problem(
        path=folders.replace("`", "").replace(", ", " "),
        id="NOTHING_REGISTERED",
        message=f"no task is registered under {folders}; use `@worker.task` or `worker.register_async(...)` at module level",
    )
