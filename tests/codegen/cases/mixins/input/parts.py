from abc import ABC, abstractmethod
from dataclasses import dataclass, field
from typing import Protocol, runtime_checkable

import msgspec


@runtime_checkable
class Shown(Protocol):
    """Has no fields that travel, whatever it annotates."""

    name: str

    def show(self) -> str: ...


class Priced(ABC):
    currency: str = "EUR"

    @abstractmethod
    def price(self) -> int: ...


@dataclass(kw_only=True)
class Stamped:
    id: int
    tags: list[str] = field(default_factory=list)
    source: str = "web"


@dataclass
class Owned(Stamped):
    owner: str | None = None
    source: str = "mail"


@dataclass
class Placed(Stamped):
    place: str = ""
    source: str = "shop"


class Traced(msgspec.Struct, kw_only=True, rename="camel"):
    trace_id: str
    source: str = "web"


class Frozen(msgspec.Struct, frozen=True, kw_only=True):
    """Gives options, and no fields: msgspec takes one base with fields."""
