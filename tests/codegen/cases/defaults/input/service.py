from collections.abc import Collection, Mapping, Sequence
from enum import Enum, IntEnum
from typing import Annotated, Any, Literal, NewType

import msgspec

import constants
from constants import RETRIES

from boilermaker import Boilermaker, InMemoryServiceBus

worker = Boilermaker(object(), InMemoryServiceBus(), queue="defaults")


class Color(Enum):
    RED = "red"
    BLUE = "blue"


class Level(IntEnum):
    LOW = 1
    HIGH = 2


UserId = NewType("UserId", str)


class Limits:
    MOST = 10


@worker.task
async def literals(
    state,
    flag: bool = True,
    count: int = -3,
    ratio: float = 1,
    exact: float = 1.5e-7,
    text: str = "it's \"quoted\"\n",
    joined: str = "a" "b",
    data: bytes = b"\x00\xff",
    nothing: str | None = None,
    anything: Any = {"a": [1, None, True]},
    size: Literal["s", "m"] = "m",
    seconds: int = 24 * 60 * 60,
    positive: Annotated[int, msgspec.Meta(gt=0)] = 1,
) -> None: ...


@worker.task
async def constant_values(
    state,
    retries: int = RETRIES,
    most: int = Limits.MOST,
    color: Color = Color.RED,
    level: Level = Level.HIGH,
    level_value: int = Level.HIGH.value,
    imported: str = constants.GREETING,
    owner: UserId = UserId("nobody"),
    colors: tuple[Color, ...] = (Color.RED,),
) -> None: ...


@worker.task
async def containers(
    state,
    names: list[str] = ["a", "b"],
    empty: list[int] = [],
    table: dict[str, int] = {"b": 2, "a": 1},
    by_number: dict[int, str] = {1: "one"},
    by_color: dict[Color, int] = {Color.RED: 1},
    ids: set[int] = {3, 1, 2},
    no_ids: set[int] = set(),
    frozen: frozenset[str] = frozenset({"b", "a"}),
    pair: tuple[int, str] = (1, "x"),
    sequence: Sequence[str] = (),
    collection: Collection[int] = (1, 2),
    mapping: Mapping[str, float] = {},
    maybe: list[str] | None = None,
) -> None: ...
