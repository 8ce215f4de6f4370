"""Which member of a union decodes a value: msgspec chooses by the JSON token."""

import math
from collections.abc import Callable
from functools import cached_property

from boilermaker.contract import Container, LiteralOf, Scalar, TupleOf, Type
from boilermaker.evolution import flags, leaves
from boilermaker.evolution.leaves import Token, Value
from boilermaker.evolution.views import Bare, as_written

_SETS = frozenset({"set", "MutableSet", "frozenset", "Set"})
_NONE, _ANY, _FLOAT = Scalar(name="none"), Scalar(name="any"), Scalar(name="float")
_NO_EXACT_INTS = frozenset({"float", "decimal"})

FINITE: dict[Type, tuple[Value, ...]] = {_NONE: (None,), Scalar(name="bool"): (False, True)}

Tag = tuple[str, str | int]
Takes = Callable[[Value], bool]


class Members:
    """The members of a union, or a single type, as one side of a comparison, indexed for lookup."""

    def __init__(self, members: tuple[Bare, ...]) -> None:
        self.all = members
        self._found: dict[Token, tuple[Bare, ...]] = {}
        self._takers: dict[Token, list[Takes]] = {}

    @cached_property
    def types(self) -> frozenset[Type]:
        """Their types."""
        return frozenset(member.type for member in self.all)

    @cached_property
    def have_values(self) -> bool:
        """Whether all have finitely many named values."""
        return all(member.values is not None for member in self.all)

    @cached_property
    def is_open(self) -> bool:
        """Whether one is an enum that may accept other values too."""
        return any(member.is_open for member in self.all)

    @cached_property
    def is_tag_needed(self) -> bool:
        """Whether records are distinguished by their tags."""
        return sum(member.record is not None for member in self.all) > 1

    @cached_property
    def records(self) -> frozenset[str]:
        """The names of the records."""
        return frozenset(name_of(member) for member in self.all if member.record is not None)

    @cached_property
    def size(self) -> int:
        """The number of members, without None: of `T | None`, T is the type."""
        return sum(member.type != _NONE for member in self.all)

    @cached_property
    def _by_token(self) -> dict[Token, tuple[Bare, ...]]:
        found: dict[Token, list[Bare]] = {}
        for member in self.all:
            for token in _tokens(member):
                found.setdefault(token, []).append(member)
        return {token: tuple(members) for token, members in found.items()}

    @cached_property
    def _by_tag(self) -> dict[tuple[Token, Tag], Bare]:
        found: dict[tuple[Token, Tag], Bare] = {}
        for member in self.all:
            if (tag := _tag_of(member)) is not None:
                found.setdefault((token_of(member), tag), member)
        return found

    def reading(self, token: Token) -> tuple[Bare, ...]:
        """The members that decode a token: an int is decoded as a float only if no member decodes ints only."""
        if token not in self._found:
            self._found[token] = self._chosen_by(token)
        return self._found[token]

    def _chosen_by(self, token: Token) -> tuple[Bare, ...]:
        found = self._by_token.get(token, ())
        if token not in ("int", "float"):
            return found
        exact = tuple(r for r in found if not (isinstance(r.type, Scalar) and r.type.name in _NO_EXACT_INTS))
        return exact or tuple(r for r in found if r.type == _FLOAT) or found

    def chosen(self, writer: Bare) -> Bare | None:
        """The member that decodes a record: the only one, or the one with its tag."""
        token = token_of(writer)
        readers, tag = self.reading(token), _tag_of(writer)
        if len(readers) == 1:
            return readers[0]
        return None if tag is None else self._by_tag.get((token, tag))

    def take(self, value: Value) -> bool:
        """Whether one of them accepts a value."""
        token = leaves.token_of(value)
        if token not in self._takers:
            self._takers[token] = [_taker(r, leaves.taker) for r in self.reading(token)]
        return any(takes(value) for takes in self._takers[token])

    @cached_property
    def _key_takers(self) -> list[Takes]:
        return [_taker(member, leaves.key_taker, is_key=True) for member in self.all]

    def take_key(self, value: Value) -> bool:
        """Whether one of them accepts a value as the key of an object."""
        return any(takes(value) for takes in self._key_takers)

    @cached_property
    def listed(self) -> int:
        """The number of named values, without combinations of flags."""
        return sum(len(member.values or ()) for member in self.all if member.mask is None)

    def take_all(self, numbers: range) -> bool:
        """Whether types with named values accept all of these integers."""
        masks = [member.mask for member in self.all if member.mask is not None]
        if any(numbers.start >= 0 and _last(numbers) <= mask and not mask & (mask + 1) for mask in masks):
            return True
        return _last(numbers) - numbers.start < self.listed * numbers.step and all(map(self.take, numbers))

    def have_flags(self, mask: int) -> bool:
        """Whether one of them is flags that have all of these bits."""
        return any(member.mask is not None and not mask & ~member.mask for member in self.all)


