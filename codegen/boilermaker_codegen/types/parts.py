"""Values whose type is known only where they are defaults: dictionaries for TypedDicts, and records that are generic."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import chain
from typing import Any

from boilermaker.contract import (
    Constrained,
    Container,
    Definition,
    MappingOf,
    Named,
    NewTypeDefinition,
    RecordDefinition,
    TupleOf,
    Type,
    UnionOf,
    definition_of,
)
from boilermaker_codegen.types.made import Made

_Given = Mapping[str, tuple[Any, Any]]  # values by field, in Python and as JSON


@dataclass(frozen=True, eq=False)
class Part:
    """A value within a value: its Python value, its JSON form, and its required type."""

    raw: Any
    json: Any
    type: Type


def wrong_keys(part: Part, types: Mapping[str, Definition]) -> str:
    """The error in the keys of a dictionary anywhere in a value; empty if there is none."""
    for given, record in _dictionaries(part, types):
        names = {field.name for field in record.fields}
        if lacking := [n for n in sorted(names) if n not in given and n not in record.optional]:
            return f"`{record.name}` requires the key `{lacking[0]}`"
        if unknown := [key for key in given if key not in names]:
            return f"`{record.name}` has no key {unknown[0]!r}"
    return ""


def fields_in(part: Part, types: Mapping[str, Definition]) -> Iterator[Part]:
    """The contents of the outermost dictionaries and generic records in a value."""
    for given, record in chain(_dictionaries(part, types), _generics(part, types)):
        for field in record.fields:
            if field.name in given:
                yield Part(*given[field.name], field.type)


def _dictionaries(part: Part, types: Mapping[str, Definition]) -> Iterator[tuple[_Given, RecordDefinition]]:
    for inner in _inside(part, types):
        yield from _dictionaries(inner, types)
    definition = definition_of(part.type, types) if isinstance(part.type, Named) else None
    if not isinstance(definition, RecordDefinition) or definition.style != "typeddict":
        return
    raw: object = part.raw
    if isinstance(raw, dict):
        yield {key: (value, part.json[key]) for key, value in part.raw.items()}, definition


def _generics(part: Part, types: Mapping[str, Definition]) -> Iterator[tuple[_Given, RecordDefinition]]:
    for inner in _inside(part, types):
        yield from _generics(inner, types)
    if isinstance(part.raw, Made) and isinstance(part.type, Named) and part.type.arguments:
        definition = definition_of(part.type, types)
        if isinstance(definition, RecordDefinition) and part.type.id == part.raw.id:
            yield part.raw.given, definition


def _inside(part: Part, types: Mapping[str, Definition]) -> Iterator[Part]:
    """The parts of a value, up to records."""
    raw: object = part.raw
    match part.type:
        case Constrained(type=inner):
            yield Part(part.raw, part.json, inner)
        case UnionOf(members=members):  # at most one of them is encoded as an object
            yield from (Part(part.raw, part.json, member) for member in members)
        case Container(item=item) if isinstance(raw, list | tuple):
            yield from (Part(one, other, item) for one, other in zip(part.raw, part.json, strict=True))
        case TupleOf(items=items) if isinstance(raw, tuple):
            yield from map(Part, part.raw, part.json, items)
        case MappingOf(value=inner) if isinstance(raw, dict):
            pairs = zip(part.raw.values(), part.json.values(), strict=True)
            yield from (Part(one, other, inner) for one, other in pairs)
        case Named(id=id_) if isinstance(newtype := types[id_], NewTypeDefinition):
            yield Part(part.raw, part.json, newtype.type)
        case _:
            pass
