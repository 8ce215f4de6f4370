"""What a handler may know about the message that it runs for, and whether the worker wants it to end."""

import enum
from asyncio import CancelledError
from contextvars import ContextVar

import msgspec


class Attempt(msgspec.Struct, frozen=True, kw_only=True):
    """One execution of one step of a workflow.

    Attributes:
        id: the message's id. It is the same when the message comes again after a crash or a lost settlement, and another
            one for each retry: record it with an effect to make that effect happen once. For the first message of a workflow
            it is the workflow's id; one that others can guess (`publish(id="order-7")`) they can use before you.
        workflow: the workflow's id, the same in all its messages.
        task: the task's name.
        number: which execution by the task's policy, from 1.
        delivery_count: how often this message was delivered before: above 0, an earlier delivery may have had effects.
    """

    id: str
    workflow: str
    task: str
    number: int
    delivery_count: int


class Cause(enum.Enum):
    """Why a worker wants a handler to end."""

    TIME_LIMIT = "its time limit"
    """It took longer than the task's `timeout`: it counts as a try that failed."""
    LOCK_LOST = "its lock is lost"
    """The message comes again, here or elsewhere; what this handler comes to is not published."""
    STOPPING = "the worker stops"
    """The grace period is over: the message is given back, and will be run again."""


class Running:
    """A handler's run, as it sees itself. Set by the worker, and read from any thread."""

    __slots__ = ("attempt", "cause")

    def __init__(self, attempt: Attempt) -> None:
        self.attempt = attempt
        self.cause: Cause | None = None
        """Why it should end, once it should."""


running: ContextVar[Running | None] = ContextVar("boilermaker_attempt", default=None)
"""Set by the worker around each handler."""


def current() -> Attempt:
    """The attempt whose handler is running.

    Raises:
        LookupError: no handler is running in this context.
    """
    return _running().attempt


def cancelled() -> Cause | None:
    """Why the worker wants this handler to end; None while it may go on.

    An `async` handler learns it by a `CancelledError`. A plain function in a thread cannot be interrupted: one that takes
    long asks, between two steps, or calls `check_cancelled`.

    Raises:
        LookupError: no handler is running in this context.
    """
    return _running().cause


def check_cancelled() -> None:
    """End a handler that the worker wants to end; let it clean up by `finally`.

    Raises:
        asyncio.CancelledError: the worker wants it to end.
        LookupError: no handler is running in this context.
    """
    if (cause := cancelled()) is not None:
        raise CancelledError(cause.value)


def _running() -> Running:
    found = running.get()
    if found is None:
        raise LookupError("no task is running here: call this from a handler, or from what a handler calls")
    return found
