"""What generated stubs call: nothing but this, msgspec and the standard library stand behind them.

Importing it pulls in neither azure nor asyncio, so stubs cost a producer next to nothing.
"""

from typing import Any, Generic, TypeVar

import msgspec

from boilermaker.payload import Payload
from boilermaker.ref import Arg, Ref
from boilermaker.task import Target, Task

__all__ = ["Arg", "Payload", "Ref", "Task", "TaskStub"]

R = TypeVar("R")


class TaskStub(Generic[R]):
    """Builds the tasks of one handler; generated code makes one for each.

    Args:
        name: the task's name on the wire.
        payload: its payload struct.
        result: the type of its result, as an annotation would say it.
        queue: where its worker listens.
        digest: names the wire shape that it was generated from.
    """

    __slots__ = ("target",)

    def __init__(
        self, name: str, payload: type[msgspec.Struct], result: Any, *, queue: str, digest: str
    ) -> None:
        self.target = Target(payload_type=payload, result_type=result, name=name, queue=queue, digest=digest)

    def __call__(self, /, **arguments: object) -> Task[R]:
        """A task with these arguments.

        Raises:
            InvalidArgumentsError: the worker would refuse them; every argument at fault is named.
        """
        return Task(self.target, arguments)
