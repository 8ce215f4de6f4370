"""The time of a Service Bus namespace, as well as it can be known on a machine whose own clock may be wrong.

Locks end, and scheduled messages become active, by the clock of the service. Durations are measured here by a clock that
nobody sets; the service's time is that clock plus an offset. The machine's wall clock suggests the offset once, and what
the service states about its messages bounds it:

- a message was enqueued before it was received, so the service's time is at least its enqueued time plus what has gone by;
- a lock that was renewed, or by which a message was settled, had not expired, so the service's time was below its
  `locked_until` when that was asked.
"""

import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_DRIFT = 1e-3  # seconds a second by which two clocks may diverge; NTP slews by at most half of it
# Linux stops its monotonic clock while the machine sleeps, and has another one that goes on; macOS's goes on.
_COUNTER = getattr(time, "CLOCK_BOOTTIME", getattr(time, "CLOCK_MONOTONIC", None))


def elapsed() -> float:
    """Seconds since some moment. Nobody sets this clock, and it goes on while the machine sleeps, where the platform can."""
    return time.monotonic() if _COUNTER is None else time.clock_gettime(_COUNTER)


def wall() -> float:
    """Seconds since the epoch, as this machine believes."""
    return time.time()


class ServiceClock:
    """A `Clock` of the port for a service whose time is known from what it states about messages.

    Args:
        wall: the machine's wall clock, in seconds since the epoch. Asked until the service has stated something, and not
            afterwards: a wall clock that is set must not end locks.
        elapsed: what durations are measured by.
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
        """Seconds since some moment; for durations."""
        return self._elapsed()

    def note_enqueued(self, enqueued: datetime, received_at: float) -> None:
        """The service enqueued a message at `enqueued`, which was received at `received_at` of `monotonic`."""
        self._hold_on()
        offset = _seconds(enqueued) - received_at
        self._lowest.tighten(offset, received_at)
        self._highest.give_way(offset, received_at)

    def note_locked(self, locked_until: datetime, asked_at: float) -> None:
        """The service, asked at `asked_at` of `monotonic`, found a lock alive that lasted until `locked_until`."""
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
            return lowest  # exact once a message was received as soon as it was enqueued
        if highest is not None and self._suggested > highest:
            # Alone, it says that a renewed lock is about to expire. Halfway, locks are renewed sooner than they need be.
            return highest if lowest is None else (lowest + highest) / 2
        return self._suggested


class _Bound:
    """A bound of the offset, of which the latest word counts: it loosens with time, as clocks drift apart.

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
        """It is at most (at least) so much."""
        known = self.value(at)
        if known is None or (known - offset) * self._sign > 0:
            self._stated = offset, at

    def give_way(self, offset: float, at: float) -> None:
        """The other bound has come to lie beyond this one: what was stated earlier no longer holds."""
        known = self.value(at)
        if known is not None and (offset - known) * self._sign > 0:
            self._stated = offset, at


def _seconds(moment: datetime) -> float:
    return (moment - _EPOCH).total_seconds()
