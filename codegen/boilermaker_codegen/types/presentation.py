"""Where a service's own aliases of types stand: `Email` in place of `Annotated[str, Meta(pattern="@")]`.

The contract does not know them: an alias is another way to write a type, so its name changes no digest, breaks nobody, and
live code has lost it. Stubs are written with them, for people.
"""

from collections.abc import Collection, Mapping

import msgspec

from boilermaker.contract import (
    Contract,
    Definition,
    Named,
    NewTypeDefinition,
    RecordDefinition,
    TaskContract,
    Type,
    named_in,
    with_parts,
)


class Alias(msgspec.Struct, frozen=True, kw_only=True):
    """An alias of a type.

    Attributes:
        name: its own name.
        type: what it stands for, as it is written: other aliases may stand in it.
    """

    name: str
    type: Type


class Presentation(msgspec.Struct, frozen=True, kw_only=True):
    """Tasks and types as their annotations are written. `Named` stands for an alias where its id is one of `aliases`.

    Attributes:
        aliases: by id, `module.QualifiedName`.
        tasks: by name, those with an alias in their signature.
        types: by id, those with an alias in a field.
    """

    aliases: dict[str, Alias] = {}
    tasks: dict[str, TaskContract] = {}
    types: dict[str, Definition] = {}

    def shown(self, contract: Contract) -> Contract:
        """A contract as it is written."""
        return msgspec.structs.replace(
            contract,
            tasks=tuple(self.tasks.get(task.name, task) for task in contract.tasks),
            types={id_: self.types.get(id_, definition) for id_, definition in contract.types.items()},
        )

    def used(self, contract: Contract, foreign: Collection[str]) -> dict[str, Alias]:
        """The aliases that a contract's package needs.

        Args:
            contract: which.
            foreign: ids of types that the package does not define.
        """
        shown = self.shown(contract)
        waiting = [
            type_ for task in shown.tasks for type_ in (task.result, *(p.type for p in task.parameters))
        ]
        for id_, definition in shown.types.items():
            waiting += [] if id_ in foreign else types_in(definition)
        found: dict[str, Alias] = {}
        while waiting:
            for id_ in named_in(waiting.pop()):
                if id_ in self.aliases and id_ not in found:
                    found[id_] = self.aliases[id_]
                    waiting.append(found[id_].type)
        return {id_: found[id_] for id_ in sorted(found)}


def types_in(definition: Definition | Alias) -> tuple[Type, ...]:
    """The types that a definition uses directly."""
    match definition:
        case RecordDefinition(fields=fields):
            return tuple(field.type for field in fields)
        case NewTypeDefinition(type=type_) | Alias(type=type_):
            return (type_,)
        case _:
            return ()


def meant(type_: Type, aliases: Mapping[str, Alias]) -> Type:
    """A type with what aliases stand for in their places."""
    if isinstance(type_, Named) and type_.id in aliases:
        return meant(aliases[type_.id].type, aliases)
    return with_parts(type_, lambda part: meant(part, aliases))
