"""Generic records: substitution of arguments for parameters.

The contract contains a generic once, as written; code that needs the wire form uses this module.
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import NamedTuple

from msgspec.structs import replace

from boilermaker.contract.definitions import Definition, NewTypeDefinition, RecordDefinition
from boilermaker.contract.types import (
    Constrained,
    Named,
    Type,
    Variable,
    with_parts,
    within,
)

Bindings = Mapping[str, Type]


def definition_of(named: Named, types: Mapping[str, Definition]) -> Definition:
    """The definition of a named type; for a generic record, with its arguments substituted.

    Raises:
        KeyError: it is not defined.
    """
    definition = types[named.id]
    if not isinstance(definition, RecordDefinition) or not definition.parameters:
        return definition
    return bound(definition, named.arguments)


def bound(record: RecordDefinition, arguments: Iterable[Type]) -> RecordDefinition:
    """A generic record with types substituted for its parameters; the name is kept."""
    bindings = dict(zip(record.parameters, arguments, strict=True))
    fields = tuple(replace(field, type=substituted(field.type, bindings)) for field in record.fields)
    return replace(record, fields=fields, parameters=())


def substituted(type_: Type, bindings: Bindings) -> Type:
    """A type with its variables substituted; unbound variables are kept."""
    if not bindings:
        return type_
    match type_:
        case Variable(name=name):
            return bindings.get(name, type_)
        case Constrained(type=inner):
            return _constrained(type_, substituted(inner, bindings))
        case _:
            return with_parts(type_, lambda part: substituted(part, bindings))


def _constrained(outer: Constrained, inner: Type) -> Type:
    """Constraints around a type that has constraints itself: merged, unless one is set twice, which is not supported."""
    if not isinstance(inner, Constrained):
        return replace(outer, type=inner)
    limits, others = _limits(inner), _limits(outer)
    if limits.keys() & others.keys():
        return replace(outer, type=inner)
    return replace(inner, **others)


def _limits(type_: Constrained) -> dict[str, object]:
    values = {name: getattr(type_, name) for name in type_.__struct_fields__ if name != "type"}
    return {name: value for name, value in values.items() if value is not None}


def variables_in(type_: Type) -> tuple[str, ...]:
    """Names of the variables in a type, in source order, each once."""
    return tuple(dict.fromkeys(part.name for part in within(type_) if isinstance(part, Variable)))


def records_in(type_: Type, types: Mapping[str, Definition]) -> Iterator[tuple[Named, RecordDefinition]]:
    """All records in a type, nested ones included, with arguments substituted. None may grow."""
    seen: set[Named] = set()
    waiting = [type_]
    while waiting:
        for part in within(waiting.pop()):
            if not isinstance(part, Named) or part in seen or part.id not in types:
                continue
            seen.add(part)
            definition = definition_of(part, types)
            if isinstance(definition, RecordDefinition):
                yield part, definition
                waiting.extend(field.type for field in definition.fields)
            elif isinstance(definition, NewTypeDefinition):
                waiting.append(definition.type)


def growing(types: Mapping[str, Definition]) -> tuple[str, Named] | None:
    """A record that contains itself with ever larger arguments (`Tree[list[T]]` in `Tree[T]`), and where; None if there is none.

    The rule of ECMA-335, II.9.2: in a cycle, parameters are passed on only as they are, never as a part of another type.
    """
    handed: dict[_Place, list[_Handed]] = {}
    for id_, definition in types.items():
        if isinstance(definition, RecordDefinition) and definition.parameters:
            for variable, edge in _handed_on(definition, types):
                handed.setdefault((id_, variable), []).append(edge)
    for start, edges in handed.items():
        for edge in edges:
            if edge.is_part and _reaches(edge.to, start, handed):
                return start[0], edge.type
    return None


_Place = tuple[str, str]  # a record's id and one of its parameters


class _Handed(NamedTuple):
    to: _Place
    type: Named
    is_part: bool


def _handed_on(record: RecordDefinition, types: Mapping[str, Definition]) -> Iterator[tuple[str, _Handed]]:
    """Each parameter that a record passes on, with its target."""
    for part in (part for field in record.fields for part in within(field.type)):
        if not isinstance(part, Named) or not isinstance(generic := types.get(part.id), RecordDefinition):
            continue
        for parameter, argument in zip(generic.parameters, part.arguments, strict=False):
            for variable in variables_in(argument):
                yield variable, _Handed((part.id, parameter), part, not isinstance(argument, Variable))


def _reaches(start: _Place, goal: _Place, handed: Mapping[_Place, list[_Handed]]) -> bool:
    seen: set[_Place] = set()
    waiting = [start]
    while waiting:
        at = waiting.pop()
        if at == goal:
            return True
        if at not in seen:
            seen.add(at)
            waiting.extend(edge.to for edge in handed.get(at, ()))
    return False
