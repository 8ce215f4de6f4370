"""The order of definitions: each after its dependencies; only definitions that depend on each other refer forward."""

from collections.abc import Mapping

from boilermaker.contract import Definition, RecordDefinition, named_in
from boilermaker.contract.circles import circles
from boilermaker_codegen.types.presentation import Alias, types_in


def needs(definition: Definition | Alias) -> tuple[str, ...]:
    """Ids of the definitions that a definition refers to, in source order, each once."""
    return tuple(dict.fromkeys(id_ for type_ in types_in(definition) for id_ in named_in(type_)))


def ordered(types: Mapping[str, Definition | Alias]) -> list[str]:
    """Ids so that definitions precede their uses.

    Within a cycle, records come first: their annotations can be quoted, what makes a NewType or an alias cannot.
    """
    return [
        id_
        for circle in circles(sorted(types), lambda id_: needs(types[id_]))
        for id_ in _within(sorted(circle), types)
    ]


def _within(circle: list[str], types: Mapping[str, Definition | Alias]) -> list[str]:
    records = [id_ for id_ in circle if isinstance(types[id_], RecordDefinition)]
    others = dict.fromkeys(id_ for id_ in circle if not isinstance(types[id_], RecordDefinition))
    groups = circles(others, lambda id_: [needed for needed in needs(types[id_]) if needed in others])
    return [*records, *(id_ for group in groups for id_ in group)]
