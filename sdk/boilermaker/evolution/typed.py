"""Types as type checkers see them: what may be passed where another type is expected. Bytes do not matter here.

All of it takes place in the stubs of the new contract, for that is what producers' code is checked with: the types that they
wrote down before are first moved there, by the names of their classes.
"""

from collections import Counter
from collections.abc import Iterator

import msgspec

from boilermaker.contract import (
    Constrained,
    Container,
    Contract,
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
    Variable,
    definition_of,
    named_in,
    within,
)
from boilermaker.contract.naming import foreign, names_of

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
"""Invariant: whoever is handed a `list[float]` may put a float into it, so a `list[int]` is none."""

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
_SCALAR_OF: dict[type, ScalarName] = {bool: "bool", int: "int", str: "str", type(None): "none"}


def identities(contract: Contract) -> dict[str, str]:
    """What tells a class from others in producers' code, by id: its name in the stubs, or where it is imported from.

    Where in another package a class is defined is that package's own matter, unless several classes there have its name.
    """
    places = {id_: place for id_, place in foreign(contract).items() if id_ in contract.types}
    short = {id_: f"{module.partition('.')[0]}:{name}" for id_, (module, name) in places.items()}
    counts = Counter(short.values())
    full = {id_: ":".join(place) for id_, place in places.items()}
    imported = {id_: name if counts[name] == 1 else full[id_] for id_, name in short.items()}
    return {**names_of(contract).types, **imported}


class Renaming:
    """Moves types of the old contract into the new one, by the names of their classes."""

    def __init__(self, old: Contract, new: Contract) -> None:
        there = {name: id_ for id_, name in identities(new).items()}
        self._names = identities(old)
        self._ids = {id_: there.get(name) for id_, name in self._names.items()}
        self._new = new.types

    def of(self, id_: str) -> str | None:
        """The id that a class has in the new contract; None where it is gone."""
        return self._ids[id_]

    def has_lost_import(self, type_: Type) -> bool:
        """Whether a class in it was imported from elsewhere, and no longer is."""
        return any(self._ids[id_] is None and ":" in self._names[id_] for id_ in named_in(type_))

    def move(self, type_: Type) -> Type | None:
        """The type in the new contract; None where one of its classes is gone, or takes other type arguments."""
        if any(self._ids[id_] is None for id_ in named_in(type_)):
            return None
        moved = self._moved(type_)
        is_kept = all(self._takes(part) for part in within(moved) if isinstance(part, Named))
        return moved if is_kept else None

    def _takes(self, named: Named) -> bool:
        return len(named.arguments) == len(getattr(self._new[named.id], "parameters", ()))

    def _moved(self, type_: Type) -> Type:
        match type_:
            case Named(id=id_, arguments=arguments):
                moved = tuple(map(self._moved, arguments))
                return msgspec.structs.replace(type_, id=self._ids[id_] or id_, arguments=moved)
            case Constrained(type=inner):
                return self._moved(inner)
            case Container(item=item):
                return msgspec.structs.replace(type_, item=self._moved(item))
            case TupleOf(items=parts):
                return TupleOf(items=tuple(map(self._moved, parts)))
            case UnionOf(members=parts):
                return UnionOf(members=tuple(map(self._moved, parts)))
            case MappingOf(key=key, value=value):
                return msgspec.structs.replace(type_, key=self._moved(key), value=self._moved(value))
            case Scalar() | LiteralOf() | Variable():
                return type_


class Checker:
    """Says what mypy and pyright say of passing one type for another."""

    def __init__(self, contract: Contract) -> None:
        self._types = contract.types

    def fits(self, given: Type, wanted: Type) -> bool:
        """Whether a value of one type may be passed for another."""
        given, wanted = _plain(given), _plain(wanted)
        if _is_alike(given, wanted) or Scalar(name="any") in (given, wanted):
            return True
        if isinstance(given, UnionOf):
            return all(self.fits(member, wanted) for member in given.members)
        if isinstance(given, LiteralOf) and len(given.values) != 1:
            return all(self.fits(LiteralOf(values=(value,)), wanted) for value in given.values)
        if isinstance(wanted, UnionOf):
            return any(self.fits(given, member) for member in wanted.members) or self._is_spelled_out(
                given, wanted
            )
        return self._one(given, wanted)

    def are_same(self, one: Type, other: Type) -> bool:
        """Whether each may be passed for the other."""
        return self.fits(one, other) and self.fits(other, one)

    def _is_spelled_out(self, given: Type, wanted: UnionOf) -> bool:
        """A bool where both of its values are wanted."""
        return given == Scalar(name="bool") and all(
            any(self.fits(LiteralOf(values=(value,)), member) for member in wanted.members)
            for value in (True, False)
        )

    def _one(self, given: Type, wanted: Type) -> bool:
        match given, wanted:
            case Scalar(name="bool"), LiteralOf(values=values):
                return {True, False} <= {v for v in values if isinstance(v, bool)}
            case LiteralOf(values=(value,)), LiteralOf(values=values):
                return any(value == each and type(value) is type(each) for each in values)
            case LiteralOf(values=(value,)), _:
                return self.fits(Scalar(name=_SCALAR_OF[type(value)]), wanted)
            case Scalar(name=name), Scalar(name=other):
                return other in _WIDER.get(name, ())
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
                return False

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
            return wanted.mapping == "Mapping" and is_text and wanted.value == Scalar(name="any")
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

    # ---- where it does not fit

    def misfits(self, given: Type, wanted: Type, path: str) -> Iterator[str]:
        """The innermost places where one type is not what the other expects."""
        given, wanted = _plain(given), _plain(wanted)
        if self.fits(given, wanted):
            return
        for one in given.members if isinstance(given, UnionOf) else (given,):
            if not self.fits(one, wanted):
                yield from self._places(one, wanted, path)

    def _places(self, given: Type, wanted: Type, path: str) -> Iterator[str]:
        members = wanted.members if isinstance(wanted, UnionOf) else (wanted,)
        inner = [found for member in members if (found := list(self._inner(given, _plain(member), path)))]
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


def is_kind(given: str, wanted: str) -> bool:
    """Whether a container may be passed for another, its items aside."""
    return given == wanted or given in _IS_A.get(wanted, ())


def base_of(definition: EnumDefinition) -> ScalarName | None:
    """The plain type that members of an enum are, too."""
    if definition.base == "StrEnum":
        return "str"
    return "int" if definition.base in ("IntEnum", "IntFlag") else definition.mixin


def _is_alike(one: Type, other: Type) -> bool:
    return one == other and msgspec.json.encode(one) == msgspec.json.encode(
        other
    )  # `Literal[1]` is no `Literal[True]`


def _plain(type_: Type) -> Type:
    while isinstance(type_, Constrained):
        type_ = type_.type
    return type_
