"""The order of definitions: each after those it needs; only definitions that need each other refer forward."""

from collections.abc import Iterator, Mapping

from boilermaker.contract import Definition, NewTypeDefinition, RecordDefinition, Type, named_in


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
        for circle in _circles(types)
        for id_ in sorted(circle, key=lambda i: (isinstance(types[i], NewTypeDefinition), i))
    ]


def _circles(types: Mapping[str, Definition]) -> list[list[str]]:
    """Strongly connected components, dependencies first (Tarjan 1972, without recursion)."""
    index: dict[str, int] = {}
    low: dict[str, int] = {}
    path: list[str] = []
    found: list[list[str]] = []

    def enter(id_: str) -> tuple[str, Iterator[str]]:
        index[id_] = low[id_] = len(index)
        path.append(id_)
        return id_, iter(needs(types[id_]))

    for start in sorted(types):
        if start in index:
            continue
        work = [enter(start)]
        while work:
            id_, rest = work[-1]
            following = next(rest, None)
            if following is not None:
                if following not in index:
                    work.append(enter(following))
                elif following in path:
                    low[id_] = min(low[id_], index[following])
                continue
            work.pop()
            if work:
                low[work[-1][0]] = min(low[work[-1][0]], low[id_])
            if low[id_] == index[id_]:
                at = path.index(id_)
                found.append(path[at:])
                del path[at:]
    return found
