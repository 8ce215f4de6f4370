import dataclasses
from dataclasses import KW_ONLY, dataclass, field
from typing import ClassVar, Final

from boilermaker import Boilermaker, InMemoryServiceBus

worker = Boilermaker(object(), InMemoryServiceBus(), queue="dataclasses")


@dataclass
class Address:
    """Where somebody lives."""

    street: str
    lines: list[str] = field(default_factory=list)
    tags: set[str] = field(default_factory=set, repr=False)
    extra: dict[str, int] = field(default_factory=lambda: {"a": 1})
    country: str = "NL"
    kind: ClassVar[str] = "postal"

    def __post_init__(self) -> None:
        pass


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    name: str
    home: Address
    others: tuple[Address, ...] = ()
    age: int | None = field(default=None)


@dataclass
class Box:
    width: Final[int]
    _: KW_ONLY
    height: int = 1


@dataclass
class Crate:
    label: str = field(default="", kw_only=True)
    width: "Final[int]"


@dataclass
class Empty:
    pass


@worker.task
async def move(state, person: Person, to: Address, nothing: Empty, box: Box, crate: Crate) -> Person: ...


@dataclass(frozen=True)
class Layer:
    names: list[str]
    is_closed: bool

    def __post_init__(self) -> None:
        object.__setattr__(self, "names", sorted(self.names))


@worker.task
async def stack(state, layer: Layer) -> None: ...
