"""The registrations of one module, as plain values, with all dependencies. The contract is assembled from these."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Protocol

import msgspec

from boilermaker.contract import Contract, Definition, TaskContract, Type, named_in
from boilermaker.contract.naming import Clash
from boilermaker_codegen.package.ordering import needs
from boilermaker_codegen.problems import Problem, Refused
from boilermaker_codegen.source.contents import Contents
from boilermaker_codegen.source.discover import Index, SourceFile
from boilermaker_codegen.types.presentation import Presentation


class Home(msgspec.Struct, frozen=True, kw_only=True):
    """Where a task's handler is defined.

    Attributes:
        module: the module's name.
        function: the name that the handler has in it.
    """

    module: str
    function: str


class Unit(msgspec.Struct, frozen=True, kw_only=True):
    """The registrations of one module.

    Attributes:
        tasks: its tasks.
        types: the types that these need, by id.
        homes: where the handlers are, by the tasks' names.
        included: names of the collections (`boilermaker.Tasks`) that workers include in it.
        collections: names of those that it registers tasks in.
        aliases: names in it that are aliases of `worker.task`.
        renames: names in it that are aliases of others, each with that other name.
        presentation: where aliases of types stand in its tasks and their types.
    """

    tasks: tuple[TaskContract, ...] = ()
    types: dict[str, Definition] = {}
    homes: dict[str, Home] = {}
    included: tuple[str, ...] = ()
    collections: tuple[str, ...] = ()
    aliases: tuple[str, ...] = ()
    renames: tuple[tuple[str, str], ...] = ()
    presentation: Presentation = Presentation()


class Dependencies(msgspec.Struct, frozen=True, kw_only=True):
    """The lookups of reading a unit: the same results lead to the same unit.

    Attributes:
        asked: names of modules, each with whether there was such a module or folder.
        read: names of the modules that were parsed, each with its file's version.
        lacking: names of modules that were not, each with the names that it certainly does not bind.
    """

    asked: dict[str, bool]
    read: dict[str, str]
    lacking: dict[str, tuple[str, ...]]

    def hold(self, index: Index, contents: Contents) -> bool:
        """Whether all lookups still have the same results."""
        if any(index.has(name) is not answer for name, answer in self.asked.items()):
            return False
        try:
            return all(
                (file := index.file(name)) is not None and contents.version(file) == version
                for name, version in self.read.items()
            ) and not any(
                (file := index.file(module)) is None or contents.may_bind(file, name)
                for module, names in self.lacking.items()
                for name in names
            )
        except Refused:
            return False


class ReadUnit(msgspec.Struct, frozen=True, kw_only=True):
    """A unit with what it depends on."""

    unit: Unit
    dependencies: Dependencies


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """The result of reading a module.

    Attributes:
        found: its registrations; None if there were problems.
        names: the names of its tasks.
        problems: the problems found.
    """

    found: ReadUnit | None
    names: tuple[str, ...]
    problems: tuple[Problem, ...]


class Reader(Protocol):
    """Reads modules, with syntax trees; nothing else of a scan needs those."""

    def read(self, file: SourceFile) -> Outcome:
        """What a module registers."""
        ...

    def place(self, home: Home) -> str:
        """Where a handler is defined, as `path:line`."""
        ...

    def taken(self, files: Iterable[SourceFile]) -> list[Problem]:
        """The errors of registrations in these modules whose task name is already used."""
        ...

    def alike(self, files: Iterable[SourceFile], clash: Clash) -> list[Problem]:
        """The errors of tasks in these modules that would share a function name in the package."""
        ...

    def left_out(self, file: SourceFile, collections: Iterable[str]) -> list[Problem]:
        """The errors of collections in a module that no worker includes."""
        ...


def aliases_of(units: Iterable[Unit]) -> frozenset[str]:
    """All names that may be aliases of `worker.task` in some module."""
    units = list(units)
    found = {alias for unit in units for alias in unit.aliases}
    renames = [rename for unit in units for rename in unit.renames]
    while more := {name for name, other in renames if other in found} - found:
        found |= more
    return frozenset(found)


def left_out(units: Mapping[str, Unit]) -> dict[str, list[str]]:
    """Collections that no worker includes, by the names of the modules that register tasks in them."""
    included = {name for unit in units.values() for name in unit.included}
    found = {module: [n for n in unit.collections if n not in included] for module, unit in units.items()}
    return {module: names for module, names in found.items() if names}


def needed(tasks: Iterable[TaskContract], found: Mapping[str, Definition]) -> dict[str, Definition]:
    """The definitions that tasks need; others that were read (such as the enum of a constant) are left out."""
    ids: set[str] = set()
    waiting = [id_ for task in tasks for type_ in _types_of(task) for id_ in named_in(type_)]
    while waiting:
        id_ = waiting.pop()
        if id_ not in ids:
            ids.add(id_)
            waiting.extend(needs(found[id_]))
    return {id_: found[id_] for id_ in sorted(ids)}


def joined(units: Iterable[Unit], *, service: str, queue: str, packages: Iterable[str] = ()) -> Contract:
    """The contract of a service; units that define the same type have equal definitions of it.

    Args:
        units: the registrations of its modules.
        service: its name.
        queue: its queue.
        packages: whose types producers import from there.
    """
    units = list(units)
    types = {id_: definition for unit in units for id_, definition in unit.types.items()}
    tasks = [task for unit in units for task in unit.tasks]
    return Contract(
        service=service,
        queue=queue,
        tasks=tuple(sorted(tasks, key=lambda task: task.name)),
        types={id_: types[id_] for id_ in sorted(types)},
        imported={
            id_: id_.removesuffix(f".{types[id_].name}")
            for id_ in sorted(types)
            if any(f"{id_}.".startswith(f"{package}.") for package in packages)
        },
    )


def presented(units: Iterable[Unit]) -> Presentation:
    """How the contract of a service is written."""
    found = Presentation()
    for unit in units:
        found.aliases.update(unit.presentation.aliases)
        found.tasks.update(unit.presentation.tasks)
        found.types.update(unit.presentation.types)
    return found


def _types_of(task: TaskContract) -> tuple[Type, ...]:
    return (task.result, *(parameter.type for parameter in task.parameters))
