from typing import ClassVar, Final

import attr
import attrs
from attr import dataclass as attr_dataclass
from attrs import Factory, define, field, frozen
from attrs.validators import instance_of

from boilermaker import Boilermaker, InMemoryServiceBus

worker = Boilermaker(object(), InMemoryServiceBus(), queue="attrs-classes")


@define
class Address:
    """Where somebody lives."""

    street: str
    lines: list[str] = field(factory=list)
    tags: set[str] = Factory(set)
    extra: dict[str, int] = field(default=attrs.Factory(lambda: {"a": 1}), repr=False)
    country: str = "NL"
    kind: ClassVar[str] = "postal"
    made = 0

    def __attrs_post_init__(self) -> None:
        pass


@frozen(kw_only=True)
class Person:
    """Its validators and converters are the worker's: what travels is what is annotated."""

    name: str = field(validator=instance_of(str))
    home: Address = field(metadata={"shown": True})
    age: int | None = field(default=None, converter=lambda value: value, alias="years")
    friends: "tuple[Person, ...]" = ()

    @age.validator
    def _check_age(self, attribute: object, value: object) -> None:
        pass


@attrs.define(slots=False, on_setattr=attrs.setters.validate)
class Box:
    width: Final[int]
    label: str = attrs.field(default="", kw_only=True)
    height: int = 1


@attr.s(auto_attribs=True, frozen=True)
class Old:
    a: int
    b: int = attr.ib(2, alias="bee")
    c: "tuple[int, ...]" = attr.ib(factory=tuple)


@attr_dataclass
class Older(Old):
    d: int = 4


@attr.define
class Stamped:
    source: str = "web"
    id: int = 0


@define
class Owned(Stamped):
    owner: str | None = None
    source: str = "mail"


@define(slots=False)
class Placed(Stamped):
    place: str = ""
    source: str = "shop"


@define(slots=False)
class Parcel(Placed, Owned):
    """A diamond: inherited fields come first, one that is declared anew moves to the end."""

    id: int = 1
    weight: float = 1.5


class Sent(Parcel):
    """Adds methods only."""

    def weigh(self) -> float:
        return self.weight


@attr.s(auto_attribs=True)
class Left:
    x: int = 1
    y: int = 2


@attr.s(auto_attribs=True)
class Right:
    z: int = 3
    x: int = 4


@attr.s(auto_attribs=True)
class Near(Left, Right):
    """`attr.s` collects what it inherits another way."""


@attr.s(auto_attribs=True, collect_by_mro=True, kw_only=True)
class Ordered(Left, Right):
    own: int


@worker.task
async def move(state, person: Person, to: Address, box: Box = Box(width=1, label="x")) -> Person: ...


@worker.task
async def send(state, old: Older, sent: Sent, near: Near, ordered: Ordered, at: Old = Old(1, bee=3)) -> set[Old]: ...
