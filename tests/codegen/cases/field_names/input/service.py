"""Fields that are called as their types are: what is read when all is bound finds the module's name first."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, time
from decimal import Decimal
from typing import NamedTuple, TypedDict

import attrs
import msgspec
from at_once import Named, Quoted

from boilermaker import Boilermaker, InMemoryServiceBus

worker = Boilermaker(object(), InMemoryServiceBus(), queue="field-names")


@dataclass
class Plain:
    date: date | None = None
    time: list[time] = field(default_factory=list)
    other: date | None = None


class Struct(msgspec.Struct):
    date: date | None = None
    other: date | None = None


@attrs.define
class Defined:
    date: date | None = None


class Row(NamedTuple):
    Decimal: Decimal | None = None


class Keys(TypedDict):
    date: date
    int: int


@worker.task
async def take(
    state, plain: Plain, struct: Struct, defined: Defined, row: Row, keys: Keys, quoted: Quoted, named: Named, date: date
) -> None: ...
