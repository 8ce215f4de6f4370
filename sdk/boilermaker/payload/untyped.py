"""Rejects values that would silently arrive as another type: those for which no type is declared, and keys of mappings.

JSON has strings, numbers, true, false, null, arrays, and objects with string keys. If a type is declared, a value is decoded
as that type. If none is declared (`Any`, `object`, a bare `dict` or `list`), a tuple arrives as a list, a date as a string,
and only one of the keys 1 and "1". Values are checked in one pass before they are sent; types without such a part are skipped.
"""

import datetime as dt
import decimal
import enum
import typing
import uuid
from collections.abc import Collection, Iterable, Mapping, Sequence
from functools import lru_cache
from typing import Any, NamedTuple, cast

import msgspec
from msgspec import inspect as shapes

from boilermaker.payload.parts import RECORDS, Record, all_of, field_names, inside

_ANY = shapes.AnyType()
_LEAVES = (str, int, float, type(None), msgspec.UnsetType)
"""Types that arrive unchanged, including enum members that are strings or numbers, and values omitted from their record."""
_NO_TYPE = "where no type is declared; declare one, or give"
_TEXT_KEY = "arrives as a text; give texts, or declare the keys' type"
_COLLISION = "two of its keys are the same text, so one entry would be lost; give keys of one type"

# What a value arrives as, by its type: the first match applies.
_BECOMES: tuple[tuple[tuple[type, ...], str], ...] = (
    ((enum.Enum,), "its value"),
    ((tuple, set, frozenset), "a list"),
    ((bytes, bytearray, memoryview), "a text in base64"),
    ((dt.date, dt.time, dt.timedelta, uuid.UUID, decimal.Decimal), "a text"),
)


def changes(payload_type: type[msgspec.Struct], given: Mapping[str, object]) -> tuple[str, ...]:
    """A sentence for each argument with a part that would arrive as another type, with its path."""
    watch = _watch(payload_type)
    if watch is None:
        return ()
    found = (
        watch.change(field.encode_name, given[field.encode_name], field.type)
        for field in cast("shapes.StructType", watch.info).fields
        if field.encode_name in given and watch.is_watched(field.type)
    )
    return tuple(problem for problem in found if problem is not None)


def change_of_result(value: object, type_: Any) -> str | None:
    """The same for a result; None if it arrives unchanged."""
    watch = _watch(type_)
    return None if watch is None else watch.change("the result", value, watch.info)


@lru_cache(maxsize=4096)
def _watch(type_: Any) -> "_Watch | None":
    """The parts of a type whose values are checked; None if there are none."""
    watch = _Watch(shapes.type_info(type_))
    return watch if watch.is_watched(watch.info) else None


class _Place(NamedTuple):
    """A part of a value, and the type that is declared for it.

    Attributes:
        holder: the place that contains it; None for the whole value.
        step: its field or index there; the name of the whole value.
    """

    holder: "_Place | None"
    step: str | int
    value: object
    info: shapes.Type

    def path(self) -> str:
        """The path to it; built only for an error, because paths of deep values are long."""
        steps: list[str] = []
        place: _Place | None = self
        while place is not None:
            steps.append(f"[{place.step}]" if isinstance(place.step, int) else place.step)
            place = place.holder
        return "".join(reversed(steps))


class _Watch:
    """A type, and which of its parts contain an untyped part or a mapping."""

    def __init__(self, info: shapes.Type) -> None:
        self.info = info
        self._watched: set[int] = set()
        holders: dict[int, list[int]] = {}
        waiting: list[int] = []
        for part in all_of(info):
            for inner in inside(part):
                holders.setdefault(id(inner), []).append(id(part))
            if _is_untyped(part) or isinstance(part, shapes.DictType):
                waiting.append(id(part))
        while waiting:
            part_id = waiting.pop()
            if part_id not in self._watched:
                self._watched.add(part_id)
                waiting.extend(holders.get(part_id, ()))

    def is_watched(self, info: shapes.Type) -> bool:
        """Whether values of this part must be checked."""
        return id(info) in self._watched or info is _ANY

    def change(self, name: str, value: object, info: shapes.Type) -> str | None:
        """A sentence for the first part of a value that would arrive as another type. Not recursive, because values may be deep."""
        waiting = [_Place(None, name, value, info)]
        while waiting:
            place = waiting.pop()
            if (why := _change(place)) is not None:
                return f"{place.path()}: {why}"
            waiting.extend(self._parts(place))
        return None

    def _parts(self, place: _Place) -> Iterable[_Place]:
        """The parts of a value that must be checked, each with its declared type."""
        value, info = place.value, _chosen(place.value, place.info)
        if isinstance(value, _LEAVES):
            return
        for step, item, item_info in _parts(value, info):
            if not isinstance(item, _LEAVES) and self.is_watched(item_info):
                yield _Place(place, step, item, item_info)


def _is_untyped(info: shapes.Type) -> bool:
    return isinstance(info, shapes.AnyType) or (isinstance(info, shapes.CustomType) and info.cls is object)


