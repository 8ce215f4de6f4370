"""Checks that need the whole picture: what msgspec refuses, defaults that do not fit, names that are taken.

msgspec itself is asked: each type is built as it will be in the stubs, named types replaced by empty ones of
their kind, so that a fault is told once, where it is written.
"""

import dataclasses
import datetime as dt
import decimal
import enum
import typing
import uuid
from collections import abc
from collections.abc import Iterator, Mapping
from typing import Any

import msgspec

from boilermaker.contract import (
    Constrained,
    Container,
    Definition,
    EnumDefinition,
    LiteralOf,
    MappingOf,
    Named,
    NewTypeDefinition,
    RecordDefinition,
    Scalar,
    TupleOf,
    Type,
    UnionOf,
    named_in,
)
from boilermaker_codegen.definitions import Site
from boilermaker_codegen.problems import Problem

_SCALARS: dict[str, Any] = {
    "any": Any, "none": type(None), "bool": bool, "int": int, "float": float, "str": str, "bytes": bytes,
    "bytearray": bytearray, "datetime": dt.datetime, "date": dt.date, "time": dt.time, "timedelta": dt.timedelta,
    "uuid": uuid.UUID, "decimal": decimal.Decimal,
}  # fmt: skip
_GENERICS: dict[str, Any] = {
    "list": list, "Sequence": abc.Sequence, "MutableSequence": abc.MutableSequence, "Collection": abc.Collection,
    "Iterable": abc.Iterable, "set": set, "MutableSet": abc.MutableSet, "frozenset": frozenset, "Set": abc.Set,
    "dict": dict, "Mapping": abc.Mapping, "MutableMapping": abc.MutableMapping,
}  # fmt: skip

# What msgspec says (its words are stable across versions 0.18 to 0.22), and what we say instead.
_REFUSALS = (
    ("more than one str-like", "all travel as a JSON string, so what arrives cannot be told apart; keep one of them"),
    ("more than one array-like", "all travel as a JSON array, so what arrives cannot be told apart; keep one of them"),
    ("more than one dict-like", "all travel as a JSON object, so what arrives cannot be told apart; make them Structs with `tag=True`"),
    ("more than one dict type", "all travel as a JSON object, so what arrives cannot be told apart; keep one of them"),
    ("more than one int-like", "all travel as a JSON number, so what arrives cannot be told apart; keep one of them"),
    ("must be tagged", "these Structs cannot be told apart; give each `tag=True`"),
    ("unique `tag` values", "two of these Structs have the same tag; give each a tag of its own"),
    ("both `int` and `str` tags", "some of these Structs' tags are int and some str; make them alike"),
    ("same `tag_field`", "these Structs hold their tags in different fields; give them the same `tag_field`"),
    ("`array_like=True` and `array_like=False`", "some of these Structs are `array_like` and some are not; make them alike"),
    ("on a numeric type", "the constraint fits numbers only; put `Annotated` around the number itself, inside any union"),
    ("on a str, bytes, or collection type", "the constraint fits text, bytes and collections only; put `Annotated` around these, inside any union"),
    ("on a str type", "a pattern fits text only; put `Annotated` around the `str` itself, inside any union"),
    ("on a datetime or time type", "`tz` fits datetime and time only; put `Annotated` around these, inside any union"),
)  # fmt: skip


def check(sites: list[Site], types: Mapping[str, Definition]) -> Iterator[Problem]:
    """What is wrong with the types at these sites and the defaults beside them."""
    shapes = _Shapes(types)
    told: set[tuple[int, int]] = set()
    for site in sites:
        key = (id(site.scope.module), id(site.node))
        if key in told or not all(_is_known(id_, types) for id_ in named_in(site.type)):
            continue
        told.add(key)
        try:
            decoder = msgspec.json.Decoder(shapes.of(site.type))
        except (TypeError, ValueError) as error:
            yield from site.scope.refuse(site.node, _refusal(str(error))).problems
            continue
        if site.default is not None:
            try:
                decoder.decode(msgspec.json.encode(site.default.value))
            except (msgspec.MsgspecError, ValueError) as error:
                text = (
                    f"the default does not fit: {str(error)[:1].lower()}{str(error)[1:]}; change one of them"
                )
                yield from site.scope.refuse(site.node, text).problems


def _is_known(id_: str, types: Mapping[str, Definition]) -> bool:
    definition = types.get(id_)
    if isinstance(definition, NewTypeDefinition):
        return all(_is_known(inner, types) for inner in named_in(definition.type))
    return definition is not None


def _refusal(text: str) -> str:
    for words, remedy in _REFUSALS:
        if words in text:
            return remedy
    return f"msgspec cannot carry this type: {text.partition(' - type `')[0]}"


class _Shapes:
    """Contract types as Python types; those with names as stand-ins that have no fields."""

    def __init__(self, types: Mapping[str, Definition]) -> None:
        self._types = types
        self._made: dict[str, Any] = {}

    def of(self, type_: Type) -> Any:
        match type_:
            case Scalar(name=name):
                return _SCALARS[name]
            case LiteralOf(values=values):
                return typing.Literal[values]
            case Container(container="tuple", item=item):
                return tuple[self.of(item), ...]  # type: ignore[misc]
            case Container(container=container, item=item):
                return _GENERICS[container][self.of(item)]
            case TupleOf(items=items):
                return tuple[tuple(self.of(item) for item in items)]  # type: ignore[misc]
            case MappingOf(mapping=mapping, key=key, value=value):
                return _GENERICS[mapping][self.of(key), self.of(value)]
            case UnionOf(members=members):
                return typing.Union[tuple(self.of(member) for member in members)]  # noqa: UP007 - built from a tuple
            case Constrained(type=inner):
                limits = {name: getattr(type_, name) for name in type_.__struct_fields__ if name != "type"}
                return typing.Annotated[self.of(inner), msgspec.Meta(**limits)]
            case Named(id=id_):
                if id_ not in self._made:
                    self._made[id_] = self._stand_in(self._types[id_])
                return self._made[id_]

    def _stand_in(self, definition: Definition) -> Any:
        name = definition.name.rpartition(".")[2]
        match definition:
            case NewTypeDefinition(type=type_):
                return self.of(type_)
            case EnumDefinition(members=members):
                return enum.Enum(name, {member.name: member.value for member in members})
            case RecordDefinition(style="struct"):
                return msgspec.defstruct(
                    name,
                    [],
                    tag=definition.tag,
                    tag_field=definition.tag_field,
                    array_like=definition.array_like,
                )
            case RecordDefinition(style="namedtuple"):
                return typing.NamedTuple(name, [])
            case RecordDefinition(style="typeddict"):
                return typing.TypedDict(name, {})  # type: ignore[operator]
            case _:
                return dataclasses.make_dataclass(name, [])
