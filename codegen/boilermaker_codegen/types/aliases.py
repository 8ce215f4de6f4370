"""Notes under which aliases types were read, until it is known which of them the contract holds.

A type that an alias stands for equals the same type written out. What tells them apart is the object: each use of an alias
gives one of its own, which the types around it hold. Where a type is made anew of its parts, as in a generic alias, the note
is lost, and the type is written out.
"""

import copy
from collections.abc import Iterable, Mapping, Sequence
from typing import TypeVar

from msgspec.structs import replace

from boilermaker.contract import (
    Definition,
    Field,
    Named,
    NewTypeDefinition,
    Parameter,
    RecordDefinition,
    TaskContract,
    Type,
    UnionOf,
    union,
    with_parts,
)
from boilermaker_codegen.types.presentation import Alias, Presentation

_Item = TypeVar("_Item", Parameter, Field)


class Aliases:
    """The aliases that one unit uses."""

    def __init__(self) -> None:
        self._meant: dict[str, tuple[str, Type]] = {}
        self._uses: dict[
            int, tuple[Type, str]
        ] = {}  # by the id of the object, which is kept so that no other one gets it
        self._unions: dict[int, tuple[Type, Sequence[Type]]] = {}

    def use(self, id_: str, type_: Type) -> Type:
        """What an alias stands for, where it is used; a class that it only brings to another module keeps its own name."""
        name = id_.rpartition(".")[2]
        if isinstance(type_, Named) and type_.id.rpartition(".")[2] == name:
            return type_
        self._meant.setdefault(id_, (name, type_))
        used = copy.copy(type_)
        self._uses[id(used)] = (used, id_)
        return used

    def union(self, members: Sequence[Type]) -> Type:
        """The union of types, flattened; those that are unions themselves are remembered."""
        joined = union(members)
        if isinstance(joined, UnionOf) and any(isinstance(member, UnionOf) for member in members):
            self._unions[id(joined)] = (joined, members)
        return joined

    def presentation(self, tasks: Iterable[TaskContract], types: Mapping[str, Definition]) -> Presentation:
        """Tasks and types as they are written."""
        if not self._uses:
            return Presentation()
        written_tasks = {task.name: self._task(task) for task in tasks if self._task(task) != task}
        written_types = {id_: self._definition(d) for id_, d in types.items() if self._definition(d) != d}
        aliases = {
            id_: Alias(name=name, type=self._written(type_)) for id_, (name, type_) in self._meant.items()
        }
        return Presentation(aliases=aliases, tasks=written_tasks, types=written_types)

    def _task(self, task: TaskContract) -> TaskContract:
        return replace(task, parameters=self._items(task.parameters), result=self._written(task.result))

    def _definition(self, definition: Definition) -> Definition:
        match definition:
            case RecordDefinition(fields=fields):
                return replace(definition, fields=self._items(fields))
            case NewTypeDefinition(type=type_):
                return replace(definition, type=self._written(type_))
            case _:
                return definition

    def _items(self, items: tuple[_Item, ...]) -> tuple[_Item, ...]:
        return tuple(replace(item, type=self._written(item.type)) for item in items)

    def _written(self, type_: Type) -> Type:
        if (use := self._uses.get(id(type_))) is not None:
            return Named(id=use[1])
        if (joined := self._unions.get(id(type_))) is not None:
            return self._union(joined[1])
        return with_parts(type_, self._written)

    def _union(self, members: Sequence[Type]) -> Type:
        """A union of what it was written with; what an earlier one of its parts covers is left out."""
        covered: set[Type] = set()
        parts: list[Type] = []
        for member in members:
            own = {*member.members} if isinstance(member, UnionOf) else {member}
            if not own <= covered:
                parts.append(self._written(member))
                covered |= own
        return union(parts)