def _change(place: _Place) -> str | None:
    """What the value itself, or its keys, would arrive as; its parts are not checked here."""
    info = _chosen(place.value, place.info)
    if _is_untyped(info) and (becomes := _becomes(place.value)) is not None:
        return f"a `{type(place.value).__qualname__}` arrives as {becomes} {_NO_TYPE} {becomes}"
    if _is_untyped(info) or isinstance(info, shapes.DictType):
        return _keys_change(place.value, info)
    return None


def _becomes(value: object) -> str | None:
    """What a value arrives as if no type is declared; None if it is unchanged."""
    if isinstance(value, (*_LEAVES, list, dict)):
        return None
    kind: Any = type(value)
    made = "a dict" if field_names(kind) else "what travels for it"
    return next((becomes for types, becomes in _BECOMES if isinstance(value, types)), made)


def _keys_change(value: object, info: shapes.Type) -> str | None:
    if not isinstance(value, Mapping):
        return None
    mapping = cast("Mapping[object, object]", value)
    kinds: set[type[object]] = {type(key) for key in mapping}
    if kinds <= {str}:
        return None
    if _takes_texts(info.key_type if isinstance(info, shapes.DictType) else _ANY):
        other = next((kind for kind in kinds if not issubclass(kind, str)), None)
        return None if other is None else f"a key of type `{other.__qualname__}` {_TEXT_KEY}"
    if len(kinds) == 1:  # unequal keys of one type are different strings
        return None
    texts = msgspec.to_builtins(dict.fromkeys(mapping), str_keys=True, enc_hook=repr)
    return _COLLISION if len(texts) < len(mapping) else None


def _takes_texts(key: shapes.Type) -> bool:
    """Whether a key of this declared type always arrives as a string."""
    if isinstance(key, shapes.Metadata):
        return _takes_texts(key.type)
    if isinstance(key, shapes.UnionType):
        return any(map(_takes_texts, key.types))
    return _is_untyped(key) or isinstance(key, shapes.StrType)


_Part = tuple[str | int, object, shapes.Type]


def _parts(value: object, info: shapes.Type) -> Iterable[_Part]:
    """The parts of a value: field or index, value and declared type of each."""
    if isinstance(info, RECORDS):
        return _fields(value, info)
    if isinstance(info, shapes.DictType):
        return (("[...]", item, info.value_type) for item in _entries(value).values())
    if _is_untyped(info) and isinstance(value, dict):
        return (("[...]", item, _ANY) for item in cast("dict[object, object]", value).values())
    if not isinstance(value, list | tuple | set | frozenset):
        return ()
    items = cast("Collection[object]", value)
    if isinstance(info, shapes.TupleType):
        return ((at, *both) for at, both in enumerate(zip(items, info.item_types, strict=False)))
    item_info: shapes.Type = getattr(info, "item_type", _ANY)
    return ((at, item, item_info) for at, item in enumerate(items))


def _fields(value: object, info: Record) -> Iterable[_Part]:
    """The fields of a record, which may be given as an object, a list or a mapping."""
    if isinstance(value, list | tuple):
        items = iter(cast("Collection[object]", value))
        if isinstance(info, shapes.StructType) and info.tag is not None:
            next(items, None)
        return ((f".{field.name}", item, field.type) for field, item in zip(info.fields, items, strict=False))
    entries = _entries(value)
    return (
        (f".{field.name}", entries[field.encode_name], field.type)
        for field in info.fields
        if field.encode_name in entries
    )


def _entries(value: object) -> Mapping[object, object]:
    """A mapping, or the fields of a record by their names on the wire."""
    if isinstance(value, Mapping):
        return cast("Mapping[object, object]", value)
    kind: Any = type(value)
    wire: tuple[str, ...] = getattr(kind, "__struct_encode_fields__", ()) or field_names(kind)
    return {name: getattr(value, own, None) for own, name in zip(field_names(kind), wire, strict=True)}


def _chosen(value: object, info: shapes.Type) -> shapes.Type:
    """The member of a union that a value matches; the union itself if it matches none that has parts."""
    while isinstance(info, shapes.Metadata):
        info = info.type
    if not isinstance(info, shapes.UnionType):
        return info
    members = [member.type if isinstance(member, shapes.Metadata) else member for member in info.types]
    if any(map(_is_untyped, members)):
        return _ANY
    is_row = isinstance(value, list | tuple | set | frozenset)
    fitting = [member for member in members if inside(member) and _is_row(member) == is_row]
    exact = (member for member in members if _is_meant(value, member))
    return next(exact, fitting[0] if fitting else info)


def _is_row(info: shapes.Type) -> bool:
    """Whether a member of a union is encoded as a JSON array."""
    if isinstance(info, shapes.StructType):
        return info.array_like
    return not isinstance(info, shapes.DictType | shapes.DataclassType | shapes.TypedDictType)


def _is_meant(value: object, info: shapes.Type) -> bool:
    """Whether a value is an object of this member's class, or has its tag."""
    cls: Any = getattr(info, "cls", None)
    if type(value) is (typing.get_origin(cls) or cls):
        return True
    if not isinstance(info, shapes.StructType) or info.tag is None:
        return False
    if info.array_like:
        return isinstance(value, list | tuple) and cast("Sequence[object]", value)[:1] in (
            [info.tag],
            (info.tag,),
        )
    return (
        isinstance(value, Mapping) and cast("Mapping[object, object]", value).get(info.tag_field) == info.tag
    )
