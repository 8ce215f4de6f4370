from typing import Literal

from boilermaker import Boilermaker, InMemoryServiceBus

worker = Boilermaker(object(), InMemoryServiceBus(), queue="literals")


Size = Literal["s", "m", "l"]


@worker.task
async def every_literal(
    state,
    a: Literal["one"],
    b: Literal[1, -2, True, None],
    c: Size,
    d: Literal[Size, "xl"],
    e: Size | None,
    f: Literal['say "hi"'] = 'say "hi"',
    g: Literal["a", None] = None,
) -> Literal["done", "late"]: ...
