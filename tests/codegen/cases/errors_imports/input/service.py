from typing import NewType

from boilermaker import Boilermaker, InMemoryServiceBus

worker = Boilermaker(object(), InMemoryServiceBus(), queue="errors-imports")
Id = NewType("Id", int)


@worker.task
async def take(state, id: Id) -> None: ...
