"""Types as type checkers see them: which types may be passed where another is expected. The wire form is irrelevant here.

All comparisons are made in the stubs of the new contract, because producers' code is checked against them:
`identity` translates the types that producers wrote before the change.
"""

from collections.abc import Iterable, Iterator, Mapping
from functools import cached_property
from typing import Literal

import msgspec

from boilermaker.contract import (
    Constrained,
    Container,
    Contract,
    Definition,
    EnumDefinition,
    LiteralOf,
    MappingOf,
    Named,
    NewTypeDefinition,
    RecordDefinition,
    Scalar,
    ScalarName,
    TupleOf,
    Type,
    UnionOf,
    definition_of,
)

_IS_A: dict[str, frozenset[str]] = {
    "Sequence": frozenset({"list", "MutableSequence", "tuple"}),
    "MutableSequence": frozenset({"list"}),
    "Collection": frozenset({"list", "MutableSequence", "Sequence", "tuple", "set", "MutableSet", "frozenset", "Set"}),
    "Iterable": frozenset(
        {"list", "MutableSequence", "Sequence", "Collection", "tuple", "set", "MutableSet", "frozenset", "Set"}
    ),
    "MutableSet": frozenset({"set"}),
    "Set": frozenset({"set", "MutableSet", "frozenset"}),
    "Mapping": frozenset({"dict", "MutableMapping"}),
    "MutableMapping": frozenset({"dict"}),
}  # fmt: skip
"""By the type that is expected: the types that may be passed for it."""

_CHANGEABLE = frozenset({"list", "MutableSequence", "set", "MutableSet", "dict", "MutableMapping"})
"""Invariant: code that receives a `list[float]` may add a float to it, so a `list[int]` is not one."""

_WIDER: dict[ScalarName, frozenset[ScalarName]] = {
    "bool": frozenset({"int", "float"}),
    "int": frozenset({"float"}),
    "datetime": frozenset({"date"}),
}
_SEQUENCES = frozenset({"Sequence", "Collection", "Iterable"})
_ITEMS: dict[ScalarName, Scalar] = {
    "str": Scalar(name="str"),
    "bytes": Scalar(name="int"),
    "bytearray": Scalar(name="int"),
}
_ANY, _BOOL = Scalar(name="any"), Scalar(name="bool")
_SCALAR_OF: dict[type, ScalarName] = {bool: "bool", int: "int", str: "str", type(None): "none"}


