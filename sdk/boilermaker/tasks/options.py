"""Options of a worker and of a registration, in one place for those who pass them on."""

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
"""Adds words about an exception to what leaves the process; what it returns is the application's responsibility."""


class Limits(msgspec.Struct, frozen=True, kw_only=True):
    """What a message may ask of this worker.

    Attributes:
        max_tries: executions, whatever a policy from the wire says.
        max_delay: seconds between two tries, likewise.
        max_deliveries: a message delivered this often without coming to an outcome is given up; below the queue's own
            maximum delivery count, or the bus buries it first and nobody is told.
        max_messages: messages that the failure callbacks of one step may lead to, with all that follows from them; a step's
            tries count as one. More are dead-lettered as `TooManyMessages`, and none is published. A workflow that may lead
            to more cannot be published from this worker.
        put_off_seconds: waits before a task that this worker does not know, or whose next step is for a queue that does not exist,
            is looked at again; dead-lettered after the last. Deploys overlap: an old worker meets new tasks.

    Raises:
        TypeError: a limit that is no number.
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
                f"Limits(put_off_seconds=...) is a tuple of seconds, not a {type(waits).__name__}"
            )
        for wait in (self.max_delay, *waits):
            if isinstance(wait, timedelta):
                raise TypeError("Limits are seconds, not a timedelta: pass .total_seconds()")
            seconds(wait)


class External(msgspec.Struct, frozen=True, kw_only=True):
    """How objects of a class travel that msgspec does not carry by itself: a third party's, most often.

    Attributes:
        wire: the type that travels in its place: `str`, `datetime`, `dict[str, int]`, a dataclass; no union.
        decode: makes an object of what arrived, which is a value of `wire`; the class itself, called with it, if left
            out. Whatever it raises makes a payload that does not fit.
        encode: makes a value of `wire` of an object; `wire` itself, called with it, if left out.
    """

    wire: Any
    decode: Callable[[Any], object] | None = None
    encode: Callable[[Any], object] | None = None


class WorkerOptions(TypedDict, total=False):
    """Options of a worker.

    Attributes:
        queue: the queue to receive from, and to publish registered tasks to; the bus's default queue if left out.
        service: the service's name in its contract; the queue's name if left out.
        external: how objects of third parties' classes travel, by class: `{Version: External(wire=str)}`.
        forwards_to: further queues that workflows may go on to from here. Others are refused as `QueueNotAllowed`: a
            message must not reach through a worker what its publisher may not. Whoever may send to this worker's queue can
            run any task of these queues, with any payload.
        limits: what messages may ask of this worker.
        describe_error: adds words about an exception to dead letters and `FailureInfo`, which hold its type only.
        max_lock_renewal: how long the lock of one message is renewed while its handler runs, unless its task says
            otherwise; one hour if left out.
        optimistic: complete without waiting for the bus's answer once a verdict is published; a lost settlement then
            costs a repeat, which duplicate detection drops. Leave it off for queues without duplicate detection.
        outcomes: saves what became of each attempt before it is published; a message that comes again then publishes
            that once more, and its handler is not run again. One database round trip more before and after each handler.
        history: a folder of earlier contracts, as `boilermaker stubs generate` keeps them; a payload that does not fit is
            then dead-lettered with the first field that changed.
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
    """For those without a type checker: what is misspelt or of another type would show in the middle of a day's work.

    Raises:
        ConfigurationError: `forwards_to` is one text, or a name is not printable.
        TypeError: an option that does not exist, or one of another type.
        ValueError: `max_lock_renewal` is negative.
    """
    for option, value in options.items():
        if option not in WorkerOptions.__annotations__:
            known = ", ".join(sorted(WorkerOptions.__annotations__))
            raise TypeError(f"`{option}` is no option of a worker; there are {known}")
        wanted, kinds = _KINDS.get(option, ("", (object,)))
        if not isinstance(value, kinds):
            raise TypeError(f"Boilermaker({option}=...) is {wanted}, not a {type(value).__name__}")
    if isinstance(forwards_to := options.get("forwards_to", ()), str):
        raise ConfigurationError(f'forwards_to names queues: pass ["{forwards_to}"]')
    for queue in forwards_to:
        if not isinstance(queue, str):
            raise TypeError(f"forwards_to names queues; a {type(queue).__name__} is none")
        _check_printable("forwards_to", queue)
    for option in ("queue", "service"):
        _check_printable(option, options.get(option) or "")
    seconds(options.get("max_lock_renewal", 0))


def _check_printable(option: str, name: str) -> None:
    if not name.isprintable():
        raise ConfigurationError(f"{option}: names of queues and services have printable characters only")


Exceptions = type[Exception] | tuple[type[Exception], ...]
"""An exception class, or a tuple of them, as `isinstance` takes it."""


class TaskOptions(TypedDict, total=False):
    """Options of a registration.

    Attributes:
        name: the task's name on the wire; the function's name where it is left out.
        queue: where it is published; the worker's queue where it is left out.
        policy: how it is retried; `RetryPolicy.default()` where it is left out.
        should_dead_letter: whether a final failure leaves a dead letter; True.
        acks_late: settle after running (True) or before (False: a crash loses the task instead of repeating it).
        retry_on: the exceptions that are retried, a class or a tuple of classes; all where it is left out. Another one fails
            the task as `ErrorNotRetried`; the exception for a time limit is `TimeoutError`.
        give_up_on: exceptions that are not retried, likewise; wins over `retry_on`.
        timeout: seconds (or a timedelta) that one execution may take; no limit where it is left out.
        max_lock_renewal: seconds (or a timedelta) for which its message's lock is renewed; the worker's where it is left out.
        cancel_on_lost_lock: cancel it when the lock of its message is lost (True); what it comes to is dropped either way.
        deprecated: what to use instead, or why; producers see it in their editor.
        aliases: other names under which its messages are taken: names that it had, or will have.
        parameter_aliases: by parameter, other names under which it is read from a payload.
        allow: reasons for changes that `boilermaker contract breaking` may pass over, by rule, or by rule and path.
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
