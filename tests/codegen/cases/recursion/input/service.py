from __future__ import annotations

from dataclasses import dataclass, field
from typing import NamedTuple, NewType, TypedDict

import msgspec

from boilermaker import Boilermaker, InMemoryServiceBus

worker = Boilermaker(object(), InMemoryServiceBus(), queue="recursion")


class Tree(msgspec.Struct):
    value: int
    children: list[Tree] = []
    parent: Tree | None = None


@dataclass
class Author:
    books: list[Book]


@dataclass
class Book:
    author: Author | None = None


@dataclass
class Stack:
    traces: list[Trace] = field(default_factory=list)


@dataclass
class Trace:
    stacks: list[Stack] = field(default_factory=list)


class Folder(TypedDict):
    folders: dict[str, Folder]


class Link(NamedTuple):
    next: Link | None = None


Forest = NewType("Forest", list[Tree])


class Wood(msgspec.Struct):
    forest: Forest
    woods: Woods


Woods = NewType("Woods", list[Wood])


@worker.task
async def grow(
    state, tree: Tree, author: Author, folder: Folder, link: Link, forest: Forest, wood: Wood, stack: Stack
) -> Tree | None: ...
