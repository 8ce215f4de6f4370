"""Failing for good: how a handler says so, and what failure handlers learn about it."""

import re
from typing import Final, Never, cast

import msgspec

from boilermaker.workflow.ref import Ref


class FailureInfo(msgspec.Struct, frozen=True, kw_only=True):
    """Why a step failed for good. Holds no payload values and no traceback.

    Attributes:
        task: name of the task that failed.
        reason: the stable reason, as in the dead-letter queue: `TaskFailed`, `RetriesExhausted`, `InvalidPayload`, ...
        description: one sentence for people.
        error: qualified name of the exception's type, where one was raised.
        attempt: how many executions there were, this one included.
        message_id: id of the message that failed, to find it in the dead-letter queue.
    """

    task: str
    reason: str
    description: str
    error: str | None = None
    attempt: int = 1
    message_id: str | None = None


class TaskFailed(Exception):  # noqa: N818 - the name says what has happened to the task
    """Raised by a handler that failed for good: no retry, failure callbacks, dead letter.

    Args:
        reason: why; it travels to the failure handler and to the dead letter, so keep secrets out of it. What is no
            text, an exception perhaps, is taken by its `str()`.
    """

    reason: str = ""  # the default for a subclass whose __init__ does not call this one

    def __init__(self, reason: object = "") -> None:
        super().__init__(reason)
        self.reason = str(reason)


# Controls, line separators, marks that turn the direction of writing, and halves of surrogate pairs.
_ILLEGIBLE = re.compile("[\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff\ud800-\udfff]")


def legible(text: str) -> str:
    r"""A text that may stand in a line of a log and has a UTF-8 form; what may not is escaped as in JSON, `\\u000a`.

    For texts that users' code gives: a file's name that is not UTF-8 comes with lone surrogates (PEP 383).
    """
    return text if text.isprintable() else _ILLEGIBLE.sub(lambda found: f"\\u{ord(found[0]):04x}", text)


class _Failed:
    """The type of `TaskFailureResult`, of which there is one."""

    __slots__ = ()

    def __repr__(self) -> str:
        return "TaskFailureResult"

    def __reduce__(self) -> str:
        return "TaskFailureResult"


TaskFailureResult: Final[Never] = cast("Never", _Failed())
"""Returned by a handler that failed for good.

Typed `Never`, which fits every declared result: a handler `-> UserId` may return it and its result type stays clean.
"""

cause: Final[Ref[FailureInfo]] = Ref(None, "cause")
"""The failure that led here, as an argument for a failure handler; legal in steps that only a failure leads to."""


def is_failure(result: object) -> bool:
    """Whether a handler returned `TaskFailureResult`."""
    return isinstance(result, _Failed)
