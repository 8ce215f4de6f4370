from dataclasses import dataclass
from typing import NamedTuple

from boilermaker import Boilermaker, InMemoryServiceBus
from parts import Owned, Placed, Priced, Shown, Stamped, Traced, Frozen

worker = Boilermaker(object(), InMemoryServiceBus(), queue="mixins")


class Helpers:
    kind: str = "none"

    def help(self) -> str:
        return self.kind


class MoreHelpers(Helpers, object):
    pass


@dataclass
class Item(MoreHelpers, Shown, Priced):
    """Has fields of its own only."""

    name: str
    cents: int = 0

    def show(self) -> str:
        return self.name

    def price(self) -> int:
        return self.cents


@dataclass
class Parcel(Owned, Placed):
    """A diamond: what both have is as Python's order of classes says."""

    source: str
    weight: float = 1.5


class Sent(Parcel, Helpers):
    """Adds methods only."""

    at = None


class Envelope(Helpers, Traced, Frozen):
    size_mm: int


class Small(Envelope):
    pass


class Point(NamedTuple):
    x: float
    y: float = 0


class Named(Helpers, Point):
    """Adds methods only."""

    def norm(self) -> float:
        return self.x + self.y


@worker.task
async def send(state, item: Item, sent: Sent, parcel: Parcel, stamped: Stamped, at: Named) -> Named: ...


@worker.task
async def post(state, envelope: Envelope, small: Small = Small(trace_id="t", size_mm=3)) -> None: ...
