import uuid
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from enum import Enum
from typing import Annotated, Any, Generic, Literal, NamedTuple, NewType, Optional, TypeVar, Union

import msgspec
from msgspec import Meta

from boilermaker import Boilermaker, InMemoryServiceBus

worker = Boilermaker(object(), InMemoryServiceBus(), queue="errors-unions")


class Color(Enum):
    RED = "r"


class Level(Enum):
    LOW = 1


@dataclass
class A:
    x: str | uuid.UUID


@dataclass
class B:
    x: int


class Cat(msgspec.Struct, tag=True):
    name: str


class AlsoCat(msgspec.Struct, tag="Cat"):
    name: str


class Numbered(msgspec.Struct, tag=1):
    name: str


class Elsewhere(msgspec.Struct, tag=True, tag_field="kind"):
    name: str


class Row(msgspec.Struct, tag=True, array_like=True):
    name: str


class Plain(msgspec.Struct):
    name: str


class Other(msgspec.Struct):
    name: str


class Pair(NamedTuple):
    a: int


@worker.task
async def cannot_be_told_apart(
    state,
    a: str | uuid.UUID,
    b: datetime | None | Decimal,
    c: str | Color,
    d: list[int] | set[int],
    e: dict[str, int] | A,
    f: A | B,
    g: Plain | Other,
    h: Cat | AlsoCat,
    i: Cat | Numbered,
    j: Cat | Elsewhere,
    k: Cat | Row,
    l: Pair | list[int],
    m: int | Level,
    n: dict[str, str | bytes],
    o: dict[str, int] | dict[int, int],
    p: list[int] | Annotated[str, Meta(pattern="x")],
    q: list[tuple[int, int] | Annotated[int, Meta(ge=0)]],
    r: list[int] | Annotated[int, Meta(ge=0)],
) -> str | bytes: ...


@worker.task
async def constraints(
    state,
    a: Annotated[str, Meta(gt=1)],
    b: Annotated[int, Meta(min_length=1)],
    c: Annotated[int, Meta(pattern="x")],
    d: Annotated[int | None, Meta(gt=1)],
    e: Annotated[str, Meta(pattern="(")],
    f: Annotated[int, Meta(gt=1, ge=1)],
    g: Annotated[int, Meta(gt=1), Meta(gt=2)],
    h: Annotated[int, Meta(exclusive=1)],
    i: Annotated[int, Meta(gt=limit())],
    j: Annotated[int, Meta(tz=True)],
    k: Annotated[str, Meta(min_length=-1)],
    l: Annotated[int, Meta(1)],
) -> None: ...


@worker.task
async def anything(
    state, fine: object | None, a: str | object, b: "object | None | int", c: list[Union[int, object]], d: Optional[object]
) -> None: ...


Below = Annotated[int, Meta(ge=-10, le=-1)]
Above = NewType("Above", Annotated[int, Meta(ge=1, le=10)])
T = TypeVar("T")


class Page(msgspec.Struct, Generic[T]):
    item: T | int


class Range(msgspec.Struct):
    least: Below | Above | None


@worker.task
async def limits_that_cannot_be_told_apart(
    state,
    a: Annotated[int, Meta(ge=-10, le=-1)] | Annotated[int, Meta(ge=1, le=10)],
    b: int | Annotated[int, Meta(ge=1)],
    c: Annotated[str, Meta(pattern="^a")] | Annotated[str, Meta(pattern="^b")],
    d: Below | Above,
    e: list[dict[str, Below | float]],
    f: Annotated[float, Meta(ge=0)] | Decimal,
    g: Annotated[datetime, Meta(tz=True)] | datetime,
    h: Annotated[str, Meta(max_length=2)] | Literal["long"],
    i: Below | Literal[0],
    j: Page[Below],
    k: Annotated[bytes, Meta(max_length=2)] | bytes,
    l: Range,
    fine: int | Annotated[float, Meta(ge=0)] | Literal[-1],
    also: Annotated[int, Meta(ge=0)] | Annotated[str, Meta(pattern="^a")] | Annotated[bool, "x"] | None = None,
) -> Annotated[str, Meta(min_length=1)] | str: ...
