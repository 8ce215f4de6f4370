"""Generic records of each style, with several parameters, nested, inherited from, recursive and in unions."""

from dataclasses import dataclass, field
from typing import Annotated, Final, Generic, NamedTuple, NewType, TypedDict, TypeVar

import attrs
import msgspec
from typing_extensions import NotRequired
from typing_extensions import TypeVar as TypeVarWithDefault

import shared
from boilermaker import Boilermaker, InMemoryServiceBus
from shared import Item, Key

worker = Boilermaker(object(), InMemoryServiceBus(), queue="generics")

Cursor = TypeVarWithDefault("Cursor", default=str)
_Bound = TypeVar("_Bound", bound=int)
OneOf = TypeVar("OneOf", int, str)


@dataclass(frozen=True)
class User:
    name: str


class Page(msgspec.Struct, Generic[Item], frozen=True, kw_only=True):
    """Some of many."""

    items: list[Item]
    first: Item | None = None
    total: Annotated[int, msgspec.Meta(ge=0)] = 0


class UserPage(Page[User]):
    owner: str


class KeyedPage(Page[tuple[Key, Item]], Generic[Key, Item]):
    by_key: dict[Key, Item]


class SortedPage(KeyedPage[str, Item]):
    keys: list[str] = msgspec.field(name="sortedKeys", default_factory=list)


@dataclass
class Tree(Generic[Item]):
    value: Item
    children: "list[Tree[Item]]" = field(default_factory=list)
    seen: Final[list[Item]] = field(default_factory=list)


@dataclass
class Forest(Tree[Tree[Item]], Generic[Item]):
    trees: int = 0


class Slice(TypedDict, Generic[Item, Cursor]):
    items: list[Item]
    next: NotRequired[Cursor]


class Pair(NamedTuple, Generic[Key, Item]):
    key: Key
    item: Item | None = None


class Limits(msgspec.Struct, Generic[_Bound, OneOf]):
    most: Annotated[_Bound, msgspec.Meta(le=100)]
    unit: OneOf


class Ok(msgspec.Struct, Generic[Item], tag=True):
    value: Item


class Failed(msgspec.Struct, Generic[Item], tag=True):
    why: Item


class Named(Generic[Key]):
    """A plain base: what it annotates is no field."""

    label: Key


@dataclass
class Leaf(Named[str], Tree[Item], Generic[Item]):
    weight: float = 0


@dataclass
class Branch(Leaf[int]):
    pass


@attrs.define
class Box(Generic[Item]):
    item: Item
    others: list[Item] = attrs.field(factory=list)


@attrs.define
class LabelledBox(Box[list[Key]], Generic[Key]):
    label: Key | None = None


class Marker(msgspec.Struct, Generic[Item]):
    """Takes a parameter that it never uses."""

    name: str


class T(msgspec.Struct, Generic[shared.Label]):
    """Has the name that a type variable has elsewhere."""

    Label: shared.Label


Users = NewType("Users", Tree[User])


@worker.task
async def page(state, page: Page[User], of_ints: Page[int], of_pages: Page[Page[int]]) -> Page[User]: ...


@worker.task
async def inherited(
    state, users: UserPage, keyed: KeyedPage[int, str], ordered: SortedPage[User] | None = None
) -> UserPage: ...


@worker.task
async def trees(state, tree: Tree[int], forest: "Forest[User]", named: Users) -> "list[Tree[str]]": ...


@worker.task
async def slices(state, some: Slice[User], more: Slice[Page[User], int], pair: Pair[str, User]) -> Pair[str, int]: ...


@worker.task
async def outcomes(state, outcome: Ok[int] | Failed[str] | None, limits: Limits[int, str]) -> Ok[Page[User]]: ...


@worker.task
async def parts(state, leaf: Leaf[User], branch: Branch, box: Box[int]) -> LabelledBox[str]: ...


@worker.task
async def corners(
    state,
    marker: Marker[int],
    none: Page[None],
    literal: Page["User | None"],
    limited: Limits[Annotated[int, msgspec.Meta(ge=1)], int],
    variable: T[int],
    empty: Page[User] = Page(items=[]),
    full: Page[int] = Page(items=[1, 2]),
) -> Marker[str]: ...
