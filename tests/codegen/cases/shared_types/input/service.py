from dataclasses import dataclass

import other_stubs
import shared
from boilermaker import Boilermaker, InMemoryServiceBus
from shared.ids import Account

worker = Boilermaker(object(), InMemoryServiceBus(), queue="shared")


@dataclass
class Address:
    """Another one than that of `other_stubs`."""

    owner: shared.UserId
    lines: list[str]


@worker.task
async def move(state, user: shared.UserId, old: other_stubs.Address, new: Address) -> other_stubs.Address: ...


@worker.task
async def close(state, account: Account, kind: Account.Kind = Account.Kind.CLOSED) -> shared.UserId: ...
