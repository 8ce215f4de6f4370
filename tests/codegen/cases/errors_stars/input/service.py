"""Names that a later `import *` binds, or may bind, to something else."""

from boilermaker import Boilermaker, InMemoryServiceBus

Size = str
Colour = str
from types_here import *  # noqa: E402
from numpy import *  # noqa: E402

worker = Boilermaker(object(), InMemoryServiceBus(), queue="q")


@worker.task
async def starred(state, kind: Kind, size: Size, colour: Colour) -> None: ...
