"""Options of workers and registrations, and the checks of a worker's options. Registrations are checked in `rules`."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import timedelta
from os import PathLike
from types import NoneType
from typing import Any, TypedDict

import msgspec

from boilermaker.errors import ConfigurationError
from boilermaker.retries import RetryPolicy, Seconds, check_count, seconds
from boilermaker.store import OutcomeStore
from boilermaker.workflow.bounds import MAX_MESSAGES

DescribeError = Callable[[BaseException], str]
"""Describes an exception in a text that leaves the process; the application is responsible for what the text contains."""


class Limits(msgspec.Struct, frozen=True, kw_only=True):
    """Upper bounds on what a message may request from this worker.

    Attributes:
        max_tries: executions of a task; caps the policy of a message.
        max_delay: seconds between two tries; caps the policy of a message.
        max_deliveries: a message that was delivered this often without an outcome fails as `DeliveriesExhausted`. Keep it
            below the queue's maximum delivery count: otherwise the broker dead-letters the message first, and no failure
            callback runs.
        max_messages: messages that the failure callbacks of one step may lead to, with everything that follows from them;
            all tries of a step count as one. A step that exceeds it is dead-lettered as `TooManyMessages` and publishes
            none of them. A workflow that may lead to more cannot be published from this worker.
        put_off_seconds: how long to wait, each time, before a message is tried again whose task this worker does not know, or
            whose next step is for a queue that does not exist; it is dead-lettered after the last wait. While deploys
            overlap, old workers receive messages of new tasks.

    Raises:
        TypeError: a limit is not a number.
        ValueError: less than one try, delivery or message, or more than `retries.MOST_TRIES`, or a wait that is negative or
            longer than 100 years.
    """

    max_tries: int = 100
    max_delay: float = 24 * 3600
    max_deliveries: int = 5
    max_messages: int = MAX_MESSAGES
    put_off_seconds: tuple[float, ...] = (15, 30, 60, 120)

    def __post_init__(self) -> None:
        for limit in ("max_tries", "max_deliveries", "max_messages"):
            check_count(f"Limits({limit}=...)", getattr(self, limit))
        waits = self.put_off_seconds
        if not isinstance(waits, tuple):  # pyright: ignore[reportUnnecessaryIsInstance] - not everybody runs a type checker
            raise TypeError(
                f"Limits(put_off_seconds=...) must be a tuple of seconds, not a {type(waits).__name__}"
            )
        for wait in (self.max_delay, *waits):
            if isinstance(wait, timedelta):
                raise TypeError("Limits are in seconds, not a timedelta: pass .total_seconds()")
            seconds(wait)


class External(msgspec.Struct, frozen=True, kw_only=True):
    """How to serialize objects of a class that msgspec does not support, usually a third party's.

    Attributes:
        wire: the type that is sent in its place: `str`, `datetime`, `dict[str, int]`, a dataclass; not a union.
        decode: converts a received value of `wire` into an object; by default the class itself is called with it. If it
            raises, the payload is rejected as invalid.
        encode: converts an object into a value of `wire`; by default `wire` itself is called with it.
    """

    wire: Any
    decode: Callable[[Any], object] | None = None
    encode: Callable[[Any], object] | None = None


class WorkerOptions(TypedDict, total=False):
    """Options of a worker.

    Attributes:
        queue: the queue to receive from, and to publish registered tasks to; by default the bus's default queue.
        service: the service's name in its contract; by default the queue's name.
        external: how to serialize objects of third parties' classes, by class: `{Version: External(wire=str)}`.
        forwards_to: further queues that workflows may continue in from this worker. Messages for other queues are rejected
            as `QueueNotAllowed`: a message must not reach, through a worker, a queue that its publisher may not send to.
            Anyone who may send to this worker's queue can run any task of these queues, with any payload.
        limits: upper bounds on what messages may request from this worker.
        describe_error: describes an exception in dead letters and `FailureInfo`, which otherwise contain only its type.
        max_lock_renewal: how long the lock of a message is renewed while its handler runs, unless its task sets another
            limit; by default one hour.
        optimistic: complete messages without waiting for the broker's acknowledgement once what follows is published. A lost
            settlement then costs a repeat, which duplicate detection drops. Keep it off for queues without duplicate detection.
        outcomes: a store in which the outcome of each attempt is saved before it is published. If the message is
            redelivered, the saved outcome is published once more, and the handler is not run again. Costs one database
            round trip before and one after each handler.
        history: a folder of earlier contracts, as `boilermaker stubs generate` writes them; a payload of another contract that
            does not match is then dead-lettered with the first field that changed.
    """

    queue: str | None
    service: str | None
    external: Mapping[type, External] | None
    forwards_to: Iterable[str]
    limits: Limits | None
    describe_error: DescribeError | None
    max_lock_renewal: Seconds
    optimistic: bool
    outcomes: OutcomeStore | None
    history: str | PathLike[str] | None


_KINDS: Mapping[str, tuple[str, tuple[type, ...]]] = {
    "queue": ("a queue's name", (str, NoneType)),
    "service": ("a service's name", (str, NoneType)),
    "limits": ("Limits", (Limits, NoneType)),
    "optimistic": ("True or False", (bool,)),
}


def check_worker_options(options: Mapping[str, Any]) -> None:
    """Check a worker's options at the start: without a type checker, a wrong one would otherwise only show up later.

    Raises:
        ConfigurationError: `forwards_to` is a single string, or a name is not printable.
        TypeError: an unknown option, or an option of the wrong type.
        ValueError: `max_lock_renewal` is negative.
    """
    for option, value in options.items():
        if option not in WorkerOptions.__annotations__:
            known = ", ".join(sorted(WorkerOptions.__annotations__))
            raise TypeError(f"`{option}` is not an option of a worker; the options are {known}")
        wanted, kinds = _KINDS.get(option, ("", (object,)))
        if not isinstance(value, kinds):
            raise TypeError(f"Boilermaker({option}=...) must be {wanted}, not a {type(value).__name__}")
    if isinstance(forwards_to := options.get("forwards_to", ()), str):
        raise ConfigurationError(f'forwards_to must be a list of queues: pass ["{forwards_to}"]')
    for queue in forwards_to:
        if not isinstance(queue, str):
            raise TypeError(
                f"forwards_to must be a list of queue names; it contains a {type(queue).__name__}"
            )
        _check_printable("forwards_to", queue)
    for option in ("queue", "service"):
        _check_printable(option, options.get(option) or "")
    seconds(options.get("max_lock_renewal", 0))


def _check_printable(option: str, name: str) -> None:
    if not name.isprintable():
        raise ConfigurationError(
            f"{option}: names of queues and services must have printable characters only"
        )


Exceptions = type[Exception] | tuple[type[Exception], ...]
"""An exception class or a tuple of them, as for `isinstance`."""


class TaskOptions(TypedDict, total=False):
    """Options of a registration.

    Attributes:
        name: the task's name on the wire; by default the function's name.
        queue: the queue that it is published to; by default the worker's queue.
        policy: how it is retried; by default `RetryPolicy.default()`.
        should_dead_letter: whether the message is dead-lettered after a permanent failure; by default True.
        acks_late: settle after running (True, the default) or before (False: a crash loses the task instead of repeating it).
        retry_on: the exceptions that are retried, a class or a tuple of classes; by default all. Any other exception fails
            the task as `ErrorNotRetried`; the exception for a time limit is `TimeoutError`.
        give_up_on: exceptions that are not retried, a class or a tuple of classes; takes precedence over `retry_on`.
        timeout: seconds (or a timedelta) that one execution may take; by default there is no limit.
        max_lock_renewal: seconds (or a timedelta) for which its message's lock is renewed; by default the worker's limit.
        cancel_on_lost_lock: cancel the handler when the lock of its message is lost (True, the default); its outcome is
            discarded either way.
        deprecated: what to use instead, or why; producers see it in their editor.
        aliases: other names under which its messages are accepted: former or future names.
        parameter_aliases: by parameter, other names under which its value is read from a payload.
        allow: reasons for changes that `boilermaker contract breaking` may ignore, by rule, or by rule and path.
    """

    name: str | None
    queue: str | None
    policy: RetryPolicy | None
    should_dead_letter: bool
    acks_late: bool
    retry_on: Exceptions
    give_up_on: Exceptions
    timeout: Seconds | None
    max_lock_renewal: Seconds | None
    cancel_on_lost_lock: bool
    deprecated: str | None
    aliases: Sequence[str]
    parameter_aliases: Mapping[str, Sequence[str]]
    allow: Mapping[str, str]