class Checker:
    """Predicts what mypy and pyright report when one type is passed for another.

    A value that producers created for an `Any` of the old stubs may be of any type: it fits only an `Any`, in both directions.

    Args:
        contract: the contract of the stubs.
        old: whether the passed or the expected type comes from the old stubs.
    """

    def __init__(self, contract: Contract, old: Literal["given", "wanted"]) -> None:
        self._contract = contract
        self._types = contract.types
        self._old = old
        self._wants: dict[bytes, _Members] = {}

    @cached_property
    def _mirror(self) -> "Checker":
        return Checker(self._contract, "wanted" if self._old == "given" else "given")

    def fits(self, given: Type, wanted: Type) -> bool:
        """Whether a value of one type may be passed for another."""
        given, wanted = plain(given), plain(wanted)
        old, new = (given, wanted) if self._old == "given" else (wanted, given)
        if new == _ANY:
            return True
        if old == _ANY:
            return False
        if isinstance(given, UnionOf):
            return not self._unfit(given, wanted)
        if isinstance(wanted, UnionOf):
            return self._fits_one_of(given, self._members(wanted))
        return self._one(given, wanted)

    def are_same(self, one: Type, other: Type) -> bool:
        """Whether each may be passed for the other."""
        return self.fits(one, other) and self._mirror.fits(other, one)

    def _members(self, wanted: UnionOf) -> "_Members":
        key = msgspec.json.encode(wanted)  # as values `Literal[1]` and `Literal[True]` are equal
        if key not in self._wants:
            self._wants[key] = _Members(wanted)
        return self._wants[key]

    def _unfit(self, given: UnionOf, wanted: Type) -> list[Type]:
        """The members of a union that may not be passed."""
        if not isinstance(wanted, UnionOf):
            return [member for member in given.members if not self.fits(member, wanted)]
        members = self._members(wanted)
        return [member for member in given.members if not self._fits_one_of(plain(member), members)]

    def _fits_one_of(self, given: Type, members: "_Members") -> bool:
        if isinstance(given, LiteralOf):
            lost = [value for value in given.values if (type(value), value) not in members.values]
            return all(
                any(self.fits(scalar, member) for member in members.others) for scalar in _scalars_of(lost)
            )
        if given == _BOOL and {(bool, True), (bool, False)} <= members.values:
            return True  # both are written out
        return any(self.fits(given, member) for member in members.for_(given, self._types))

    def _one(self, given: Type, wanted: Type) -> bool:
        match given, wanted:
            case Scalar(name="bool"), LiteralOf(values=values):
                return {True, False} <= {v for v in values if isinstance(v, bool)}
            case LiteralOf(values=some), LiteralOf(values=values):
                return {(type(v), v) for v in some} <= {(type(v), v) for v in values}
            case LiteralOf(values=values), _:
                return all(self.fits(scalar, wanted) for scalar in _scalars_of(values))
            case Scalar(name=name), Scalar(name=other):
                return name == other or other in _WIDER.get(name, ())
            case Scalar(name=name), Container(container=container, item=item):
                return container in _SEQUENCES and name in _ITEMS and self.fits(_ITEMS[name], item)
            case Container(), Container():
                return is_kind(given.container, wanted.container) and self._hold(
                    given.item, wanted.item, wanted.container
                )
            case TupleOf(items=items), TupleOf(items=others):
                return len(items) == len(others) and all(map(self.fits, items, others))
            case TupleOf(items=items), Container(container=container, item=item):
                return is_kind("tuple", container) and all(self.fits(each, item) for each in items)
            case MappingOf(), MappingOf():
                return (
                    is_kind(given.mapping, wanted.mapping)
                    and self.are_same(given.key, wanted.key)
                    and self._hold(given.value, wanted.value, wanted.mapping)
                )
            case MappingOf(key=key), Container(container=container, item=item):
                return container in ("Collection", "Iterable") and self.fits(key, item)
            case Named(), _:
                return self._named(given, wanted)
            case _:
                return given == wanted

    def _hold(self, given: Type, wanted: Type, container: str) -> bool:
        return self.are_same(given, wanted) if container in _CHANGEABLE else self.fits(given, wanted)

    def _named(self, given: Named, wanted: Type) -> bool:
        if isinstance(wanted, Named) and wanted.id == given.id:  # generics are invariant in the stubs
            return all(map(self.are_same, given.arguments, wanted.arguments))
        match definition_of(given, self._types):
            case NewTypeDefinition(type=type_):
                return self.fits(type_, wanted)
            case EnumDefinition() as definition:
                base = base_of(definition)
                return base is not None and self.fits(Scalar(name=base), wanted)
            case RecordDefinition(style="namedtuple", fields=fields):
                return self.fits(TupleOf(items=tuple(field.type for field in fields)), wanted)
            case RecordDefinition(style="typeddict") as record:
                return self._typed_dict(record, wanted)
            case RecordDefinition():
                return False

    def _typed_dict(self, given: RecordDefinition, wanted: Type) -> bool:
        """Checkers compare them key by key, whatever their names are."""
        if isinstance(wanted, MappingOf):
            is_text = wanted.key == Scalar(name="str")
            return wanted.mapping == "Mapping" and is_text and wanted.value == _ANY and self._old == "given"
        other = definition_of(wanted, self._types) if isinstance(wanted, Named) else None
        if not isinstance(other, RecordDefinition) or other.style != "typeddict":
            return False
        keys = {field.name: field for field in given.fields}
        return all(
            field.name in keys
            and (field.name in given.optional) == (field.name in other.optional)
            and self.are_same(keys[field.name].type, field.type)
            for field in other.fields
        )

    # ---- where types do not fit

    def misfits(self, given: Type, wanted: Type, path: str) -> Iterator[str]:
        """The innermost places where one type does not match the expected one."""
        given, wanted = plain(given), plain(wanted)
        if isinstance(given, UnionOf):
            for one in self._unfit(given, wanted):
                yield from self._places(plain(one), wanted, path)
        elif not self.fits(given, wanted):
            yield from self._places(given, wanted, path)

    def _places(self, given: Type, wanted: Type, path: str) -> Iterator[str]:
        members = self._members(wanted).parted if isinstance(wanted, UnionOf) else (wanted,)
        inner = [found for member in members if (found := list(self._inner(given, member, path)))]
        if len(inner) == 1:
            yield from inner[0]
        else:
            yield path

    def _inner(self, given: Type, wanted: Type, path: str) -> Iterator[str]:
        match given, wanted:
            case Container(), Container() if is_kind(given.container, wanted.container):
                yield from self._held(given.item, wanted.item, f"{path}[...]", wanted.container)
            case MappingOf(), MappingOf() if is_kind(given.mapping, wanted.mapping):
                yield from self._held(given.key, wanted.key, f"{path}{{key}}", "dict")
                yield from self._held(given.value, wanted.value, f"{path}{{...}}", wanted.mapping)
            case TupleOf(items=items), TupleOf(items=others) if len(items) == len(others):
                for index, (item, other) in enumerate(zip(items, others, strict=True)):
                    yield from self.misfits(item, other, f"{path}[{index}]")
            case _:
                pass

    def _held(self, given: Type, wanted: Type, path: str, container: str) -> Iterator[str]:
        if not self.fits(given, wanted):
            yield from self.misfits(given, wanted, path)
        elif not self._hold(given, wanted, container):
            yield path


