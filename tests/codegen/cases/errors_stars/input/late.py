from boilermaker import Boilermaker, InMemoryServiceBus

Size = str
from numpy import *  # noqa: E402

worker = Boilermaker(object(), InMemoryServiceBus(), queue="q")


@worker.task
async def late(state) -> None: ...
