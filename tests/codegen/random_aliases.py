"""Contracts whose types are written with aliases, at random places."""

from random import Random

from msgspec.structs import replace

from boilermaker.contract import (
    Contract,
    Definition,
    Named,
    NewTypeDefinition,
    RecordDefinition,
    Type,
    variables_in,
    with_parts,
)
from boilermaker_codegen.types.presentation import Alias, Presentation


def draw_presentation(random: Random, contract: Contract) -> Presentation:
    """Aliases for some of the types in a contract; the names of some are taken."""
    return _Drawing(random, contract).presentation()


class _Drawing:
    def __init__(self, random: Random, contract: Contract) -> None:
        self._random = random
        self._contract = contract
        self._aliases: dict[str, Alias] = {}
        self._names = [
            *(definition.name for definition in contract.types.values()),
            *(task.name for task in contract.tasks),
            *(f.name for d in contract.types.values() if isinstance(d, RecordDefinition) for f in d.fields),
        ]

    def presentation(self) -> Presentation:
        tasks = {
            task.name: replace(
                task,
                parameters=tuple(replace(p, type=self._written(p.type)) for p in task.parameters),
                result=self._written(task.result),
            )
            for task in self._contract.tasks
        }
        types = {id_: self._definition(definition) for id_, definition in self._contract.types.items()}
        return Presentation(aliases=self._aliases, tasks=tasks, types=types)

    def _definition(self, definition: Definition) -> Definition:
        match definition:
            case RecordDefinition(fields=fields):
                fields = tuple(replace(field, type=self._written(field.type)) for field in fields)
                return replace(definition, fields=fields)
            case NewTypeDefinition(type=type_):
                return replace(definition, type=self._written(type_))
            case _:
                return definition

    def _written(self, type_: Type) -> Type:
        written = with_parts(type_, self._written)
        if variables_in(type_) or self._random.random() < 0.7:
            return written
        number = len(self._aliases)
        own = self._random.choice([f"Alias{number}", f"_Alias{number}", "Alias", *self._names])
        name = own.rpartition(".")[2]
        id_ = f"aliases{number}.{name}"
        self._aliases[id_] = Alias(name=name, type=written)
        return Named(id=id_)
