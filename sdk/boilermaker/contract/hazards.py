"""Unions that must not reach msgspec: it miscounts their parts, and the process crashes at some later time.

Seen with msgspec 0.22: a text with a pattern beside a collection or a mapping, and anything with limits beside a
tuple of fixed length.
"""

from collections.abc import Iterator, Mapping

from boilermaker.contract.definitions import Definition, NewTypeDefinition, RecordDefinition
from boilermaker.contract.types import Constrained, Container, MappingOf, Named, TupleOf, Type, UnionOf

WHY = "msgspec crashes where a union holds a type with limits (`Meta`) and a collection; put one of the two into a Struct"


def is_hazard(type_: Type, types: Mapping[str, Definition]) -> bool:
    """Whether a type holds such a union, looking through new types but not into records."""
    return any(_crashes(tuple(_plain(m, types) for m in union.members)) for union in _unions(type_, types))


def hold_hazard(types: Mapping[str, Definition]) -> bool:
    """Whether the fields of any of these definitions do."""
    return any(
        is_hazard(field.type, types)
        for definition in types.values()
        if isinstance(definition, RecordDefinition)
        for field in definition.fields
    )


def _unions(type_: Type, types: Mapping[str, Definition]) -> Iterator[UnionOf]:
    match type_:
        case UnionOf(members=parts) | TupleOf(items=parts):
            if isinstance(type_, UnionOf):
                yield type_
            for part in parts:
                yield from _unions(part, types)
        case Container(item=inner) | Constrained(type=inner):
            yield from _unions(inner, types)
        case MappingOf(key=key, value=value):
            yield from _unions(key, types)
            yield from _unions(value, types)
        case _:
            pass


def _plain(type_: Type, types: Mapping[str, Definition]) -> Type:
    while isinstance(type_, Named) and isinstance(definition := types.get(type_.id), NewTypeDefinition):
        type_ = definition.type
    return type_


def _crashes(members: tuple[Type, ...]) -> bool:
    limited = [member for member in members if isinstance(member, Constrained) and member.tz is None]
    kinds = [member.type if isinstance(member, Constrained) else member for member in members]
    if any(isinstance(kind, TupleOf) for kind in kinds):
        return bool(limited)
    has_collection = any(isinstance(kind, Container | MappingOf) for kind in kinds)
    return has_collection and any(member.pattern is not None for member in limited)
