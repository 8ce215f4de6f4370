import enum
from dataclasses import dataclass, field
from datetime import date
from typing import Annotated, NamedTuple, NewType, TypedDict

import msgspec
from msgspec import Meta

from boilermaker import Boilermaker, InMemoryServiceBus

worker = Boilermaker(object(), InMemoryServiceBus(), queue="made_defaults")


class Color(enum.Enum):
    RED = "r"


@dataclass
class Point:
    x: int
    y: int = 0
    colors: list[Color] = field(default_factory=list)


@dataclass(frozen=True, kw_only=True)
class Frozen:
    since: date
    name: str = "it"


class Size(NamedTuple):
    width: float
    height: float = 1.5


class Open(msgspec.Struct, rename="camel"):
    at_point: Point
    how_often: int = msgspec.field(default=3, name="times")


class Closed(msgspec.Struct, frozen=True, omit_defaults=True):
    size: Size = Size(2)
    note: str | None = None


class Row(msgspec.Struct, array_like=True, frozen=True):
    first: int
    second: Annotated[int, Meta(ge=0)] = 2


class Circle(msgspec.Struct, tag=True, frozen=True):
    radius: float


class Square(msgspec.Struct, tag="square", frozen=True):
    side: float = 1.0


class Options(TypedDict, total=False):
    depth: int
    color: Color


@dataclass
class Nested:
    frozen: Frozen = Frozen(since=date(2024, 2, 3))
    points: list[Point] = field(default_factory=lambda: [Point(1), Point(2, 3)])
    closed: Closed = Closed(note="n")


ORIGIN = Point(0)
Corner = NewType("Corner", Point)


@worker.task
async def draw(
    state: object,
    origin: Point = ORIGIN,
    point: Point = Point(1, colors=[Color.RED]),
    perhaps: Point | None = Point(x=1, y=2),
    corner: Corner = Corner(Point(4)),
    frozen: Frozen = Frozen(since=date(2024, 2, 3), name="that"),
    size: Size = Size(2.5),
    opened: Open = Open(Point(1)),
    closed: Closed = Closed(),
    row: Row = Row(1),
    shape: Circle | Square = Square(side=2.0),
    options: Options = Options(depth=2),
    several: tuple[Size, ...] = (Size(1.0), Size(1.0, 2.0)),
    nested: Nested | None = None,
) -> None:
    """Draw it."""
