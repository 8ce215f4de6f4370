import abc
import collections
from dataclasses import dataclass, field
from typing import NamedTuple, TypedDict

import msgspec
import pydantic
from typing_extensions import ReadOnly

from boilermaker import Boilermaker, InMemoryServiceBus

worker = Boilermaker(object(), InMemoryServiceBus(), queue="errors-inheritance")


@dataclass
class Parent:
    x: int


class Struct(msgspec.Struct):
    x: int = 0


class Dict(TypedDict):
    x: int


class Tuple(NamedTuple):
    x: int


class Optional(msgspec.Struct):
    y: int = 1


class Helpers:
    pass


class MoreHelpers(Helpers):
    pass


@dataclass
class Mixed(Parent, Struct):
    y: int


class MixedToo(Struct, Parent):
    y: int


@dataclass
class Foreign(Parent, pydantic.BaseModel):
    y: int


class Undecorated(Parent):
    y: int


class LongerTuple(Tuple):
    y: int = 0


class DictHelpers(Dict, Helpers):
    y: int


class Fixed(TypedDict):
    x: ReadOnly[int]


@dataclass
class Reversed(Helpers, MoreHelpers, Parent):
    y: int


class TwoStructs(Struct, Optional):
    pass


class Abstract(msgspec.Struct, abc.ABC):
    z: int


@dataclass(frozen=True)
class Frozen(Parent):
    y: int


@dataclass
class Computed(Parent):
    y: int = field(init=False)


class Counted(collections.Counter):
    pass


class JustHelpers(MoreHelpers):
    pass


@worker.task
async def every(
    state,
    a: Mixed,
    b: MixedToo,
    c: Foreign,
    d: Undecorated,
    e: LongerTuple,
    g: DictHelpers,
    h: Fixed,
    i: Reversed,
    k: TwoStructs,
    l: Abstract,
    m: Frozen,
    n: Computed,
    o: Counted,
    p: JustHelpers,
) -> None: ...