def _last(numbers: range) -> int:
    return numbers.stop - 1


def _taker(reader: Bare, of_scalar: Callable[..., Takes], *, is_key: bool = False) -> Takes:
    if reader.values is None:
        if not isinstance(reader.type, Scalar):
            return lambda _: False
        return of_scalar(reader.type, reader.limits)
    if reader.mask is not None:
        mask = reader.mask
        return lambda value: flags.is_combination(_number(value) if is_key else value, mask)
    if is_key:
        texts = frozenset(map(str, reader.values))
        return lambda value: str(value) in texts
    known = frozenset((type(value), value) for value in reader.values)
    return lambda value: (type(value), value) in known


def _number(key: Value) -> Value:
    """A key as the number that it represents, if any."""
    is_number = isinstance(key, str) and key.removeprefix("-").isdecimal()
    return int(key) if isinstance(key, str) and is_number else key


def reads_any_key(reader: Bare, written: Type) -> bool:
    """Whether all keys of a type are accepted: any string is, and a quoted decimal is like a float."""
    is_number = written == Scalar(name="decimal") and reader.type == _FLOAT
    return reader.limits is None and (reader.type in (Scalar(name="str"), _ANY) or is_number)


def token_of(bare: Bare) -> Token:
    """The token that a type is written as."""
    if bare.record is not None:
        is_array = bare.record.array_like or bare.record.style == "namedtuple"
        return "array" if is_array else "object"
    match bare.type:
        case Scalar(name=name):
            return leaves.written(name)
        case Container() | TupleOf():
            return "array"
        case _:
            return "object"


def _tokens(reader: Bare) -> frozenset[Token]:
    if reader.values is not None:
        return frozenset(leaves.token_of(value) for value in reader.values)
    if isinstance(reader.type, Scalar):
        return leaves.read(reader.type.name)
    return frozenset({token_of(reader)})


def are_unions(one: Members, other: Members) -> bool:
    """Whether both sides are unions, and one of them is more than a type and None."""
    return min(len(one.all), len(other.all)) > 1 and max(one.size, other.size) > 1


def _tag_of(bare: Bare) -> Tag | None:
    return None if bare.record is None else as_written(bare.record).tag


def items_of(bare: Bare) -> tuple[tuple[float, float], tuple[Type, ...]]:
    """The minimum and maximum number of items, and their types."""
    if isinstance(bare.type, TupleOf):
        return (len(bare.type.items), len(bare.type.items)), bare.type.items
    item = bare.type.item if isinstance(bare.type, Container) else _ANY
    return leaves.length_of(bare.limits), (item,)


def is_set(type_: Type) -> bool:
    """Whether a type holds no item twice."""
    return isinstance(type_, Container) and type_.container in _SETS


def name_of(bare: Bare) -> str:
    """A name for people."""
    if bare.id:
        return bare.id.rpartition(".")[2]
    match bare.type:
        case Scalar(name=name):
            return name
        case Container(container=name):
            return name
        case LiteralOf():
            return "Literal"
        case _:
            return "tuple" if math.isfinite(items_of(bare)[0][1]) else "dict"
