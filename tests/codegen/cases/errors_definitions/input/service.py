import dataclasses
import enum
import typing
from dataclasses import InitVar, KW_ONLY, dataclass, field
from typing import Final, Generic, NamedTuple, NewType, TypedDict, TypeVar

import attrs
import bases
import msgspec
import pydantic

from boilermaker import Boilermaker, InMemoryServiceBus

worker = Boilermaker(object(), InMemoryServiceBus(), queue="errors-definitions")


T = TypeVar("T")
Renamed = NewType("SomethingElse", int)
Untyped = NewType("Untyped", object)
Wrong = NewType("Wrong")


class Holder(Generic[T]):
    def __init__(self, held: T) -> None:
        self.held = held


class Plain:
    x: int


class Model(pydantic.BaseModel):
    x: int


@attrs.asdict
class Attrs:
    x: int


@dataclass
class Parent:
    x: int


@dataclass
class Child(Parent, StructParent):
    y: int


class StructParent(msgspec.Struct):
    x: int


class StructChild(StructParent, tag_field="x"):
    y: int


class TypedChild(TypedDict, Generic[T]):
    y: T


@dataclass
class Conditional:
    x: int
    if True:
        y: int


@dataclass
class Fields:
    a: InitVar[int]
    b: int = field(init=False)
    c: list[int] = field(default_factory=Plain)
    d: int = msgspec.field(default=1)
    e: Final = 1
    f: "Undefined" = 1
    _: int = field(kw_only=False)
    g: int = dataclasses.field(default=compute())


@dataclass(init=False)
class NoInit:
    x: int


@dataclass(**options)
class Starred:
    x: int


class Tagged(msgspec.Struct, tag=lambda name: name):
    x: int


class Strange(msgspec.Struct, colour="red"):
    x: int


class Empty(enum.Enum):
    pass


class Ordinary(enum.Enum):
    A = 1


class Mixed(enum.Enum):
    A = 1
    B = "b"


class Floats(enum.Enum):
    A = 1.5


class Tuples(enum.Enum):
    A = (1, 2)


class Computed(enum.Enum):
    A = compute()


class Optional(bases.Optional):
    A = "a"


class Measured(enum.Enum):
    SECONDS = dataclasses.field().default()


class Sometimes(enum.Enum):
    A = "a"
    if enum.ReprEnum:

        def __new__(cls, value):
            return object.__new__(cls)


class New(enum.Enum):
    A = 1

    def __new__(cls, value):
        return object.__new__(cls)


class Renewed(New):
    B = 2


class Asked(enum.Enum):
    def _generate_next_value_(name, start, count, last_values):
        return name

    A = enum.auto()


class AskedOtherwise(enum.Enum):
    _generate_next_value_ = staticmethod(lambda name, *others: name)
    A = enum.auto()


class Grown(Ordinary):
    B = 2


class Odd(str, enum.Flag):
    A = 1


class Ordered(enum.Enum):
    A = 5
    B = 2
    C = enum.auto()


class Strings(str, enum.Enum):
    A = enum.auto()


@typing.runtime_checkable
class Protocol(typing.Protocol):
    x: int


class TimeoutError(TimeoutError):
    seconds: int = 0


@worker.task
async def every_definition(
    state,
    a: Renamed,
    b: Wrong,
    c: Plain,
    d: Model,
    e: Attrs,
    f: Child,
    g: StructChild,
    h: TypedChild,
    i: Conditional,
    j: Fields,
    k: NoInit,
    l: Starred,
    m: Tagged,
    n: Strange,
    o: Empty,
    p: Mixed,
    q: Floats,
    r: Tuples,
    s: Computed,
    s1: Optional,
    s2: Sometimes,
    s3: Measured,
    s4: Holder,
    t: New,
    u: Odd,
    u2: Renewed,
    u4: Asked,
    u5: AskedOtherwise,
    u3: Grown,
    v: Ordered,
    w: Strings,
    x: Protocol,
    y: TimeoutError,
) -> list[Plain]: ...


class Snowflake(int):
    """An id."""


class Called(NamedTuple("_Called", [("a", int)])): ...


_Bound = NamedTuple("_Bound", [("a", int)])


class Bound(_Bound): ...


class OfRecords(enum.Enum):
    A = Parent(1)


@worker.task
async def made(state, a: Snowflake, b: Called, c: Bound, d: OfRecords) -> None: ...
