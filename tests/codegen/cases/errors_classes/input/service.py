"""Classes that Python, msgspec or attrs refuse when they are made, and fields that stand for something else than they seem to."""

import dataclasses
import enum
from dataclasses import KW_ONLY, dataclass, field
from datetime import date
from typing import ClassVar, NamedTuple, Optional, TypedDict

import attrs
import deferred
import msgspec

from boilermaker import Boilermaker, InMemoryServiceBus

worker = Boilermaker(object(), InMemoryServiceBus(), queue="errors-classes")


class Named(msgspec.Struct):
    date: date | None = None


@dataclass
class NamedToo:
    date: Optional[date] = None
    other: date = None


@dataclass
class Mutable:
    a: list[int] = []


@dataclass(order=True, eq=False)
class Ordered:
    a: int


@dataclass
class ByName:
    _: KW_ONLY
    a: int
    _b: KW_ONLY
    b: int


@dataclass
class ClassVariable:
    a: ClassVar[list[int]] = field(default_factory=list)
    b: int = 1


@dataclass
class Unannotated:
    a = dataclasses.field(default=1)
    b: int = 1


@dataclass
class Both:
    a: int = field(default=1, default_factory=int)


@dataclass
class Twice:
    a: int
    a: str

    b: int

    def b(self): ...


@dataclass
class Uncalled:
    a: list[int] = field(default_factory=[])


class WithInit(msgspec.Struct):
    a: int

    def __init__(self): ...


class Parent(msgspec.Struct):
    a: int = 1


class Hiding(Parent):
    a: ClassVar[int] = 1


class RowOfNothing(msgspec.Struct, array_like=True):
    tags: list[str] = None


@attrs.define(cache_hash=True)
class Cached:
    a: int


@attrs.define
class Compared:
    a: int = attrs.field(eq=False, order=True)


class Mixin: ...


class Row(NamedTuple, Mixin):
    a: int


class Keys(TypedDict):
    a: int = 1


@enum.unique
class Unique(enum.Enum):
    A = 1
    B = 1


class Repeated(enum.Enum):
    A = 1
    A = 2


@worker.task
async def records(
    state,
    a: Named,
    b: NamedToo,
    c: Mutable,
    d: Ordered,
    e: ByName,
    f: ClassVariable,
    g: Unannotated,
    h: Both,
    i: Twice,
    j: Uncalled,
    k: WithInit,
    m: Hiding,
    n: RowOfNothing,
    o: Cached,
    p: Compared,
    q: Row,
    r: Keys,
    s: deferred.Page,
    t: deferred.Slotted,
) -> None: ...


@worker.task
async def enums(state, a: Unique, b: Repeated) -> None: ...


class Making(type):
    def __call__(cls, *args, **kwargs):
        return super().__call__(*args, **kwargs)


@dataclass
class OwnInit:
    x: int

    def __init__(self, x: int) -> None:
        self.x = abs(x)


class Inherited(OwnInit):
    pass


@dataclass
class Hidden(OwnInit):
    y: int


@dataclass
class OwnNew:
    x: int

    def __new__(cls, x: int):
        return super().__new__(cls)


@dataclass
class Made(metaclass=Making):
    x: int


class Coordinates(NamedTuple):
    x: int


class Shifted(Coordinates):
    def __new__(cls, x: int):
        return super().__new__(cls, x + 1)


@attrs.define
class OwnAttrs:
    x: int

    def __init__(self, x: int) -> None:
        self.__attrs_init__(abs(x))


@worker.task
async def made_in_a_way_of_their_own(
    state, a: OwnInit, b: Inherited, fine: Hidden, c: OwnNew, d: Made, e: Shifted, f: OwnAttrs
) -> None: ...
