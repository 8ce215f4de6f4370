import datetime
import enum
import os
from os import getenv
from dataclasses import dataclass
from decimal import Decimal
from typing import Annotated, NamedTuple, NotRequired, TypedDict
from uuid import UUID

import msgspec

import settings

from boilermaker import Boilermaker, InMemoryServiceBus

worker = Boilermaker(object(), InMemoryServiceBus(), queue="errors-defaults")


LIMIT = int(os.environ["LIMIT"])


class Color(enum.Enum):
    RED = "r"


class Shade(enum.Enum):
    RED = compute()


@dataclass
class Point:
    x: int = "text"


@worker.task
async def every_default(
    state,
    a: int = LIMITS,
    b: float = [LIMIT, undefined],
    c: datetime.date = datetime.date(2024, 13, 1),
    d: Point = Point(1),
    e: Color = Color.BLUE,
    f: str = f"{LIMIT} {undefined}",
    g: int = "text",
    h: list[int] = ["x"],
    i: dict = {**undefined},
    j: int = undefined,
    k: int = os.environ.get(undefined, key=undefined),
    l: Decimal = "1.5",
    m: UUID = "00000000-0000-0000-0000-000000000001",
    n: datetime.datetime = "2024-01-01T00:00:00",
    o: bytes = "text",
    p: str = b"bytes",
    q: bool = 1,
    r: int = True,
    s: Point = {"x": 1},
    t: list[int] = [i for i in undefined if i < (lambda a, b=undefined: a + b + undefined)(i)],
    u: int = Color.BLUE.value,
    v: int = 1 / 0,
    w: set = {[]},
    x: int = -"a",
    y: Shade = Shade.RED,
    z: int = settings.LIMT,
    aa: int = settings.nothing.limit,
    bb: Color = "r",
    cc: datetime.timedelta = "P1D",
) -> None: ...


@dataclass
class Pair:
    first: int
    second: int = 0


class Row(msgspec.Struct, array_like=True):
    times: int
    limit: int = LIMIT


class Cell(NamedTuple):
    times: int = LIMIT


class Base(msgspec.Struct):
    times: int = LIMIT


class Inherited(Base, array_like=True):
    pass


class Plain:
    least = 1


@dataclass(kw_only=True)
class Named:
    x: int


@worker.task
async def every_record(
    state,
    a: int = Plain.most,
    b: Pair = Pair(),
    c: Pair = Pair(1, 2, 3),
    d: Pair = Pair(1, third=3),
    e: Pair = Pair(1, first=1),
    f: Pair = Pair("text"),
    g: Pair = Pair(*undefined),
    h: Pair = Pair(LIMIT, undefined),
    i: Pair = Pair(LIMIT, third=LIMIT),
    j: Point = Pair(1),
    k: Row | Cell | Inherited | None = None,
    l: Named = Named(1),
) -> None: ...


class Options(TypedDict):
    depth: int
    children: NotRequired[list["Options"]]


class Search(msgspec.Struct):
    options: Options = {}


@worker.task
async def every_dictionary(
    state,
    search: Search,
    a: Options = {},
    b: Options | None = {"depth": 1, "deep": True},
    c: list[Options] = [{"depth": 1}, {"depth": "1"}],
    d: dict[str, Options] = {"x": {"depth": 1, "children": [{"depth": 2, "children": [{}]}]}},
    e: tuple[int, Options] = (1, {"depth": 1, "children": {}}),
    right: list[Options] = [{"depth": 1, "children": [{"depth": 2}]}],
) -> None: ...


REGION = os.environ.get("REGION")


@worker.task
async def every_environment(
    state,
    a: str = os.environ.get("REGION"),
    b: str = getenv("REGION"),
    c: Annotated[str, msgspec.Meta(max_length=2)] = REGION,
    right: str | None = os.environ.get("REGION"),
    right_too: str = getenv("REGION", "eu"),
) -> None: ...
