"""The values that an enum or a Literal allows, for error messages: they are part of the contract, not of a payload."""

import re
from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache
from typing import Any

from msgspec import inspect

_MOST = 20  # values that a message lists
_STEP = re.compile(r"\.(?P<field>[^.\[]+)|\[(?P<index>\d+|\.\.\.)\]")


@lru_cache(maxsize=1024)
def allowed(type_: Any, path: str) -> str | None:
    """The values allowed at a path in a type, as text: `'high', 'low'`; None if the path is not found.

    Args:
        type_: the type of the argument.
        path: from the argument to the value, in msgspec's notation: `.items[...].kind`.
    """
    try:
        found = [inspect.type_info(type_)]
    except (TypeError, NotImplementedError):
        return None
    for step in _STEP.finditer(path):
        found = [inner for outer in found for each in _alternatives(outer) for inner in _inside(each, step)]
    values = list(
        dict.fromkeys(value for each in found for one in _alternatives(each) for value in _values(one))
    )
    if not values:
        return None
    more = f" and {len(values) - _MOST:,} more" if len(values) > _MOST else ""
    return ", ".join(map(repr, values[:_MOST])) + more


def _alternatives(type_: inspect.Type) -> Iterator[inspect.Type]:
    if isinstance(type_, inspect.UnionType):
        yield from type_.types
    elif isinstance(type_, inspect.Metadata):
        yield from _alternatives(type_.type)
    else:
        yield type_


def _inside(type_: inspect.Type, step: "re.Match[str]") -> Iterator[inspect.Type]:
    name, index = step["field"], step["index"]
    if isinstance(type_, inspect.DictType):
        yield type_.value_type
    elif isinstance(type_, inspect.TupleType):
        yield from _at(type_.item_types, index)
    elif isinstance(type_, inspect.CollectionType):
        yield type_.item_type
    elif isinstance(
        type_, inspect.StructType | inspect.DataclassType | inspect.TypedDictType | inspect.NamedTupleType
    ):
        fields = type_.fields
        yield from (
            _at([field.type for field in fields], index)
            if name is None
            else [field.type for field in fields if field.encode_name == name]
        )


def _at(types: Sequence[inspect.Type], index: str | None) -> Sequence[inspect.Type]:
    """The type at an index of an array; none if the path does not contain the index."""
    return types[int(index) : int(index) + 1] if index is not None and index.isdecimal() else ()


def _values(type_: inspect.Type) -> Iterator[str | int]:
    values: Iterable[object] = ()
    if isinstance(type_, inspect.LiteralType):
        values = type_.values
    elif isinstance(type_, inspect.EnumType):
        values = (member.value for member in type_.cls)
    for value in values:
        if isinstance(value, str | int):
            yield value
