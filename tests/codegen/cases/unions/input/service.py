from enum import Enum
from typing import Optional, Union

from boilermaker import Boilermaker, InMemoryServiceBus

worker = Boilermaker(object(), InMemoryServiceBus(), queue="unions")


Number = int | float


@worker.task
async def every_union(
    state,
    a: int | str,
    b: Optional[int],
    c: Union[int, str, None],
    d: None | int,
    e: Number | None,
    f: Union[int, Union[int, str]],
    g: "int | None",
    h: list[int] | dict[str, int] | None,
    i: int = None,
    j: Optional[str] = None,
) -> int | None: ...


class Wait(Enum):
    FOREVER = -1


@worker.task
async def waited(state, seconds: float | Wait | None = Wait.FOREVER, at_most: float | Wait = 1.5) -> None: ...
