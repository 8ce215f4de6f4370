from datetime import datetime
from typing import Annotated

import msgspec
from msgspec import Meta

from boilermaker import Boilermaker, InMemoryServiceBus

worker = Boilermaker(object(), InMemoryServiceBus(), queue="constraints")


Positive = Annotated[int, Meta(gt=0)]
SHORT = Meta(max_length=5, description="short", examples=["a"])
Percent = Annotated[float, Meta(ge=0.0, le=100.0), "of the whole"]


@worker.task
async def every_constraint(
    state,
    a: Positive,
    b: Annotated[Positive, Meta(lt=10)],
    c: Annotated[str, Meta(min_length=1), SHORT],
    d: Annotated[str, Meta(pattern=r"^\d+$")],
    e: Annotated[datetime, Meta(tz=True)],
    f: Annotated[int, msgspec.Meta(multiple_of=5)] | None,
    g: Annotated[str, "just words", Meta(title="Titled")],
    h: list[Annotated[int, Meta(ge=0)]],
    i: Percent = 50,
) -> Positive: ...
