"""What running a handler came to, and what to do about it: plain values."""

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
    """The handler returned. `result` is sealed where a later step refers to it."""

    result: msgspec.Raw | None = None


class Failed(msgspec.Struct, frozen=True, kw_only=True):
    """Failed for good, whatever tries are left."""

    reason: Reason
    description: str
    error: str | None = None


class RetryAsked(msgspec.Struct, frozen=True, kw_only=True):
    """The handler raised, timed out, or asked to be tried again.

    Attributes:
        policy: replaces the task's policy from here on.
        delay: seconds, or the point in time to wait for, instead of what the policy says.
    """

    description: str
    error: str | None = None
    policy: RetryPolicy | None = None
    delay: float | datetime | None = None


class Rejected(msgspec.Struct, frozen=True, kw_only=True):
    """Refused at the door; the handler was not run.

    Attributes:
        may_heal: True where another worker, or this one after its deploy, may take it: it is put off first.
    """

    reason: Reason
    description: str
    may_heal: bool = False


class Blocked(msgspec.Struct, frozen=True, kw_only=True):
    """The handler was not run: the queue of the next step does not work just now, or there is nobody to wait in its place.

    Attributes:
        wait: seconds after which it is looked at again.
    """

    description: str
    wait: float


class Forked(msgspec.Struct, frozen=True, kw_only=True):
    """The message stands for the failure callbacks of its step; no handler was run."""


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
        word: what became of the task, for the log: "Completed", "Retrying", "Failed", "Forked", "Put off" or "Waiting".
    """

    publish: tuple[Next, ...] = ()
    settlement: Settlement
    word: Literal["Completed", "Retrying", "Failed", "Forked", "Put off", "Waiting"]
    detail: str = ""


class Record(msgspec.Struct, frozen=True, kw_only=True):
    """What an outcome store keeps of an attempt: its verdict, and the seed under which that is published.

    The seed is part of it: a workflow that is published twice has two, and what follows from it must have the same ids.
    """

    verdict: Verdict
    seed: str


def make_record(record: Record) -> bytes:
    """A record as an outcome store keeps it."""
    return msgspec.json.encode(record)


def read_record(kept: bytes) -> Record:
    """A record from an outcome store.

    Raises:
        ConfigurationError: it is none; the store holds something else, or comes from a later version.
    """
    try:
        return msgspec.json.decode(kept, type=Record)
    except msgspec.MsgspecError as error:
        raise ConfigurationError(f"the outcome store gave a record that is no verdict: {error}") from None
