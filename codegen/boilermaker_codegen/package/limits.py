"""The limits (`Meta`) that a NewType brings along: they are written where it is used, for pyright knows no NewType of an `Annotated`."""

from collections.abc import Iterator, Mapping

from boilermaker.contract import Constrained, Definition, Named, NewTypeDefinition, Type


def base_of(definition: NewTypeDefinition) -> Type:
    """What a NewType is made of, its own limits aside."""
    return _peeled(definition)[1]


def limits_of(id_: str, types: Mapping[str, Definition]) -> Iterator[Constrained]:
    """The limits of a NewType and of what it is made of, innermost first; none of other definitions."""
    definition = types.get(id_)
    if isinstance(definition, NewTypeDefinition):
        limits, inner = _peeled(definition)
        if isinstance(inner, Named):
            yield from limits_of(inner.id, types)
        yield from reversed(limits)


def _peeled(definition: NewTypeDefinition) -> tuple[list[Constrained], Type]:
    limits: list[Constrained] = []
    inner = definition.type
    while isinstance(inner, Constrained):
        limits.append(inner)
        inner = inner.type
    return limits, inner
