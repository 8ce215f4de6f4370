"""Places where a JSON value does not match a type of the contract: paths and the expected type, never the value."""

from collections.abc import Iterator, Mapping, Sized
from typing import Any, cast

from boilermaker.contract import (
    Container,
    EnumDefinition,
    LiteralOf,
    MappingOf,
    Scalar,
    TaskContract,
    TupleOf,
    Type,
)
from boilermaker.evolution import flags, leaves, routing, views
from boilermaker.evolution.views import Bare, Row, Types


def payload_misfits(payload: Mapping[str, object], task: TaskContract, types: Types) -> Iterator[str]:
    """The parts of a payload that a worker would reject: one sentence for each place.

    Args:
        payload: decoded JSON, by parameter.
        task: the task of the contract.
        types: the contract's definitions.
    """
    for problem in _record(dict(payload), views.payload_as_read(task), types, ""):
        yield problem.removeprefix(".")


def misfits(value: object, type_: Type, types: Types, path: str) -> Iterator[str]:
    """The parts of a value that a type rejects. For a union, the parts that the closest member rejects."""
    members = views.alternatives(type_, types)
    tried = [
        list(_bare(value, member, types, path, is_one_of_many=len(members) > 1))
        for member in _reading(value, members)
    ]
    if [] in tried:
        return
    inside = [problems for problems in tried if not any(each.startswith(f"{path}:") for each in problems)]
    if len(tried) == 1 or len(inside) == 1:
        yield from (inside or tried)[0]
    else:
        yield f"{path}: {_shown(value)} matches no member of the union"


def _reading(value: object, members: tuple[Bare, ...]) -> tuple[Bare, ...]:
    """The members that msgspec tries: a number that one of them decodes exclusively goes to no other."""
    if not (value is None or isinstance(value, bool | int | float | str)):
        return members
    if any(member.type == Scalar(name="any") for member in members):
        return members
    return routing.Members(members).reading(leaves.token_of(value)) or members


def _bare(value: object, bare: Bare, types: Types, path: str, *, is_one_of_many: bool) -> Iterator[str]:
    if bare.record is not None:
        yield from _record(value, views.as_read(bare.record, is_tag_needed=is_one_of_many), types, path)
        return
    if isinstance(bare.type, Container | MappingOf) and not _has_length(value, bare):
        yield f"{path}: does not have the length that the type requires"
    match bare.type:
        case Scalar() | LiteralOf():
            if not _takes(bare, value):
                yield f"{path}: {_shown(value)} is not {_expected(bare)}"
        case Container(item=item):
            yield from _items(value, item, types, path)
        case TupleOf(items=items):
            yield from _tuple(value, items, types, path)
        case MappingOf():
            yield from _mapping(value, bare.type, types, path)
        case _:
            yield from _enum(value, types[bare.id], path)


def _takes(bare: Bare, value: object) -> bool:
    if isinstance(bare.type, Scalar):
        return leaves.taker(bare.type, bare.limits)(cast("Any", value))
    return any(value == known and type(value) is type(known) for known in bare.values or ())


def _has_length(value: object, bare: Bare) -> bool:
    shortest, longest = leaves.length_of(bare.limits)
    return not isinstance(value, list | dict) or shortest <= len(cast("Sized", value)) <= longest


def _enum(value: object, definition: object, path: str) -> Iterator[str]:
    enum = cast("EnumDefinition", definition)
    if not _is_member(value, enum):
        yield f"{path}: is not one of the values of `{enum.name}`"


def _is_member(value: object, enum: EnumDefinition) -> bool:
    if enum.base == "Flag" and isinstance(value, int) and not isinstance(value, bool):
        return flags.is_combination(value, enum.mask)
    if enum.is_open and isinstance(value, str | int) and not isinstance(value, bool):
        return True  # only the worker knows whether its `_missing_` accepts the value
    return any(value == each.value and type(value) is type(each.value) for each in enum.members)


def _items(value: object, item: Type, types: Types, path: str) -> Iterator[str]:
    if not isinstance(value, list):
        yield f"{path}: {_shown(value)} is not an array"
        return
    items = cast("list[object]", value)
    for index, each in enumerate(items):
        yield from misfits(each, item, types, f"{path}[{index}]")


def _tuple(value: object, wanted: tuple[Type, ...], types: Types, path: str) -> Iterator[str]:
    items = cast("list[object]", value) if isinstance(value, list) else []
    if len(items) != len(wanted) or not isinstance(value, list):
        yield f"{path}: is not an array of {len(wanted)}"
        return
    for index, (each, item) in enumerate(zip(items, wanted, strict=True)):
        yield from misfits(each, item, types, f"{path}[{index}]")


def _mapping(value: object, type_: MappingOf, types: Types, path: str) -> Iterator[str]:
    if not isinstance(value, dict):
        yield f"{path}: {_shown(value)} is not an object"
        return
    members = cast("dict[str, object]", value)
    for key, each in members.items():
        if not any(_takes_key(key, bare, types) for bare in views.alternatives(type_.key, types)):
            yield f"{path}: a key is not valid"
        yield from misfits(each, type_.value, types, f"{path}[...]")


def _takes_key(key: str, bare: Bare, types: Types) -> bool:
    if isinstance(bare.type, Scalar):
        return leaves.key_taker(bare.type, bare.limits)(key)
    if isinstance(bare.type, LiteralOf):
        return key in map(str, bare.type.values)
    definition = types.get(bare.id)
    return isinstance(definition, EnumDefinition) and any(
        key == str(member.value) for member in definition.members
    )


def _record(value: object, row: Row, types: Types, path: str) -> Iterator[str]:
    if row.is_array:
        yield from _array(value, row, types, path)
        return
    if not isinstance(value, dict):
        yield f"{path}: {_shown(value)} is not an object"
        return
    fields = cast("dict[str, object]", value)
    if row.tag is not None and fields.get(row.tag[0], row.tag[1]) != row.tag[1]:
        yield f"{path}: does not have the tag of this type in `{row.tag[0]}`"
        return
    for slot in row.slots:
        found = next((name for name in (slot.wire, *slot.aliases) if name in fields), None)
        if found is not None:
            yield from misfits(fields[found], slot.type, types, f"{path}.{found}")
        elif slot.is_sure:
            yield f"{path}.{slot.wire}: missing"
    known = {name for slot in row.slots for name in (slot.wire, *slot.aliases)}
    if row.is_exact and fields.keys() - known:
        yield f"{path}: has a field that the type forbids"


def _array(value: object, row: Row, types: Types, path: str) -> Iterator[str]:
    if not isinstance(value, list):
        yield f"{path}: {_shown(value)} is not an array"
        return
    items = cast("list[object]", value)
    for index, slot in enumerate(row.slots):
        if index < len(items):
            yield from misfits(items[index], slot.type, types, f"{path}[{index}]")
        elif slot.is_sure:
            yield f"{path}[{index}]: missing"


_JSON: tuple[tuple[type, str], ...] = (
    (dict, "an object"),
    (list, "an array"),
    (str, "a string"),
    (bool, "true or false"),
    (int, "an integer"),
    (float, "a number"),
)


def _shown(value: object) -> str:
    return next((word for kind, word in _JSON if isinstance(value, kind)), "null")


def _expected(bare: Bare) -> str:
    if isinstance(bare.type, LiteralOf):
        return "a value of the Literal"
    limited = " within its limits" if bare.limits is not None else ""
    return f"of type `{bare.type.name}`{limited}" if isinstance(bare.type, Scalar) else "a valid value"
