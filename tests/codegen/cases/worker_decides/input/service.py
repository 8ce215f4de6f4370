import datetime as dt
import math
import os
import uuid
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Annotated, Any, Generic, TypeVar

import msgspec

import settings
from settings import LIMIT

from boilermaker import Boilermaker, InMemoryServiceBus

worker = Boilermaker(object(), InMemoryServiceBus(), queue="worker_decides")

T = TypeVar("T")


class Box(Generic[T]):
    def __init__(self, held: T) -> None:
        self.held = held


@dataclass
class Page:
    """A part of many."""

    size: int
    number: int = 0

    def __post_init__(self) -> None:
        self.size = min(self.size, 100)


class Sentinel:
    pass


MISSING: Any = Sentinel()
ALL = [number for number in range(3)]


def pages() -> list[Page]:
    return [Page(10)]


@dataclass(frozen=True)
class Search:
    """What to look for."""

    text: str
    id: uuid.UUID = field(default_factory=uuid.uuid4)
    at: dt.datetime = field(default_factory=lambda: dt.datetime.now(dt.timezone.utc))
    pages: list[Page] = field(default_factory=pages)
    limit: Annotated[int, msgspec.Meta(gt=0)] | None = LIMIT


class Node(msgspec.Struct, kw_only=True, rename="camel", tag=True):
    the_limit: int = settings.settings.limit
    below: "list[Node] | None" = msgspec.field(default_factory=lambda: [] if LIMIT else None)
    shown_as: str = msgspec.field(default=f"{LIMIT}", name="shown")
    anything: Any = MISSING


@worker.task
async def every_environment(
    state, a: str | None = os.environ.get("REGION"), b: str = os.environ.get("REGION", "eu"), c: str = None
) -> None: ...


@worker.task
async def every_value(
    state,
    a: int,
    b: int = LIMIT,
    c: int = settings.settings.limit,
    d: float = math.inf,
    e: float | None = settings.TIMEOUT,
    f: str = f"{LIMIT}",
    g: Sequence[int] = ALL,
    h: list[int] = [number for number in ALL if (lambda limit=LIMIT: number < limit)()],
    i: list[str] = [*settings.settings.hosts],
    j: uuid.UUID = uuid.uuid4(),
    k: dt.datetime = dt.datetime.now(),
    ll: Page = Page(LIMIT),
    m: Page = Page(1000),
    n: str = MISSING,
    o: Any = MISSING,
    p: int = ...,
    q: dict[str, int] = {**{"a": 1}},
    r: bool = not LIMIT,
    s: str = Box("held").held,
    t: str = __file__,
    u: int | None = LIMIT if LIMIT else None,
    *,
    v: "Node | None" = Node(),
) -> None: ...


@worker.task
async def every_record(state, search: Search, node: Node, more: Search = Search("x")) -> Search: ...
