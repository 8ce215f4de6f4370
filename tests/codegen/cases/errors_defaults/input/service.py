import datetime
import enum
import os
from dataclasses import dataclass
from decimal import Decimal
from uuid import UUID

import msgspec

from boilermaker import Boilermaker, InMemoryServiceBus

worker = Boilermaker(object(), InMemoryServiceBus(), queue="errors-defaults")


LIMIT = int(os.environ["LIMIT"])
INFINITE = 1e999
Loop = Loop


class Color(enum.Enum):
    RED = "r"


class Color2(enum.Enum):
    RED = compute()


@dataclass
class Point:
    x: int = "text"


@worker.task
async def every_default(
    state,
    a: int = LIMIT,
    b: float = INFINITE,
    c: datetime.date = datetime.date(2024, 13, 1),
    d: Point = Point(1),
    e: Color = Color.BLUE,
    f: str = f"{LIMIT}",
    g: int = "text",
    h: list[int] = ["x"],
    i: dict = {**{}},
    j: int = undefined,
    k: int = Loop,
    l: Decimal = "1.5",
    m: UUID = "00000000-0000-0000-0000-000000000001",
    n: datetime.datetime = "2024-01-01T00:00:00",
    o: bytes = "text",
    p: str = b"bytes",
    q: bool = 1,
    r: int = True,
    s: Point = {"x": 1},
    t: list[int] = [i for i in range(3)],
    u: int = not 1,
    v: int = 1 / 0,
    w: set = {[]},
    x: int = -"a",
    y: Color2 = Color2.RED,
    z: object = ...,
    aa: object = msgspec.UNSET,
    bb: Color = "r",
    cc: datetime.timedelta = "P1D",
) -> None: ...


@dataclass
class Checked:
    x: int

    def __post_init__(self):
        self.x += 1


@dataclass
class Pair:
    first: int
    second: int = 0


class Brief(msgspec.Struct, frozen=True, omit_defaults=True):
    times: int = 1


@dataclass(kw_only=True)
class Named:
    x: int


@worker.task
async def every_record(
    state,
    a: Checked = Checked(1),
    b: Pair = Pair(),
    c: Pair = Pair(1, 2, 3),
    d: Pair = Pair(1, third=3),
    e: Pair = Pair(1, first=1),
    f: Pair = Pair("text"),
    g: Pair = Pair(*[1, 2]),
    h: Pair = Pair(LIMIT),
    i: Brief = Brief(times=1),
    j: Brief = Pair(1),
    k: Pair = Pair(1e999),
    l: Named = Named(1),
) -> None: ...
