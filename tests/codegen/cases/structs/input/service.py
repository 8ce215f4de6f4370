import msgspec
from msgspec import Struct, field

from boilermaker import Boilermaker, InMemoryServiceBus

worker = Boilermaker(object(), InMemoryServiceBus(), queue="structs")


class Point(msgspec.Struct):
    """A place."""

    x: int
    y: int = 0


class Options(Struct, frozen=True, kw_only=True, omit_defaults=True, forbid_unknown_fields=True, rename="camel"):
    first_name: str
    last_name: str = "Lovelace"
    all_tags: list[str] = []
    scores: list[int] = field(default_factory=lambda: [1, 2])
    odd: str = field(name="very odd", default="x")


class Row(Struct, array_like=True):
    key: str
    value: float


class Cat(Struct, tag=True):
    name: str


class Dog(Struct, tag=True):
    name: str


class Circle(Struct, tag="circle", tag_field="shape"):
    radius: float


class Square(Struct, tag="square", tag_field="shape"):
    side: float


class Untagged(Struct, tag_field="kind"):
    pass


Pet = Cat | Dog


@worker.task
async def every_struct(
    state, point: Point, options: Options, row: Row, pet: Pet, shape: Circle | Square, untagged: Untagged
) -> list[Pet]: ...