class _Members:
    """The members of an expected union, indexed for lookup."""

    def __init__(self, union: UnionOf) -> None:
        members = tuple(map(plain, union.members))
        self._named: dict[str, list[Type]] = {}
        for member in members:
            if isinstance(member, Named):
                self._named.setdefault(member.id, []).append(member)
        self._all_named = [member for group in self._named.values() for member in group]
        literals = [member for member in members if isinstance(member, LiteralOf)]
        self.values = frozenset((type(value), value) for each in literals for value in each.values)
        self.others = [member for member in members if not isinstance(member, Named | LiteralOf)]
        self.parted = [m for m in self.others if isinstance(m, Container | MappingOf | TupleOf)]

    def for_(self, given: Type, types: Mapping[str, Definition]) -> Iterable[Type]:
        """The candidate members that a type may be passed for: classes match by name, TypedDicts by keys."""
        if not isinstance(given, Named):
            return self.others
        definition = types[given.id]
        if isinstance(definition, NewTypeDefinition):
            own = self._named.get(given.id, [])
            return [*own, *self.for_(plain(definition.type), types)]
        if isinstance(definition, RecordDefinition) and definition.style == "typeddict":
            return [*self._all_named, *self.others]
        return [*self._named.get(given.id, ()), *self.others]


def _scalars_of(values: Iterable[str | int | bool | None]) -> list[Scalar]:
    """The types of a Literal's values."""
    return [Scalar(name=_SCALAR_OF[kind]) for kind in dict.fromkeys(map(type, values))]


def is_kind(given: str, wanted: str) -> bool:
    """Whether a container type may be passed for another, regardless of the items."""
    return given == wanted or given in _IS_A.get(wanted, ())


def base_of(definition: EnumDefinition) -> ScalarName | None:
    """The plain type that members of an enum also have."""
    if definition.base == "StrEnum":
        return "str"
    return "int" if definition.base in ("IntEnum", "IntFlag") else definition.mixin


def plain(type_: Type) -> Type:
    """A type without its constraints."""
    while isinstance(type_, Constrained):
        type_ = type_.type
    return type_
