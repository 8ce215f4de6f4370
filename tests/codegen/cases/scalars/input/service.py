import datetime as dt
import decimal
import uuid
from datetime import date
from typing import Any

from boilermaker import Boilermaker, InMemoryServiceBus

worker = Boilermaker(object(), InMemoryServiceBus(), queue="scalars")


@worker.task
async def every_scalar(
    state,
    flag: bool,
    count: int,
    ratio: float,
    text: str,
    data: bytes,
    buffer: bytearray,
    when: dt.datetime,
    day: date,
    clock: dt.time,
    span: dt.timedelta,
    key: uuid.UUID,
    price: decimal.Decimal,
    whatever: Any,
    thing: object,
    nothing: None,
) -> Any:
    """One parameter of each scalar type."""


@worker.task
async def no_result(state) -> None: ...


@worker.task
async def unknown_result(state): ...
