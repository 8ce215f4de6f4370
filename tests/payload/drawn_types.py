"""Types of the reference's table, drawn: scalars, enums, literals, limits, unions, containers and records within each other."""

import dataclasses
import datetime as dt
import enum
import itertools
import typing
from collections.abc import Sequence
from decimal import Decimal
from typing import Annotated, Any, Literal, NamedTuple, NewType, NotRequired, TypedDict
from uuid import UUID

import msgspec
from attrs import define
from hypothesis import strategies as st
from msgspec import Meta

from boilermaker.introspection.carriage import obstacle_to
from boilermaker.payload.externals import NONE


class Colour(enum.Enum):
    RED = "red"
    BLUE = "blue"


class Level(enum.IntEnum):
    LOW = 1
    HIGH = 2


class Word(enum.StrEnum):
    YES = "yes"
    NO = "no"


class Access(enum.IntFlag):
    READ = 1
    WRITE = 2
    BOTH = 3


class Mixed(enum.Enum):
    ONE = 1
    TWO = "two"


class First(msgspec.Struct, tag=1):
    x: int = 0


class Second(msgspec.Struct, tag=2):
    y: Colour | None = None


class Leaf(msgspec.Struct, tag=True):
    value: int


class Branch(msgspec.Struct, tag=True):
    left: "Branch | Leaf"
    level: Level


class RowOne(msgspec.Struct, tag=1, array_like=True):
    x: int


class RowTwo(msgspec.Struct, tag=2, array_like=True):
    y: str


class Closed(msgspec.Struct, forbid_unknown_fields=True, rename="camel"):
    some_level: Level = Level.LOW


@dataclasses.dataclass
class Point:
    x: float
    label: Literal["a", 7] = "a"


@dataclasses.dataclass(frozen=True)
class Frozen:
    day: dt.date
    key: UUID


@define
class Attrs:
    money: Decimal
    level: Level = Level.LOW


class Keys(TypedDict):
    level: Level
    word: NotRequired[Word]


class Line(NamedTuple):
    start: tuple[float, float]
    next: "Line | None" = None


UserId = NewType("UserId", int)
Email = NewType("Email", str)

KEYS: list[Any] = [
    str,
    int,
    dt.date,
    dt.datetime,
    UUID,
    Colour,
    Level,
    Word,
    Literal["a", "b"],
    Literal[1, 2],
    Email,
]
LIMITED: list[Any] = [
    Annotated[int, Meta(ge=10, le=20)], Annotated[float, Meta(gt=0)], Annotated[str, Meta(min_length=2, max_length=9)],
    Annotated[str, Meta(pattern="^[a-z]+$")], Annotated[bytes, Meta(max_length=4)], Annotated[dt.datetime, Meta(tz=True)],
    Annotated[dt.time, Meta(tz=False)], Annotated[list[Level], Meta(min_length=1, max_length=2)],
    Annotated[dict[str, int], Meta(max_length=2)],
]  # fmt: skip
TYPED: list[Any] = [
    bool, int, float, str, None, bytes, bytearray, dt.datetime, dt.date, dt.time, dt.timedelta, UUID, Decimal,
    Literal["a", "b"], Literal[1, 2], (Literal["a", 1] | None), Colour, Level, Word, Access, Mixed, UserId, Email,
    First | Second, Branch | Leaf, RowOne | RowTwo, Closed, Point, Frozen, Attrs, Keys, Line, *LIMITED,
]  # fmt: skip
UNTYPED: list[Any] = [
    Any,
    dict,
    list,
    tuple,
    dict[str, Any],
    dict[Any, Any],
    list[Any],
    set[Any],
    dict[str | int, int],
]


_NUMBERS = itertools.count()  # contracts tell classes apart by their names


def _larger(parts: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.one_of(
        parts.map(lambda item: list[item]),  # type: ignore[valid-type]
        parts.map(lambda item: Sequence[item]),  # type: ignore[valid-type]
        parts.map(lambda item: set[item]),  # type: ignore[valid-type]
        parts.map(lambda item: frozenset[item]),  # type: ignore[valid-type]
        parts.map(lambda item: tuple[item, ...]),  # type: ignore[valid-type]
        st.lists(parts, min_size=1, max_size=3).map(lambda items: tuple[*items]),  # type: ignore[valid-type]
        st.tuples(st.sampled_from(KEYS), parts).map(lambda pair: dict[pair[0], pair[1]]),  # type: ignore[index,name-defined]
        st.lists(parts, min_size=2, max_size=3).map(lambda members: typing.Union[*members]),
        parts.map(lambda item: typing.Optional[item]),  # noqa: UP045
        parts.map(
            lambda item: msgspec.defstruct(f"Made{next(_NUMBERS)}", [("held", item), ("other", int, 1)])
        ),
    )


def types(*, of: Sequence[Any] = (*TYPED, *UNTYPED)) -> st.SearchStrategy[Any]:
    """Types that a registration takes."""
    drawn = st.recursive(st.sampled_from(of), _larger, max_leaves=4)
    return drawn.filter(lambda type_: obstacle_to(type_, NONE) is None)
