import enum
from dataclasses import dataclass

from boilermaker import Boilermaker, InMemoryServiceBus

worker = Boilermaker(object(), InMemoryServiceBus(), queue="nested-classes")


class Order:
    class Status(enum.Enum):
        OPEN = "open"

    @dataclass
    class Line:
        amount: int
        status: "Order.Status"


@worker.task
async def place(state, line: Order.Line, status: Order.Status = Order.Status.OPEN) -> Order.Line: ...
