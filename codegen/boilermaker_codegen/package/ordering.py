"""The order of definitions: each after those it needs; only definitions that need each other refer forward."""

from collections.abc import Mapping

from boilermaker.contract import Definition, NewTypeDefinition, RecordDefinition, Type, named_in
from boilermaker.contract.circles import circles


def types_in(definition: Definition) -> tuple[Type, ...]:
    """The types that a definition is made of."""
    match definition:
        case RecordDefinition(fields=fields):
            return tuple(field.type for field in fields)
        case NewTypeDefinition(type=type_):
            return (type_,)
        case _:
            return ()


def needs(definition: Definition) -> tuple[str, ...]:
    """Ids of the definitions that a definition names, in source order, each once."""
    return tuple(dict.fromkeys(id_ for type_ in types_in(definition) for id_ in named_in(type_)))


def ordered(types: Mapping[str, Definition]) -> list[str]:
    """Ids so that definitions precede their uses.

    Within a circle records come first: their annotations can be quoted, the call that makes a NewType cannot.
    """
    return [
        id_
        for circle in circles(sorted(types), lambda id_: needs(types[id_]))
        for id_ in sorted(circle, key=lambda i: (isinstance(types[i], NewTypeDefinition), i))
    ]
