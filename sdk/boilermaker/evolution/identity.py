"""Matches the classes of two contracts: classes that producers import are identified by name."""

from collections import Counter

import msgspec

from boilermaker.contract import (
    Constrained,
    Container,
    Contract,
    LiteralOf,
    MappingOf,
    Named,
    Scalar,
    TupleOf,
    Type,
    UnionOf,
    Variable,
    named_in,
    within,
)
from boilermaker.contract.naming import foreign, names_of


def identities(contract: Contract) -> dict[str, str]:
    """The identity of a class in producers' code, by id: its name in the stubs, or the package that it is imported from.

    Its module within another package is ignored, unless several classes there have its name.
    """
    places = {id_: place for id_, place in foreign(contract).items() if id_ in contract.types}
    short = {id_: f"{module.partition('.')[0]}:{name}" for id_, (module, name) in places.items()}
    counts = Counter(short.values())
    full = {id_: ":".join(place) for id_, place in places.items()}
    imported = {id_: name if counts[name] == 1 else full[id_] for id_, name in short.items()}
    return {**names_of(contract).types, **imported}


class Renaming:
    """Translates types of the old contract to the new one, by the names of their classes."""

    def __init__(self, old: Contract, new: Contract) -> None:
        there = {name: id_ for id_, name in identities(new).items()}
        self._names = identities(old)
        self._ids = {id_: there.get(name) for id_, name in self._names.items()}
        self._new = new.types

    def of(self, id_: str) -> str | None:
        """The id of a class in the new contract; None if it was removed."""
        return self._ids[id_]

    def has_lost_import(self, type_: Type) -> bool:
        """Whether a class in it was imported from elsewhere, and no longer is."""
        return any(self._ids[id_] is None and ":" in self._names[id_] for id_ in named_in(type_))

    def move(self, type_: Type) -> Type | None:
        """The type in the new contract; None if one of its classes was removed, or takes different type arguments."""
        if any(self._ids[id_] is None for id_ in named_in(type_)):
            return None
        moved = self._moved(type_)
        is_kept = all(self._takes(part) for part in within(moved) if isinstance(part, Named))
        return moved if is_kept else None

    def _takes(self, named: Named) -> bool:
        return len(named.arguments) == len(getattr(self._new[named.id], "parameters", ()))

    def _moved(self, type_: Type) -> Type:
        match type_:
            case Named(id=id_, arguments=arguments):
                moved = tuple(map(self._moved, arguments))
                return msgspec.structs.replace(type_, id=self._ids[id_] or id_, arguments=moved)
            case Constrained(type=inner):
                return self._moved(inner)
            case Container(item=item):
                return msgspec.structs.replace(type_, item=self._moved(item))
            case TupleOf(items=parts):
                return TupleOf(items=tuple(map(self._moved, parts)))
            case UnionOf(members=parts):
                return UnionOf(members=tuple(map(self._moved, parts)))
            case MappingOf(key=key, value=value):
                return msgspec.structs.replace(type_, key=self._moved(key), value=self._moved(value))
            case Scalar() | LiteralOf() | Variable():
                return type_
