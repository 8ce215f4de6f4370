"""Outcomes, verdicts and settlements as plain values, and the records that outcome stores keep of verdicts.

Outcomes come from `execute`, `decide` turns them into verdicts, `publish` and `settle` carry verdicts out.
"""

from datetime import datetime
from typing import Literal

import msgspec

from boilermaker.envelope import Next
from boilermaker.errors import ConfigurationError
from boilermaker.retries import RetryPolicy

Reason = Literal[
    "UndecodableMessage", "InvalidPayload", "UnknownTask", "QueueNotAllowed", "DeliveriesExhausted",
    "InvalidResult", "ResultTooLarge", "OutcomeNotSaved", "PublishRefused", "QueueNotFound", "TaskFailed", "RetriesExhausted",
    "TooManyMessages", "Expired", "ErrorNotRetried",
]  # fmt: skip
"""Stable dead-letter reasons: operators and alerts rely on them."""


class Succeeded(msgspec.Struct, frozen=True, kw_only=True):
    """The handler returned. `result` is its encoded result if a later step refers to it."""

    result: msgspec.Raw | None = None


class Failed(msgspec.Struct, frozen=True, kw_only=True):
    """Failed permanently, even if tries are left."""

    reason: Reason
    description: str
    error: str | None = None


class RetryAsked(msgspec.Struct, frozen=True, kw_only=True):
    """The handler raised, timed out, or requested a retry.

    Attributes:
        policy: replaces the task's policy from this try on.
        delay: seconds to wait, or the time to wait for, instead of the policy's wait.
    """

    description: str
    error: str | None = None
    policy: RetryPolicy | None = None
    delay: float | datetime | None = None


class Rejected(msgspec.Struct, frozen=True, kw_only=True):
    """The message was rejected before its handler ran.

    Attributes:
        may_heal: True if another worker, or this one after a deploy, may accept it: it is put off first.
    """

    reason: Reason
    description: str
    may_heal: bool = False


class Blocked(msgspec.Struct, frozen=True, kw_only=True):
    """The handler was not run, because the queue of a following step currently does not accept messages.

    Attributes:
        wait: seconds after which the message is tried again.
    """

    description: str
    wait: float


class Forked(msgspec.Struct, frozen=True, kw_only=True):
    """The message represents the failure callbacks of its step; no handler was run."""


Outcome = Forked | Succeeded | Failed | RetryAsked | Rejected | Blocked


class Complete(msgspec.Struct, frozen=True, tag=True):
    """Remove the message."""


class DeadLetter(msgspec.Struct, frozen=True, tag=True):
    """Move the message to the dead-letter sub-queue."""

    reason: Reason
    description: str


Settlement = Complete | DeadLetter


class Verdict(msgspec.Struct, frozen=True, kw_only=True):
    """What an outcome leads to: messages to publish first, then how to settle.

    Attributes:
        word: the result for the log: "Completed", "Retrying", "Failed", "Forked", "Put off" or "Waiting".
    """

    publish: tuple[Next, ...] = ()
    settlement: Settlement
    word: Literal["Completed", "Retrying", "Failed", "Forked", "Put off", "Waiting"]
    detail: str = ""


class Record(msgspec.Struct, frozen=True, kw_only=True):
    """What an outcome store keeps of an attempt: its verdict, and the seed from which the ids of following messages derive.

    The seed is included because a workflow that is published twice has two seeds, but must lead to messages with the same ids.
    """

    verdict: Verdict
    seed: str


def make_record(record: Record) -> bytes:
    """A record as an outcome store keeps it."""
    return msgspec.json.encode(record)


def read_record(kept: bytes) -> Record:
    """A record from an outcome store.

    Raises:
        ConfigurationError: it is not a record: the store contains something else, or a later version wrote it.
    """
    try:
        return msgspec.json.decode(kept, type=Record)
    except msgspec.MsgspecError as error:
        raise ConfigurationError(
            f"the outcome store returned a record that cannot be read: {error}; check that nothing else writes to it, and that "
            "no later version of Boilermaker did"
        ) from None
