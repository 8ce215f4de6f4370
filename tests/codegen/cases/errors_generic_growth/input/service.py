from dataclasses import dataclass
from typing import Generic, TypeVar

from boilermaker import Boilermaker, InMemoryServiceBus

worker = Boilermaker(object(), InMemoryServiceBus(), queue="errors-generic-growth")

T = TypeVar("T")


@dataclass
class Tree(Generic[T]):
    value: T
    same: "Tree[T] | None"
    fixed: "Tree[list[int]] | None"
    wrapped: "Wrapper[T] | None"


@dataclass
class Wrapper(Generic[T]):
    """Comes back to the tree, with more each time."""

    tree: Tree[list[T]]


@worker.task
async def grow(state, tree: Tree[int]) -> None: ...
