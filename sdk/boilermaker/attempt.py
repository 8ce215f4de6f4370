"""What a handler can read about its own execution: the message it runs for, and whether the worker wants it to end.

The worker sets it, in `worker.execution`.
"""

import enum
from asyncio import CancelledError
from contextvars import ContextVar

import msgspec


class Attempt(msgspec.Struct, frozen=True, kw_only=True):
    """One execution of one step of a workflow.

    Attributes:
        id: the message's id. It stays the same when the message is redelivered after a crash or a lost settlement, and each
            retry has a new one: store it together with an effect to make the effect happen once. For the first message of a
            workflow it is the workflow's id; if others can guess it (`publish(id="order-7")`), they can use it before you do.
        workflow: the workflow's id, the same in all its messages.
        task: the task's name.
        number: number of this execution under the task's policy, from 1.
        delivery_count: how often this message was delivered before; if above 0, an earlier delivery may have had effects.
    """

    id: str
    workflow: str
    task: str
    number: int
    delivery_count: int


class Cause(enum.Enum):
    """Why a worker wants a handler to end."""

    TIME_LIMIT = "its time limit"
    """It took longer than the task's `timeout`: this counts as a failed try."""
    LOCK_LOST = "its lock is lost"
    """The message is redelivered, to this worker or another; the outcome of this handler is not published."""
    STOPPING = "the worker stops"
    """The grace period is over: the message is released, and its handler runs again."""


class Running:
    """The state of one handler execution. Set by the worker, readable from any thread."""

    __slots__ = ("attempt", "cause")

    def __init__(self, attempt: Attempt) -> None:
        self.attempt = attempt
        self.cause: Cause | None = None
        """Why the handler should end; None while it may continue."""


running: ContextVar[Running | None] = ContextVar("boilermaker_attempt", default=None)
"""Set by the worker around each handler."""


def current() -> Attempt:
    """The attempt whose handler is running.

    Raises:
        LookupError: no handler is running in this context.
    """
    return _running().attempt


def cancelled() -> Cause | None:
    """Why the worker wants this handler to end; None while it may continue.

    An `async` handler is cancelled with a `CancelledError`. A plain function in a thread cannot be interrupted: if it is
    long-running, it should call this function, or `check_cancelled`, between its steps.

    Raises:
        LookupError: no handler is running in this context.
    """
    return _running().cause


def check_cancelled() -> None:
    """Raise if the worker wants this handler to end; clean up in `finally`.

    Raises:
        asyncio.CancelledError: the worker wants it to end.
        LookupError: no handler is running in this context.
    """
    if (cause := cancelled()) is not None:
        raise CancelledError(cause.value)


def _running() -> Running:
    found = running.get()
    if found is None:
        raise LookupError(
            "no task is running here: call this from a handler, or from code that a handler calls"
        )
    return found
