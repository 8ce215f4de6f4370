"""The runtime of generated stubs: they import only this module, msgspec and the standard library.

Importing it imports neither azure nor asyncio, so that stubs add little to a producer's start-up time.
"""

import functools
import re
import warnings
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Generic, ParamSpec, TypeVar

import msgspec

from boilermaker.failure import FailureInfo
from boilermaker.payload import Payload
from boilermaker.workflow.bounds import DIGEST
from boilermaker.workflow.ref import Arg, Ref
from boilermaker.workflow.target import Target
from boilermaker.workflow.task import Task

if TYPE_CHECKING:
    # Type checkers know PEP 702 by this name; at run time the import would take 30 ms, and import asyncio.
    from typing_extensions import deprecated

__all__ = ["Arg", "FailureInfo", "Payload", "Ref", "Task", "TaskStub", "deprecated"]

_is_digest = re.compile(DIGEST).fullmatch

P = ParamSpec("P")
R = TypeVar("R")


class TaskStub(Generic[R]):
    """Builds the tasks of one handler; generated code creates one for each handler.

    Args:
        name: the task's name on the wire.
        payload: its payload struct.
        result: the type of its result, as an annotation.
        queue: the queue that its worker receives from.
        digest: digest of the contract that it was generated from; 16 hex digits.

    Raises:
        ValueError: the digest is invalid: workers would reject its messages.
    """

    __slots__ = ("target",)

    def __init__(
        self, name: str, payload: type[msgspec.Struct], result: Any, *, queue: str, digest: str
    ) -> None:
        if not _is_digest(digest):
            raise ValueError(f"the digest of `{name}` is not 16 hex digits; generate the stubs again")
        self.target = Target(payload_type=payload, result_type=result, name=name, queue=queue, digest=digest)

    def __call__(self, /, **arguments: object) -> Task[R]:
        """A task with these arguments.

        Raises:
            InvalidArgumentsError: the worker would reject them; the error lists every invalid argument.
        """
        return Task(self.target, arguments)


if not TYPE_CHECKING:

    def deprecated(message: str) -> Callable[[Callable[P, R]], Callable[P, R]]:
        """Mark a generated function as deprecated (PEP 702): type checkers report it, and calling it issues a warning."""

        def mark(function: Callable[P, R]) -> Callable[P, R]:
            @functools.wraps(function)
            def warning(*args: P.args, **kwargs: P.kwargs) -> R:
                warnings.warn(message, DeprecationWarning, stacklevel=2)
                return function(*args, **kwargs)

            warning.__deprecated__ = message
            return warning

        return mark
