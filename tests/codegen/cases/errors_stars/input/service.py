"""Names that a later `import *` binds, or may bind, to something else."""

Size = str
Colour = str
from types_here import *  # noqa: E402
from numpy import *  # noqa: E402

from app import worker  # noqa: E402

Shape = str


@worker.task
async def starred(state, kind: Kind, size: Size, colour: Colour, shape: Shape) -> None: ...
