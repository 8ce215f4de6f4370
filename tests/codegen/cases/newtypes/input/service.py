import typing
from typing import NewType

from boilermaker import Boilermaker, InMemoryServiceBus

worker = Boilermaker(object(), InMemoryServiceBus(), queue="newtypes")


UserId = NewType("UserId", int)
AdminId = typing.NewType("AdminId", UserId)
Names = NewType("Names", list[str])


@worker.task
async def promote(state, user_id: UserId, names: Names, by: AdminId | None = None) -> AdminId: ...
