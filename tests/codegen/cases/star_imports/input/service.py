from collections.abc import *
from datetime import *

from app import *
from app.legacy import Order
from app.shapes import *
from app.units import Speed
from boilermaker import Boilermaker, InMemoryServiceBus

worker = Boilermaker(object(), InMemoryServiceBus(), queue="star-imports")


@worker.task
async def ship(state, order: Order, address: Address, colour: Colour, days: Sequence[date]) -> Kind: ...


@worker.task
async def draw(state, circle: Circle, cube: Cube, scale: Scale) -> None: ...


@worker.task
async def drive(state, speed: Speed) -> None: ...
