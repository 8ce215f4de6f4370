"""Equivalent differences between the contract of live functions and the contract of their source.

Defaults that the source leaves to the worker have a value in this process. Members of unions and values of
literals may be in a different order, because `typing` caches: the first `Optional[Literal["a", "b"]]` in a
process determines the order of all later ones.
"""

from collections.abc import Mapping
from typing import TypeVar

import msgspec
from msgspec.structs import replace

from boilermaker.contract.definitions import (
    BY_WORKER,
    Definition,
    Field,
    NewTypeDefinition,
    RecordDefinition,
)
from boilermaker.contract.tasks import Contract, Parameter, TaskContract
from boilermaker.contract.types import LiteralOf, Type, UnionOf, with_parts

_Item = TypeVar("_Item", Parameter, Field)


def agreed(live: Contract, source: Contract) -> Contract:
    """The live contract, rewritten as the source has it where both mean the same.

    A default that the source leaves to the worker matches any value. The reverse is a difference: a default
    in the source must be the worker's too. A type whose unions and literals have the same members is written
    as in the source.
    """
    tasks = {task.name: task for task in source.tasks}
    return replace(
        live,
        tasks=tuple(_task(task, tasks.get(task.name)) for task in live.tasks),
        types={id_: _definition(definition, source.types.get(id_)) for id_, definition in live.types.items()},
    )


def _task(live: TaskContract, source: TaskContract | None) -> TaskContract:
    if source is None:
        return live
    parameters = _items(live.parameters, {p.name: p for p in source.parameters})
    return replace(live, parameters=parameters, result=_spelled(live.result, source.result))


def _definition(live: Definition, source: Definition | None) -> Definition:
    match live, source:
        case RecordDefinition(), RecordDefinition():
            return replace(live, fields=_items(live.fields, {f.name: f for f in source.fields}))
        case NewTypeDefinition(), NewTypeDefinition():
            return replace(live, type=_spelled(live.type, source.type))
        case _:
            return live


def _items(live: tuple[_Item, ...], source: Mapping[str, _Item]) -> tuple[_Item, ...]:
    return tuple(_item(item, source[item.name]) if item.name in source else item for item in live)


def _item(live: _Item, source: _Item) -> _Item:
    is_left = live.default is not None and source.default == BY_WORKER
    return replace(
        live, type=_spelled(live.type, source.type), default=BY_WORKER if is_left else live.default
    )


def _spelled(live: Type, source: Type) -> Type:
    return source if live != source and _ordered(live) == _ordered(source) else live


def _ordered(type_: Type) -> Type:
    """A type with the members of its unions and literals in an order that does not depend on how it was written."""
    match type_:
        case LiteralOf(values=values):
            return LiteralOf(values=tuple(sorted(values, key=lambda v: (type(v).__name__, str(v)))))
        case UnionOf(members=members):
            return UnionOf(members=tuple(sorted(map(_ordered, members), key=msgspec.json.encode)))
        case _:
            return with_parts(type_, _ordered)
