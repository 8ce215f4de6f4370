from dataclasses import dataclass
from typing import NewType

from common.money import Money

UserId = NewType("UserId", str)


@dataclass
class Account:
    owner: UserId
    balance: Money
