"""The parts of values and of types, as msgspec sees them: the traversals that all checks of payloads share."""

from collections.abc import Collection, Iterable, Iterator, Mapping
from functools import lru_cache
from typing import Any, cast

from msgspec import inspect as shapes


def parts_of(path: str, value: object) -> Iterable[tuple[str, object]]:
    """The parts of a value as msgspec encodes it, keys of mappings included, each with its path."""
    if isinstance(value, list | tuple | set | frozenset):
        items = cast("Collection[object]", value)
        return ((f"{path}[{index}]", item) for index, item in enumerate(items))
    if isinstance(value, Mapping):
        entries = cast("Mapping[object, object]", value)
        return ((f"{path}[...]", item) for entry in entries.items() for item in entry)
    return ((f"{path}.{name}", getattr(value, name, None)) for name in field_names(type(value)))  # type: ignore[arg-type]  # mypy takes an object's `__hash__` for its class's


@lru_cache(maxsize=4096)
def field_names(cls: type[Any]) -> tuple[str, ...]:
    """The fields of a Struct, a dataclass or an attrs class; no other object, such as an enum member, has encoded fields."""
    attributes: tuple[Any, ...] = getattr(cls, "__attrs_attrs__", ())
    return tuple(
        getattr(cls, "__struct_fields__", None)
        or getattr(cls, "__dataclass_fields__", None)
        or (attribute.name for attribute in attributes)
    )


RECORDS = (shapes.StructType, shapes.DataclassType, shapes.TypedDictType, shapes.NamedTupleType)
Record = shapes.StructType | shapes.DataclassType | shapes.TypedDictType | shapes.NamedTupleType


@lru_cache(maxsize=4096)
def holds(type_: Any, kinds: tuple[type[shapes.Type], ...]) -> bool:
    """Whether a type or a part of it is of one of these kinds: checks for these kinds can be skipped otherwise."""
    return any(isinstance(info, kinds) for info in all_of(shapes.type_info(type_)))


def all_of(info: shapes.Type) -> Iterator[shapes.Type]:
    """A type and all types within it, each once, because types may be recursive."""
    waiting, seen = [info], {id(info)}
    while waiting:
        found = waiting.pop()
        yield found
        for inner in inside(found):
            if id(inner) not in seen:
                seen.add(id(inner))
                waiting.append(inner)


def inside(info: shapes.Type) -> tuple[shapes.Type, ...]:
    """The types directly within a type."""
    match info:
        case shapes.UnionType(types=parts) | shapes.TupleType(item_types=parts):
            return parts
        case shapes.DictType(key_type=key, value_type=value):
            return (key, value)
        case shapes.Metadata(type=inner):
            return (inner,)
        case _ if isinstance(info, RECORDS):
            return tuple(field.type for field in info.fields)
        case _:
            item: shapes.Type | None = getattr(info, "item_type", None)
            return () if item is None else (item,)
