"""Type parameters in brackets of their own (PEP 695, Python 3.12)."""

from dataclasses import dataclass
from typing import Annotated, Literal, NamedTuple, TypedDict

import msgspec

from boilermaker import Boilermaker, InMemoryServiceBus

worker = Boilermaker(object(), InMemoryServiceBus(), queue="generic-syntax")

type Pair[A] = tuple[A, A]
type Lookup[K, V] = dict[K, list[V]]
type Small[N: int] = Annotated[N, msgspec.Meta(le=9)]
type Pages[Item] = list[Page[Item] | Literal["none", "all"]]


class User(msgspec.Struct):
    name: str


class Page[Item](msgspec.Struct):
    items: list[Item]
    pair: Pair[Item] | None = None
    lookup: Lookup[str, Item] = {}


class UserPage(Page[User], kw_only=True):
    owner: str


class Numbered[Item: (int, str)](Page[list[Item]]):
    number: Item | None = None


@dataclass
class Tree[Item]:
    value: Item
    left: "Tree[Item] | None" = None


class Slice[Item, Cursor](TypedDict):
    items: list[Item]
    cursor: Cursor


class Entry[Item](NamedTuple):
    item: Item


class Holder:
    type Own[Item] = Page[Item]

    class Inner[Item](msgspec.Struct):
        item: Item


@worker.task
async def pages(state, page: Page[User], users: UserPage, all: Pages[int]) -> Numbered[int]: ...


@worker.task
async def others(
    state, tree: Tree[User], slice: Slice[int, str], entry: Entry[Pair[int]], small: Small[int]
) -> Lookup[int, "User"]: ...


@worker.task
async def inner(state, own: Holder.Own[int]) -> Holder.Inner[str]: ...
