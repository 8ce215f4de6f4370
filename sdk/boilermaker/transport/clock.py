"""Estimates the time of a Service Bus namespace on a machine whose own clock may be wrong.

Locks expire, and scheduled messages become active, by the clock of the service. Durations are measured here by a monotonic
clock; the service's time is that clock plus an offset. The machine's wall clock suggests the offset once, and the times
that the service states in its messages bound it:

- a message was enqueued before it was received, so the service's time is at least its enqueued time plus the time since;
- a lock that was renewed, or by which a message was settled, had not expired, so the service's time was before its
  `locked_until` at the time of the request.
"""

import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_DRIFT = 1e-3  # seconds per second by which two clocks may diverge; NTP slews by at most half of it
# Linux stops its monotonic clock while the machine sleeps, and has another one that continues; macOS's continues.
_COUNTER = getattr(time, "CLOCK_BOOTTIME", getattr(time, "CLOCK_MONOTONIC", None))


def elapsed() -> float:
    """Seconds from an arbitrary start. Monotonic; it continues while the machine sleeps, where the platform supports that."""
    return time.monotonic() if _COUNTER is None else time.clock_gettime(_COUNTER)


def wall() -> float:
    """Seconds since the epoch by this machine's wall clock."""
    return time.time()


class ServiceClock:
    """A `Clock` of the port that estimates the service's time from the times in its messages.

    Args:
        wall: the machine's wall clock, in seconds since the epoch. Read only until the service has stated a time: setting
            the wall clock must not expire locks.
        elapsed: the monotonic clock for durations, in seconds.
    """

    def __init__(self, wall: Callable[[], float] = wall, elapsed: Callable[[], float] = elapsed) -> None:
        self._wall = wall
        self._elapsed = elapsed
        self._suggested: float | None = None
        self._lowest = _Bound(-1, _DRIFT)
        self._highest = _Bound(1, _DRIFT)

    def now(self) -> datetime:
        """The service's time, UTC."""
        at = self._elapsed()
        return _EPOCH + timedelta(seconds=at + self._offset(at))

    def monotonic(self) -> float:
        """Seconds from an arbitrary start; for durations."""
        return self._elapsed()

    def note_enqueued(self, enqueued: datetime, received_at: float) -> None:
        """Record that a message enqueued at `enqueued` was received at `received_at` of `monotonic`."""
        self._hold_on()
        offset = _seconds(enqueued) - received_at
        self._lowest.tighten(offset, received_at)
        self._highest.give_way(offset, received_at)

    def note_locked(self, locked_until: datetime, asked_at: float) -> None:
        """Record that a lock until `locked_until` was still valid for a request sent at `asked_at` of `monotonic`."""
        self._hold_on()
        offset = _seconds(locked_until) - asked_at
        self._highest.tighten(offset, asked_at)
        self._lowest.give_way(offset, asked_at)

    def _hold_on(self) -> None:
        if self._suggested is None:
            self._suggested = self._wall() - self._elapsed()

    def _offset(self, at: float) -> float:
        if self._suggested is None:
            return self._wall() - at
        lowest, highest = self._lowest.value(at), self._highest.value(at)
        if lowest is not None and self._suggested < lowest:
            return lowest  # exact once a message was received immediately after it was enqueued
        if highest is not None and self._suggested > highest:
            # The upper bound alone implies that a renewed lock is about to expire; halfway, locks are renewed early.
            return highest if lowest is None else (lowest + highest) / 2
        return self._suggested


class _Bound:
    """A bound of the offset. It loosens with time, as clocks drift apart.

    Args:
        sign: 1 for an upper bound, -1 for a lower one.
    """

    def __init__(self, sign: int, drift: float) -> None:
        self._sign = sign
        self._drift = drift
        self._stated: tuple[float, float] | None = None

    def value(self, at: float) -> float | None:
        if self._stated is None:
            return None
        offset, since = self._stated
        return offset + self._sign * self._drift * max(at - since, 0.0)

    def tighten(self, offset: float, at: float) -> None:
        """Tighten the bound to this offset, if it is closer."""
        known = self.value(at)
        if known is None or (known - offset) * self._sign > 0:
            self._stated = offset, at

    def give_way(self, offset: float, at: float) -> None:
        """Loosen the bound to this offset, if the other bound has passed it: the earlier statement no longer holds."""
        known = self.value(at)
        if known is not None and (offset - known) * self._sign > 0:
            self._stated = offset, at


def _seconds(moment: datetime) -> float:
    return (moment - _EPOCH).total_seconds()
