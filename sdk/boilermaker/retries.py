"""When a task is tried again: policies as values, and the exception by which a handler asks for a retry."""

import enum
from datetime import datetime, timedelta
from typing import Any

import msgspec

Seconds = float | int | timedelta

Delay = float | int | timedelta | datetime
"""A time to wait, in seconds or as a timedelta, or the point in time to wait for: a datetime with a time zone."""

LONGEST_SECONDS = 100 * 365 * 24 * 3600
"""The longest delay; beyond it dates end."""
MOST_TRIES = 2**31 - 1
"""The most tries, or deliveries, that may be asked for."""


class RetryMode(enum.Enum):
    """How the wait grows with the number of tries made."""

    Fixed = "Fixed"
    """Always `delay`."""
    Linear = "Linear"
    """Up to `delay` times the tries made, drawn with full jitter."""
    Exponential = "Exponential"
    """Up to `delay` doubled with each further try, drawn with full jitter."""


class RetryPolicy(msgspec.Struct, frozen=True):
    """How often a task is executed, and how long to wait in between.

    Full jitter (Linear, Exponential) draws the wait evenly between 0 and the computed bound, so that tasks that failed
    together do not come back together (Marc Brooker, "Exponential Backoff And Jitter", AWS Architecture Blog, 2015).

    Attributes:
        max_tries: executions in all, the first one included; at least 1.
        delay: seconds, the unit of every wait.
        delay_max: seconds; no wait is longer.
        retry_mode: how the wait grows.

    Raises:
        TypeError: `max_tries` is no whole number, a wait no number of seconds, or `retry_mode` no RetryMode.
        ValueError: `max_tries` is below 1 or above `MOST_TRIES`, or a wait is negative, not finite or longer than
            `LONGEST_SECONDS`.
    """

    max_tries: int = 5
    delay: float = 30
    delay_max: float = 600
    retry_mode: RetryMode = RetryMode.Exponential

    def __post_init__(self) -> None:
        check_count("max_tries", self.max_tries)
        for wait in (self.delay, self.delay_max):
            if not _is_any(wait, int, float):
                raise TypeError(f"delay and delay_max are numbers of seconds, not a {type(wait).__name__}")
        if not _is_any(self.retry_mode, RetryMode):
            raise TypeError(f"retry_mode is a RetryMode, not a {type(self.retry_mode).__name__}")
        for name, wait in (("delay", self.delay), ("delay_max", self.delay_max)):
            if not 0 <= wait <= LONGEST_SECONDS:
                raise ValueError(f"{name} is {_RANGE}")

    @classmethod
    def default(cls) -> "RetryPolicy":
        """5 tries, exponential, 30 s up to 600 s."""
        return cls()

    @classmethod
    def no_retry(cls) -> "RetryPolicy":
        """One try."""
        return cls(max_tries=1, delay=0, delay_max=0, retry_mode=RetryMode.Fixed)

    def bound_seconds(self, tries: int) -> float:
        """The longest wait after `tries` executions."""
        match self.retry_mode:
            case RetryMode.Fixed:
                wait = self.delay
            case RetryMode.Linear:
                wait = self.delay * tries
            case RetryMode.Exponential:
                wait = self.delay * 2.0 ** min(tries - 1, 64)
        return min(wait, self.delay_max)

    def delay_seconds(self, tries: int, jitter: float) -> float:
        """The wait after `tries` executions; `jitter` is a number from 0 to 1, drawn by the caller."""
        bound = self.bound_seconds(tries)
        return bound if self.retry_mode is RetryMode.Fixed else bound * jitter

    def capped(self, *, max_tries: int, delay_max: float) -> "RetryPolicy":
        """This policy within a worker's limits: what comes from the wire may ask for less, not for more."""
        if self.max_tries <= max_tries and self.delay_max <= delay_max and self.delay <= delay_max:
            return self
        return RetryPolicy(
            min(self.max_tries, max_tries),
            min(self.delay, delay_max),
            min(self.delay_max, delay_max),
            self.retry_mode,
        )


def NoRetry() -> RetryPolicy:  # noqa: N802 - the name that users know; reads like the policies beside it
    """One try: `RetryPolicy.no_retry()`."""
    return RetryPolicy.no_retry()


