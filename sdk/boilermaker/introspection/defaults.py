"""Defaults of live functions and classes: their form on the wire, and the value that a handler gets."""

import copy
import dataclasses
import enum
import typing
from collections.abc import Callable, Collection, Mapping
from typing import Any, cast

import msgspec

from boilermaker.contract import BY_WORKER, AnyDefault, Default
from boilermaker.introspection import attrs_classes
from boilermaker.payload import finite

_MAKERS = (list, dict, set, frozenset, tuple, bytearray)


def described(value: Any) -> AnyDefault:
    """A default in its wire form; one that has no JSON representation is never sent."""
    try:
        plain = msgspec.json.decode(
            msgspec.json.encode(msgspec.to_builtins(_by_value(value), str_keys=True, order="deterministic"))
        )
    except (TypeError, ValueError, RecursionError):
        return BY_WORKER
    return BY_WORKER if finite.is_altered(value) else Default(value=plain)


def _by_value(value: Any) -> Any:
    """The same value on the wire, with enum members replaced by their values, because a set of members has no stable order.

    A value without members is returned unchanged: whether msgspec omits a field depends on the identity of its value.
    """
    if isinstance(value, enum.Enum):
        return value.value
    if isinstance(value, dict):
        pairs: dict[Any, Any] = value  # pyright: ignore[reportUnknownVariableType]
        changed = {_by_value(k): _by_value(v) for k, v in pairs.items()}
        before, after = [*pairs, *pairs.values()], [*changed, *changed.values()]
        return changed if _is_changed(after, before) else pairs
    if isinstance(value, list | set | frozenset | tuple):
        collection: Any = value  # pyright: ignore[reportUnknownVariableType]
        items = list(collection)
        plain = [_by_value(item) for item in items]
        kind: Any = type(collection)  # pyright: ignore[reportUnknownVariableType]
        make = getattr(kind, "_make", kind)  # a NamedTuple takes no list
        return make(plain) if _is_changed(plain, items) else collection
    names = _fields(value) or ()
    before = [getattr(value, name, None) for name in names]
    after = [_by_value(given) for given in before]
    return _with(value, dict(zip(names, after, strict=True))) if _is_changed(after, before) else value


def _is_changed(after: list[Any], before: list[Any]) -> bool:
    return any(one is not other for one, other in zip(after, before, strict=True))


def _with(record: Any, values: Mapping[str, Any]) -> Any:
    """A record with other values in its fields, without running its class's code."""
    made = copy.copy(record)
    for name, value in values.items():
        if value is not getattr(record, name, None):
            _set(made, name, value)
    return made


def _set(record: Any, name: str, value: Any) -> None:
    if isinstance(record, msgspec.Struct):
        msgspec.structs.force_setattr(record, name, value)
    else:
        object.__setattr__(record, name, value)


def made_by(factory: Callable[[], Any]) -> AnyDefault:
    """The value that a factory creates, if calling it has no side effects: a builtin type, or a lambda."""
    made = typing.get_origin(factory) or factory
    if getattr(factory, "__name__", "") != "<lambda>" and not any(made is known for known in _MAKERS):
        return BY_WORKER
    try:
        return described(factory())
    except Exception:  # noqa: BLE001 - users' code; it will fail again when a message needs it
        return BY_WORKER


def is_carried(value: Any, annotation: Any) -> bool:
    """Whether a default is valid for its type on the wire; one that is not (a sentinel, NaN) is never sent."""
    plain = described(value)
    if plain == BY_WORKER:
        return False
    try:
        msgspec.json.decode(msgspec.json.encode(plain.value), type=annotation)
    except Exception:  # noqa: BLE001 - reading it may run users' code
        return False
    return True


def fresh(value: Any) -> Any:
    """A default for one call, copied if it is mutable: handlers must not share it."""
    return copy.deepcopy(value) if may_change(value) else value


def may_change(value: Any) -> bool:
    """Whether a default is or contains a mutable object."""
    if isinstance(value, list | dict | set | bytearray):
        return True
    if isinstance(value, tuple | frozenset):
        return any(map(may_change, cast("Collection[object]", value)))
    names = _fields(value)
    return names is not None and (
        not _is_frozen(value) or any(may_change(getattr(value, name, None)) for name in names)
    )


def _fields(value: Any) -> tuple[str, ...] | None:
    """The fields of a record; None for anything else."""
    if isinstance(value, type):
        return None
    if isinstance(value, msgspec.Struct):
        return value.__struct_fields__
    if dataclasses.is_dataclass(value):
        return tuple(field.name for field in dataclasses.fields(value))
    attributes: tuple[Any, ...] | None = getattr(cast("Any", type(value)), "__attrs_attrs__", None)
    return None if attributes is None else tuple(attribute.name for attribute in attributes)


def _is_frozen(record: Any) -> bool:
    if isinstance(record, msgspec.Struct):
        return bool(record.__struct_config__.frozen)
    if dataclasses.is_dataclass(record):
        return bool(cast("Any", record).__dataclass_params__.frozen)
    return attrs_classes.is_frozen(type(record))
