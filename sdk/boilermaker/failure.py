"""Final failure of a task: how a handler reports it, and what failure callbacks receive.

Retries are in `retries`; what the worker does about a failure is in `worker.decide`.
"""

import re
from typing import Final, Never, cast

import msgspec

from boilermaker.workflow.ref import Ref


class FailureInfo(msgspec.Struct, frozen=True, kw_only=True):
    """Why a step failed permanently. Contains no payload values and no traceback.

    Attributes:
        task: name of the task that failed.
        reason: the stable reason, as in the dead-letter queue: `TaskFailed`, `RetriesExhausted`, `InvalidPayload`, ...
        description: one human-readable sentence.
        error: qualified name of the exception's type, if one was raised.
        attempt: number of executions, this one included.
        message_id: id of the message that failed, to find it in the dead-letter queue.
    """

    task: str
    reason: str
    description: str
    error: str | None = None
    attempt: int = 1
    message_id: str | None = None


class TaskFailed(Exception):  # noqa: N818 - the name says what has happened to the task
    """Raised by a handler to fail permanently: the task is not retried, failure callbacks run, the message is dead-lettered.

    Args:
        reason: why; it is sent to failure callbacks and into the dead letter, so keep secrets out of it. A value that is
            not a string, such as an exception, is converted with `str()`.
    """

    reason: str = ""  # the default, for subclasses whose __init__ does not call this one

    def __init__(self, reason: object = "") -> None:
        super().__init__(reason)
        self.reason = str(reason)


# Control characters, line separators, bidirectional marks and lone surrogates.
_ILLEGIBLE = re.compile("[\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff\ud800-\udfff]")


def legible(text: str) -> str:
    r"""The text with every character escaped that a log line or UTF-8 cannot hold, as in JSON: `\\u000a`.

    For texts that come from users' code: a file name that is not UTF-8 contains lone surrogates (PEP 383).
    """
    return text if text.isprintable() else _ILLEGIBLE.sub(lambda found: f"\\u{ord(found[0]):04x}", text)


class _Failed:
    """The type of the singleton `TaskFailureResult`."""

    __slots__ = ()

    def __repr__(self) -> str:
        return "TaskFailureResult"

    def __reduce__(self) -> str:
        return "TaskFailureResult"


TaskFailureResult: Final[Never] = cast("Never", _Failed())
"""Returned by a handler to fail permanently.

Typed `Never`, which is assignable to every result type: a handler `-> UserId` may return it without changing its annotation.
"""

cause: Final[Ref[FailureInfo]] = Ref(None, "cause")
"""The failure that led to this step, as an argument for a failure callback; valid only in steps that run after a failure."""


def is_failure(result: object) -> bool:
    """Whether a handler returned `TaskFailureResult`."""
    return isinstance(result, _Failed)
