from dataclasses import dataclass, field
from typing import Annotated, Generic, Literal, TypedDict, TypeVar, Union

import msgspec
from types_ import Email

T = TypeVar("T")
Status = Literal["open", "closed"]


class Leaf(msgspec.Struct, tag=True):
    value: int


class Add(msgspec.Struct, tag=True):
    left: "Node"
    right: "Node"
    others: "Nodes | None" = None


Node = Union[Leaf, Add]
Nodes = list[Node]


class Tree(TypedDict):
    root: Node


@dataclass
class Base:
    names: "Names" = field(default_factory=list)
    by: Email = "a@b.org"


Names = list[str]


@dataclass
class Job(Base):
    Kind = Literal["small", "large"]
    status: Status = "open"
    kind: Kind = "small"


class Page(msgspec.Struct, Generic[T]):
    items: list[T]
    of: Status
