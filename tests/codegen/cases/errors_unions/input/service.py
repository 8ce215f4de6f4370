import uuid
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from enum import Enum
from typing import Annotated, Any, NamedTuple, Optional, Union

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
