"""When a task is retried: retry policies, the exception by which a handler requests a retry, and checks of delays.

Policies are plain values. The worker applies them, in `worker.decide`.
"""

import enum
from datetime import datetime, timedelta
from typing import Any

import msgspec

Seconds = float | int | timedelta

Delay = float | int | timedelta | datetime
"""How long to wait, in seconds or as a timedelta, or until when: a datetime with a time zone."""

LONGEST_SECONDS = 100 * 365 * 24 * 3600
"""The longest delay; a longer one could exceed the range of `datetime`."""
MOST_TRIES = 2**31 - 1
"""The highest accepted number of tries or deliveries."""


class RetryMode(enum.Enum):
    """How the wait grows with the number of tries."""

    Fixed = "Fixed"
    """Always `delay`."""
    Linear = "Linear"
    """Up to `delay` times the number of tries, with full jitter."""
    Exponential = "Exponential"
    """Up to `delay`, doubled with each further try, with full jitter."""


class RetryPolicy(msgspec.Struct, frozen=True):
    """How often a task is executed, and how long to wait between tries.

    Full jitter (Linear, Exponential) draws the wait uniformly between 0 and the computed bound, so that tasks that failed
    together are not retried together (Marc Brooker, "Exponential Backoff And Jitter", AWS Architecture Blog, 2015).

    Attributes:
        max_tries: total number of executions, the first one included; at least 1.
        delay: seconds, the unit of every wait.
        delay_max: seconds; no wait is longer.
        retry_mode: how the wait grows.

    Raises:
        TypeError: `max_tries` is not an integer, a wait is not a number of seconds, or `retry_mode` is not a RetryMode.
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
                raise TypeError(
                    f"delay and delay_max must be numbers of seconds, not a {type(wait).__name__}"
                )
        if not _is_any(self.retry_mode, RetryMode):
            raise TypeError(f"retry_mode must be a RetryMode, not a {type(self.retry_mode).__name__}")
        for name, wait in (("delay", self.delay), ("delay_max", self.delay_max)):
            if not 0 <= wait <= LONGEST_SECONDS:
                raise ValueError(f"{name} must be {_RANGE}")

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
        """This policy capped by a worker's limits: a policy in a message may lower them, but not raise them."""
        if self.max_tries <= max_tries and self.delay_max <= delay_max and self.delay <= delay_max:
            return self
        return RetryPolicy(
            min(self.max_tries, max_tries),
            min(self.delay, delay_max),
            min(self.delay_max, delay_max),
            self.retry_mode,
        )


def NoRetry() -> RetryPolicy:  # noqa: N802 - the name that users know; reads like the other policies
    """One try: `RetryPolicy.no_retry()`."""
    return RetryPolicy.no_retry()


class RetryException(Exception):  # noqa: N818 - requests a retry, is not an error
    """Raised by a handler to request a retry.

    Args:
        msg: the reason; it appears in logs and, on the last try, in the dead letter and in `FailureInfo`.
        policy: replaces the task's policy from this try on.
        delay: seconds (or a timedelta) to wait instead of the policy's wait, or when to retry: a datetime with a time
            zone. A worker caps the wait by `Limits.max_delay`.

    Raises:
        TypeError: `policy` is not a RetryPolicy, or `delay` is not a delay.
        ValueError: a negative delay, or a datetime without a time zone.
    """

    msg: str = ""  # defaults, for subclasses whose __init__ does not call this one
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
    """A retry under `RetryPolicy.default()`; the name that boilermaker-servicebus 1.x used."""

    def __init__(self, msg: object = "") -> None:
        super().__init__(msg, RetryPolicy.default())


class RetryExceptionDefaultLinear(RetryException):
    """A retry under a linear policy; keyword arguments set its fields. The name that boilermaker-servicebus 1.x used."""

    def __init__(self, msg: object = "", **policy: Any) -> None:
        policy["retry_mode"] = RetryMode.Linear
        super().__init__(msg, RetryPolicy(**policy))


class RetryExceptionDefaultExponential(RetryException):
    """A retry under an exponential policy; keyword arguments set its fields. The name that boilermaker-servicebus 1.x used."""

    def __init__(self, msg: object = "", **policy: Any) -> None:
        policy["retry_mode"] = RetryMode.Exponential
        super().__init__(msg, RetryPolicy(**policy))


def checked_policy(policy: object) -> RetryPolicy:
    """The policy, unchanged.

    Raises:
        TypeError: it is not a RetryPolicy, for example the function `NoRetry` instead of `NoRetry()`.
    """
    if isinstance(policy, RetryPolicy):
        return policy
    hint = f"; call it: `{getattr(policy, '__name__', '...')}()`" if callable(policy) else ""
    raise TypeError(f"a policy must be a RetryPolicy, not a {type(policy).__name__}{hint}")


_RANGE = f"from 0 to {LONGEST_SECONDS:,} seconds (100 years)"


def seconds(value: Seconds) -> float:
    """A number or a timedelta in seconds.

    Raises:
        TypeError: it is neither.
        ValueError: it is negative, NaN, or longer than `LONGEST_SECONDS`.
    """
    if not _is_any(value, int, float, timedelta):
        raise TypeError(f"a delay must be a number of seconds or a timedelta, not a {type(value).__name__}")
    number = value.total_seconds() if isinstance(value, timedelta) else value
    if not 0 <= number <= LONGEST_SECONDS:
        shown = f", not {number}" if abs(number) < 1e18 or isinstance(number, float) else ""
        raise ValueError(f"a delay must be {_RANGE}{shown}")
    return float(number)


def check_count(name: str, value: object) -> None:
    """Check a number of executions or deliveries.

    Raises:
        TypeError: it is not an integer.
        ValueError: it is below 1 or above `MOST_TRIES`.
    """
    if not isinstance(value, int) or isinstance(value, bool):
        raise TypeError(f"{name} must be an integer, not a {type(value).__name__}")
    if not 1 <= value <= MOST_TRIES:
        raise ValueError(
            f"{name} must be at least 1" if value < 1 else f"{name} must be at most {MOST_TRIES:,}"
        )


def checked_delay(delay: Delay) -> float | datetime:
    """The delay in seconds, or the point in time to wait for.

    Raises:
        TypeError: it is neither.
        ValueError: negative seconds, more than `LONGEST_SECONDS`, or a datetime without a time zone.
    """
    if not isinstance(delay, datetime):
        return seconds(delay)
    if delay.tzinfo is None or delay.utcoffset() is None:
        raise ValueError(
            "a datetime to wait for must have a time zone: datetime.now(UTC), or .replace(tzinfo=...)"
        )
    return delay


def seconds_until(delay: float | datetime, now: datetime) -> float:
    """Seconds to wait from now; 0 for a point in time in the past, at most `LONGEST_SECONDS`."""
    if not isinstance(delay, datetime):
        return delay
    return min(max(0.0, (delay - now).total_seconds()), LONGEST_SECONDS)


def _is_any(value: object, *types: type) -> bool:
    """Whether a value is of one of the types; True and False do not count as numbers."""
    return isinstance(value, types) and not isinstance(value, bool)
