import sys
import typing
from typing import TYPE_CHECKING

from boilermaker import Boilermaker, InMemoryServiceBus

if sys.version_info >= (3, 12):
    from typing import TypedDict
else:
    from typing_extensions import TypedDict

if sys.version_info < (3, 11):
    from strenum import StrEnum
else:
    from enum import StrEnum

try:
    from typing import NotRequired
except ImportError:
    from typing_extensions import NotRequired

try:
    from fast import Number
except ImportError:
    from plain import Number

if TYPE_CHECKING:
    from plain import Checked as UserId
else:
    UserId = int

if not typing.TYPE_CHECKING:
    Price = float
else:
    Price = object

worker = Boilermaker(object(), InMemoryServiceBus(), queue="conditional-imports")


class Plan(StrEnum):
    FREE = "free"


class Order(TypedDict):
    plan: Plan
    note: NotRequired[str]


@worker.task
async def order(state, user: UserId, order: Order, price: Price, number: Number) -> None: ...
