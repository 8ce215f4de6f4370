"""Types that msgspec takes, and whose values it cannot carry."""

from collections.abc import Mapping
from enum import Enum, EnumMeta
from dataclasses import dataclass
from decimal import Decimal
from typing import Annotated, Literal, NamedTuple, TypedDict

import msgspec

from boilermaker import Boilermaker, InMemoryServiceBus

worker = Boilermaker(object(), InMemoryServiceBus(), queue="q")


@dataclass(frozen=True)
class Module:
    name: str


@dataclass
class Mutable:
    name: str


@dataclass(frozen=True)
class Holder:
    parts: list[int]


class Place(NamedTuple):
    x: int


class Row(TypedDict):
    x: int


@worker.task
async def keys(
    state,
    a: dict[Module, int],
    b: Mapping[str | None, str],
    c: dict[tuple[str, int], int],
    d: dict[bool, int],
    e: list[dict[Place, int]],
    f: dict[Literal["a", None], int],
    fine: dict[str | int, int],
    __mangled: int,
) -> dict[tuple[str | None, str], bool]: ...


@worker.task
async def sets(
    state,
    a: set[Mutable],
    b: set[Holder],
    c: set[Row],
    d: frozenset[list[int]],
    e: dict[str, set[tuple[bytearray, int]]],
    fine: set[Module],
    fine_too: set[Place | int],
) -> None: ...


class Made(EnumMeta): ...


class Metered(Enum, metaclass=Made):
    A = 1


@worker.task
async def metaclasses(state, metered: Metered) -> None: ...


@worker.task
async def limits_of_decimals(
    state, price: Annotated[Decimal, msgspec.Meta(ge=0)], prices: list[Annotated[Decimal, msgspec.Meta(lt=9)]]
) -> None: ...
