from enum import Enum, IntEnum, IntFlag, StrEnum
from typing import NamedTuple

from boilermaker import Boilermaker, InMemoryServiceBus

worker = Boilermaker(object(), InMemoryServiceBus(), queue="hiding_names")


class Column(str, Enum):
    title = "title"
    count = "Count"
    owner = "owner"


class Operation(StrEnum):
    join = "join"
    split = "split"
    a_member_that_is_just_too_long_for_its_line = "operations.splitting.WithoutAnyOverlap"
    a_member_that_is_too_long_for_any_line = (
        "operations.splitting.with_overlap.of_less_than_a_tenth.of_more_than_a_hundredth.on_both_sides"
    )


class Part(IntEnum):
    real = 1
    imag = 2
    denominator = 3
    bit_length = 4


class Access(IntFlag):
    conjugate = 1
    write = 2


class Attribute(Enum):
    name = "n"
    value = "v"
    other = "o"


class Bucket(NamedTuple):
    index: int
    count: int = 0
    key: str = ""


@worker.task
async def sort(state, by: Column = Column.title, then: Operation = Operation.join) -> list[Bucket]: ...


@worker.task
async def take(state, part: Part, access: Access, attribute: Attribute = Attribute.name) -> Part: ...
