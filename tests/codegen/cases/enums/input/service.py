import enum
import functools
import sys
from enum import IntEnum, StrEnum, auto, unique
from typing import Annotated, Union

import msgspec

from boilermaker import Boilermaker, InMemoryServiceBus

worker = Boilermaker(object(), InMemoryServiceBus(), queue="enums")


class Plan(StrEnum):
    """What a customer pays.

    Billing depends on it.
    """

    FREE = "free"
    PRO = auto()
    GRATIS = FREE

    @property
    def is_paid(self) -> bool:
        return self is Plan.PRO


@unique
class Priority(IntEnum):
    LOW = 1
    HIGH = 2


class Color(enum.Enum):
    RED = "r"
    BLUE = "b"


class Code(str, enum.Enum):
    OK = "ok"


class Step(int, enum.Enum):
    FIRST = 1


class Count(enum.Enum):
    ONE = auto()
    TWO = auto()
    TEN = 10


class Named(enum.Enum):
    """Python asks it for what `auto()` gives, and there is no such member."""

    def _generate_next_value_(name, start, count, last_values):
        return name


class Wind(Named):
    NORTH = "north"


class Access(enum.Flag):
    READ = auto()
    WRITE = auto()
    BOTH = READ | WRITE


class Bits(enum.IntFlag):
    A = 1 << 0
    B = A << 1
    C = (15 ^ 11) & 6 | B >> 2


class Labelled:
    @property
    def label(self) -> str:
        return str(self)


class Documented(Labelled, enum.Enum):
    """An enum with methods and no members: others inherit from it."""

    __slots__ = ()

    if sys.version_info < (3, 12):

        def __repr__(self) -> str:
            return self.name

    else:
        pass

    @classmethod
    def _missing_(cls, value: object) -> "Documented":
        return next(iter(cls))


class Text(str, Documented):
    def __str__(self) -> str:
        return self.value


class Kind(Documented):
    A = 1
    B = 2


class Size(Text):
    S = "s"
    M = "m"

    _ignore_ = ["largest"]
    largest = "l"
    __secret = "x"


@worker.task
async def inherited(state, kind: Kind, size: Size = Size.S, sizes: list[Size] = [Size.M]) -> Size | None: ...


@worker.task
async def every_enum(
    state,
    color: Color,
    code: Code,
    step: Step,
    count: Count,
    access: Access,
    bits: Bits,
    wind: Wind,
    plan: Plan = Plan.PRO,
    priority: Priority = Priority.LOW,
) -> Plan: ...


@functools.total_ordering
class Power(enum.Enum):
    EIGHT = 2**3
    MANY = 10**9

    def __lt__(self, other: "Power") -> bool:
        return self.value < other.value


@worker.task
async def powers(state, power: Power = Power.EIGHT, limit: Annotated[int, msgspec.Meta(le=10**9)] = 10**6) -> Union[object, object]: ...
