import datetime
from datetime import UTC, date, timedelta
from decimal import Decimal
from typing import NewType
from uuid import UUID

import msgspec

from boilermaker import Boilermaker, InMemoryServiceBus

worker = Boilermaker(object(), InMemoryServiceBus(), queue="constructed_defaults")

NOBODY = UUID("00000000-0000-0000-0000-000000000000")
WAIT = timedelta(days=1, seconds=3661.5)
Price = NewType("Price", Decimal)


class Window(msgspec.Struct):
    length: timedelta = timedelta(minutes=5)
    since: date = date(2020, 1, 1)


@worker.task
async def ship(
    state: object,
    price: Decimal = Decimal("1.50"),
    cost: Price = Price(Decimal(3)),
    who: UUID = NOBODY,
    wait: timedelta = WAIT,
    none: timedelta = timedelta(),
    back: timedelta = timedelta(seconds=-1),
    at: datetime.datetime = datetime.datetime(2024, 2, 3, 4, 5, tzinfo=datetime.timezone.utc),
    midnight: datetime.datetime = datetime.datetime(2024, 2, 3, tzinfo=UTC),
    local: datetime.datetime = datetime.datetime(2024, 2, 3, hour=4, microsecond=5),
    day: date = date(2024, 2, 3),
    hour: datetime.time = datetime.time(8),
    perhaps: date | None = date(2024, 2, 3),
    several: tuple[date, ...] = (date(2024, 2, 3), date(2024, 2, 4)),
    window: Window | None = None,
) -> None:
    """Ship it."""