class RetryException(Exception):  # noqa: N818 - asks for a retry, is no error
    """Raised by a handler to be tried again.

    Args:
        msg: why; it appears in logs and, on the last try, in the dead letter and in `FailureInfo`.
        policy: used instead of the task's policy, from this try on.
        delay: seconds (or a timedelta) to wait instead of what the policy says, or when to try again: a datetime with a time
            zone. A worker caps the wait by `Limits.max_delay`.

    Raises:
        TypeError: `policy` is no policy, or `delay` no time.
        ValueError: a negative delay, or a datetime without a time zone.
    """

    msg: str = ""  # defaults for a subclass whose __init__ does not call this one
    policy: RetryPolicy | None = None
    delay: float | datetime | None = None

    def __init__(
        self, msg: object = "", policy: RetryPolicy | None = None, delay: Delay | None = None
    ) -> None:
        super().__init__(msg)
        self.msg = str(msg)
        self.policy = None if policy is None else checked_policy(policy)
        self.delay = checked_delay(delay) if delay is not None else None


class RetryExceptionDefault(RetryException):
    """A retry under `RetryPolicy.default()`; the name of boilermaker-servicebus 1.x."""

    def __init__(self, msg: object = "") -> None:
        super().__init__(msg, RetryPolicy.default())


class RetryExceptionDefaultLinear(RetryException):
    """A retry under a linear policy, whose fields may be given; the name of boilermaker-servicebus 1.x."""

    def __init__(self, msg: object = "", **policy: Any) -> None:
        policy["retry_mode"] = RetryMode.Linear
        super().__init__(msg, RetryPolicy(**policy))


class RetryExceptionDefaultExponential(RetryException):
    """A retry under an exponential policy, whose fields may be given; the name of boilermaker-servicebus 1.x."""

    def __init__(self, msg: object = "", **policy: Any) -> None:
        policy["retry_mode"] = RetryMode.Exponential
        super().__init__(msg, RetryPolicy(**policy))


def checked_policy(policy: object) -> RetryPolicy:
    """The same policy.

    Raises:
        TypeError: it is none; the function `NoRetry` itself, perhaps, in place of `NoRetry()`.
    """
    if isinstance(policy, RetryPolicy):
        return policy
    hint = f"; call it: `{getattr(policy, '__name__', '...')}()`" if callable(policy) else ""
    raise TypeError(f"a policy is a RetryPolicy, not a {type(policy).__name__}{hint}")


_RANGE = f"from 0 to {LONGEST_SECONDS:,} seconds (100 years)"


def seconds(value: Seconds) -> float:
    """Seconds of a number or a timedelta.

    Raises:
        TypeError: neither.
        ValueError: negative, not a number, or longer than `LONGEST_SECONDS`.
    """
    if not _is_any(value, int, float, timedelta):
        raise TypeError(f"a delay is a number of seconds or a timedelta, not a {type(value).__name__}")
    number = value.total_seconds() if isinstance(value, timedelta) else value
    if not 0 <= number <= LONGEST_SECONDS:
        shown = f", not {number}" if abs(number) < 1e18 or isinstance(number, float) else ""
        raise ValueError(f"a delay is {_RANGE}{shown}")
    return float(number)


def check_count(name: str, value: object) -> None:
    """Check a number of executions or deliveries.

    Raises:
        TypeError: it is no whole number.
        ValueError: it is below 1 or above `MOST_TRIES`.
    """
    if not isinstance(value, int) or isinstance(value, bool):
        raise TypeError(f"{name} is a whole number, not a {type(value).__name__}")
    if not 1 <= value <= MOST_TRIES:
        raise ValueError(f"{name} is at least 1" if value < 1 else f"{name} is at most {MOST_TRIES:,}")


def checked_delay(delay: Delay) -> float | datetime:
    """Seconds, or the point in time.

    Raises:
        TypeError: neither.
        ValueError: negative seconds, more than `LONGEST_SECONDS`, or a datetime without a time zone.
    """
    if not isinstance(delay, datetime):
        return seconds(delay)
    if delay.tzinfo is None or delay.utcoffset() is None:
        raise ValueError("a datetime to wait for has a time zone: datetime.now(UTC), or .replace(tzinfo=...)")
    return delay


def seconds_until(delay: float | datetime, now: datetime) -> float:
    """Seconds to wait from now on; 0 for a point in time that is past, at most `LONGEST_SECONDS`."""
    if not isinstance(delay, datetime):
        return delay
    return min(max(0.0, (delay - now).total_seconds()), LONGEST_SECONDS)


def _is_any(value: object, *types: type) -> bool:
    """Whether a value is of one of the types; True and False count as no numbers."""
    return isinstance(value, types) and not isinstance(value, bool)
