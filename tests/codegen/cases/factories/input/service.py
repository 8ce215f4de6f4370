from dataclasses import dataclass, field
from typing import Any

import msgspec

from boilermaker import Boilermaker, InMemoryServiceBus

worker = Boilermaker(object(), InMemoryServiceBus(), queue="factories")

NAMES = {"a": 1}


def make() -> list[int]:
    return [1, 2]


@dataclass
class Plain:
    numbers: list[int] = field(default_factory=list)
    named: dict[str, int] = field(default_factory=dict)
    typed: list[int] = field(default_factory=list[int])
    chosen: set[str] = field(default_factory=lambda: {"a"})
    constant: dict[str, int] = field(default_factory=lambda: NAMES)
    copied: dict[str, int] = field(default_factory=lambda: dict(NAMES))
    called: list[int] = field(default_factory=lambda: make())
    made: list[int] = field(default_factory=make)
    itself: "Plain | None" = field(default_factory=lambda: None)


class Struct(msgspec.Struct):
    numbers: list[int] = []
    named: dict[str, Any] = msgspec.field(default_factory=dict, name="by_name")
    chosen: list[str] = msgspec.field(default_factory=lambda: ["a"])
    made: list[int] = msgspec.field(default_factory=make)


@worker.task
async def every_factory(state, plain: Plain, struct: Struct) -> None: ...
