"""What a handler may know about the message that it runs for."""

from contextvars import ContextVar

import msgspec


class Attempt(msgspec.Struct, frozen=True, kw_only=True):
    """One execution of one step of a workflow.

    Attributes:
        id: the message's id. It is the same when the message comes again after a crash or a lost settlement, and another
            one for each retry: record it with an effect to make that effect happen once.
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


running: ContextVar[Attempt | None] = ContextVar("boilermaker_attempt", default=None)
"""Set by the worker around each handler."""


def current() -> Attempt:
    """The attempt whose handler is running.

    Raises:
        LookupError: no handler is running in this context.
    """
    attempt = running.get()
    if attempt is None:
        raise LookupError("no task is running here: call this from a handler, or from what a handler calls")
    return attempt
