"""Hypothesis strategies for payloads, results and the types in them, as msgspec describes them."""

from collections.abc import Callable
from functools import lru_cache
from typing import Any

import msgspec
from hypothesis import strategies as st
from msgspec import inspect as shapes

from boilermaker.testing.depths import RECORDS, Depths, Record, may_be_left_out
from boilermaker.testing.scalars import HASHABLE, JSON_KEY, Strategy, scalar, size

_DEPTH = 3  # nested records; optional parts below this depth are omitted
_MAKE: dict[Any, Callable[[Any], object]] = {
    shapes.SetType: set,
    shapes.FrozenSetType: frozenset,
    shapes.VarTupleType: tuple,
}


def values(type_: Any) -> Strategy:
    """Values of a type: a payload struct, a result, or any annotation that a task may have.

    Values satisfy the constraints of `msgspec.Meta`, recursive types end, and optional fields are sometimes omitted.
    Floats are finite, texts have a UTF-8 form and time zone offsets are whole minutes, so every value can be published.

        @given(values(accounts_stubs.payloads.CreateUser))
        def test_...(payload): ...

    Raises:
        TypeError: msgspec does not support the type, or no value of it is finite.
    """
    return _strategy(type_)


@lru_cache(maxsize=1024)
def _strategy(type_: Any) -> Strategy:
    info = shapes.type_info(type_)
    depths = Depths(info)
    if depths.of(info) == float("inf"):
        raise TypeError(f"every value of {type_!r} contains another value of it: no value is finite")
    return _Drawing(depths).of(info, max(_DEPTH, int(depths.of(info))))


class _Drawing:
    """Strategies of one type and its parts, cached by remaining depth and by whether values must be hashable.

    `is_hashed` is True for the items of a set: values for `Any` must be hashable there.
    """

    def __init__(self, depths: Depths) -> None:
        self._depths = depths
        self._made: dict[tuple[int, int, bool], Strategy] = {}

    def of(self, info: shapes.Type, left: int, *, is_hashed: bool = False) -> Strategy:
        match info:
            case shapes.Metadata(type=inner):
                return self.of(inner, left, is_hashed=is_hashed)
            case shapes.UnionType(types=members):
                possible = [m for m in members if self._depths.of(m) <= left]
                return st.one_of([self.of(member, left, is_hashed=is_hashed) for member in possible])
            case shapes.TupleType(item_types=items):
                return st.tuples(*(self.of(item, left, is_hashed=is_hashed) for item in items))
            case shapes.DictType():
                return self._mapping(info, left)
            case shapes.AnyType() if is_hashed:
                return HASHABLE
            case _ if isinstance(info, RECORDS):
                return self._record(info, left, is_hashed=is_hashed)
            case _ if (item := getattr(info, "item_type", None)) is not None:
                return self._collection(info, item, left, is_hashed=is_hashed)
            case _:
                return scalar(info)

    def _collection(self, info: Any, item: shapes.Type, left: int, *, is_hashed: bool) -> Strategy:
        is_set = isinstance(info, shapes.SetType | shapes.FrozenSetType)
        least, most = info.min_length or 0, self._most(info, item, left)
        items = self.of(item, left, is_hashed=is_hashed or is_set) if most else st.nothing()
        if is_set:
            return st.sets(items, min_size=least, max_size=most).map(_MAKE[type(info)])
        return st.lists(items, min_size=least, max_size=most).map(_MAKE.get(type(info), list))

    def _mapping(self, info: shapes.DictType, left: int) -> Strategy:
        most = min(self._most(info, part, left) for part in (info.key_type, info.value_type))
        key = JSON_KEY if isinstance(info.key_type, shapes.AnyType) else self._key(info.key_type, left)
        value = self.of(info.value_type, left) if most else st.nothing()
        return st.dictionaries(key, value, min_size=info.min_length or 0, max_size=most)

    def _key(self, info: shapes.Type, left: int) -> Strategy:
        """Keys are text in JSON: a union with a text-like member decodes as that member."""
        if not isinstance(info, shapes.UnionType):
            return self.of(info, left, is_hashed=True)
        textlike = [m for m in info.types if not isinstance(m, shapes.IntType | shapes.FloatType)]
        return st.one_of([self.of(member, left, is_hashed=True) for member in textlike or info.types])

    def _most(self, info: Any, item: shapes.Type, left: int) -> int:
        return size(info, usual=3) if self._depths.of(item) <= left else 0

    def _record(self, info: Record, left: int, *, is_hashed: bool) -> Strategy:
        key = id(info), left, is_hashed
        if key not in self._made:
            self._made[key] = st.deferred(lambda: self._fields(info, left - 1, is_hashed=is_hashed))
        return self._made[key]

    def _fields(self, info: Record, left: int, *, is_hashed: bool) -> Strategy:
        names = _init_names(info)
        needed: dict[str, Strategy] = {}
        optional: dict[str, Strategy] = {}
        for field in info.fields:
            if self._depths.of(field.type) <= left:
                chosen = optional if may_be_left_out(field) else needed
                chosen[names.get(field.name, field.name)] = self.of(field.type, left, is_hashed=is_hashed)
        drawn = st.fixed_dictionaries(needed, optional=optional)
        make: Any = info.cls
        return drawn if isinstance(info, shapes.TypedDictType) else drawn.map(lambda kept: make(**kept))


def _init_names(info: Record) -> dict[str, str]:
    """The names of attrs fields' arguments, which may differ from the fields' names: `_x` is passed as `x`."""
    attributes: tuple[Any, ...] = getattr(info.cls, "__attrs_attrs__", ())
    return {attribute.name: attribute.alias for attribute in attributes}


def arguments(payload_type: type[msgspec.Struct]) -> st.SearchStrategy[dict[str, Any]]:
    """Arguments of a call, by parameter, for a payload type.

    Arguments with a default are sometimes omitted; those whose default the worker decides are sometimes `UNSET`, which means
    the same.
    """
    needed: dict[str, Strategy] = {}
    optional: dict[str, Strategy] = {}
    for field in msgspec.structs.fields(payload_type):
        given = values(field.type)
        if field.default is msgspec.UNSET:
            given = st.one_of(given, st.just(msgspec.UNSET))
        (needed if field.required else optional)[field.name] = given
    return st.fixed_dictionaries(needed, optional=optional)
