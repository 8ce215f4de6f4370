"""Renews the locks of messages whose handlers are running, with one scheduler for all of them.

Without renewal, every handler that takes longer than the queue's lock duration would run twice. The time that is left of a
lock is computed once, when the broker grants or renews it, and then measured with a monotonic clock. If it is uncertain
whether a lock is still held, it is renewed: the broker's response is authoritative. What happens when a lock is lost is in
`handle`.
"""

import asyncio
import logging
import random
from collections.abc import Callable
from datetime import datetime, timedelta

from boilermaker.errors import BusError, LockLostError
from boilermaker.transport.port import Clock, Delivery, Receiver

log = logging.getLogger("boilermaker.app")

_TICK_SECONDS = 1.0
_SHORTEST_SECONDS = 0.1
_SHARE = 0.5  # a lock is renewed after this share of its duration
_LEAST_SHARE = 0.1  # the lower bound of the share, if locks expire earlier than expected
_SHARE_SECONDS = 3600.0  # after which the usual share is used again
_AGAIN_SHARE = 0.2  # a failed renewal is retried after this share of the remaining time
_LAG_MEMORY = 0.5  # decay, per check, of the longest pause of the event loop

Lost = Callable[[str], object]
"""Called once with the reason, when a lock cannot be kept."""


class _Watched:
    """A lock that is being renewed; all times are from the clock's `monotonic`."""

    __slots__ = ("began", "delivery", "expires", "lost", "renew_at", "renewal", "until")

    def __init__(self, delivery: Delivery, now: float, until: float, lost: Lost) -> None:
        self.delivery = delivery
        self.lost = lost
        self.began = now
        self.until = until
        self.renewal: asyncio.Task[None] | None = None
        self.expires: float | None = None
        self.renew_at = now

    def lasts(self, now: float, seconds: float) -> bool:
        """Whether it certainly lasts for so many more seconds."""
        return self.expires is not None and now + seconds < self.expires

    def is_over(self, now: float) -> bool:
        return self.expires is not None and now >= self.expires

    def given(self, now: float, left: float, share: float) -> None:
        # A lock that seems to have expired on receipt: the clocks differ, and only the broker knows how long it lasts.
        self.expires = now + left if left > 0 else None
        self.renew_at = now + max(left, 0.0) * share

    def failed(self, now: float) -> None:
        left = _TICK_SECONDS if self.expires is None else self.expires - now
        self.renew_at = now + left * _AGAIN_SHARE * (0.5 + random.random())  # noqa: S311 - jitter


class LockKeeper:
    """Renews locks before they expire, each up to a limit. Renewals run concurrently: a slow one does not delay others.

    Args:
        limit: how long one message's lock is renewed at most; after that it expires.
    """

    def __init__(self, receiver: Receiver, clock: Clock, limit: timedelta) -> None:
        self._receiver = receiver
        self._clock = clock
        self._limit = limit.total_seconds()
        self._watched: dict[int, _Watched] = {}
        self._renewals: set[asyncio.Task[None]] = set()
        self._share = _SHARE
        self._share_since = clock.monotonic()
        self._is_stopped = self._is_failing = False
        self.lag_seconds = 0.0
        """The longest recent pause of the event loop."""

    def watch(self, delivery: Delivery, lost: Lost) -> None:
        """Renew this lock until `forget`; `lost` is called once if the lock is lost."""
        now = self._clock.monotonic()
        watched = self._watched[id(delivery)] = _Watched(delivery, now, now + self._limit, lost)
        watched.given(now, self._left(delivery.locked_until), self._share_at(now))

    def limit(self, delivery: Delivery, limit: timedelta) -> None:
        """Renew this lock at most for so long, counted from `watch`."""
        if (watched := self._watched.get(id(delivery))) is not None:
            watched.until = watched.began + limit.total_seconds()

    def forget(self, delivery: Delivery) -> None:
        """Stop renewing: the message is settled, or about to be."""
        self._watched.pop(id(delivery), None)

    def is_held(self, delivery: Delivery, seconds: float = 0.0) -> bool:
        """Whether this lock certainly lasts for so many more seconds; True if it is not watched."""
        watched = self._watched.get(id(delivery))
        return watched is None or watched.lasts(self._clock.monotonic(), seconds)

    async def secure(self, delivery: Delivery, seconds: float = 0.0) -> bool:
        """Renew this lock unless it certainly lasts for so many more seconds; False if it is lost."""
        watched = self._watched.get(id(delivery))
        if watched is None or watched.lasts(self._clock.monotonic(), seconds):
            return True
        await asyncio.wait([self._begin_renewal(watched)])
        return self._watched.get(id(delivery)) is watched

    async def secure_all(self, seconds: float, *, at_most_seconds: float) -> None:
        """`secure` for all locks; waits no longer than `at_most_seconds`."""
        now = self._clock.monotonic()
        due = [each for each in self._watched.values() if not each.lasts(now, seconds)]
        if due:
            await asyncio.wait([self._begin_renewal(watched) for watched in due], timeout=at_most_seconds)

    async def run(self) -> None:
        """Renew until stopped and cancelled."""
        try:
            while not self._is_stopped:
                now = self._clock.monotonic()
                for watched in list(self._watched.values()):
                    self._look_at(watched, now)
                await self._pause(self._next_look(now))
        finally:
            for renewal in self._renewals:
                renewal.cancel()

    def stop(self) -> None:
        """Start no further round. Call it before cancelling `run`, because azure-servicebus sometimes swallows a cancellation."""
        self._is_stopped = True

    async def _pause(self, seconds: float) -> None:
        loop = asyncio.get_running_loop()
        due = loop.time() + seconds
        await asyncio.sleep(seconds)
        self.lag_seconds = max(loop.time() - due, self.lag_seconds * _LAG_MEMORY)

    def _left(self, locked_until: datetime) -> float:
        return (locked_until - self._clock.now()).total_seconds()

    def _share_at(self, now: float) -> float:
        if self._share < _SHARE and now - self._share_since > _SHARE_SECONDS:
            self._share, self._share_since = _SHARE, now
        return self._share

    def _look_at(self, watched: _Watched, now: float) -> None:
        if now >= watched.until:
            self._lose(
                watched, f"it was renewed for {timedelta(seconds=watched.until - watched.began)}, the limit"
            )
        elif watched.renewal is not None:
            if watched.is_over(now):
                self._lose(watched, "it was not renewed in time")
        elif now >= watched.renew_at:
            self._begin_renewal(watched)

    def _next_look(self, now: float) -> float:
        """Seconds until the next renewal is due, within bounds: new locks may be added meanwhile, and failures must not spin."""
        due = min((_due(watched) - now for watched in self._watched.values()), default=_TICK_SECONDS)
        return min(max(due, _SHORTEST_SECONDS), _TICK_SECONDS)

    def _begin_renewal(self, watched: _Watched) -> asyncio.Task[None]:
        if watched.renewal is None:
            watched.renewal = asyncio.create_task(self._renew(watched))
            self._renewals.add(watched.renewal)
            watched.renewal.add_done_callback(self._renewals.discard)
        return watched.renewal

    async def _renew(self, watched: _Watched) -> None:
        asked_at = self._clock.monotonic()
        try:
            locked_until = await self._receiver.renew_lock(watched.delivery)
        except LockLostError:
            self._renew_sooner(watched, asked_at)
            self._lose(watched, "it expired")
        except BusError as error:
            self._failed(watched, error)
        else:
            now = self._clock.monotonic()
            watched.given(now, self._left(locked_until), self._share_at(now))
            if self._is_failing:
                log.info("Renewing locks works again")
            self._is_failing = False
        finally:
            watched.renewal = None

    def _renew_sooner(self, watched: _Watched, asked_at: float) -> None:
        """Renew earlier from now on, if a lock expired early: the broker's clock is unknown, so locks may be shorter than they seem."""
        if watched.lasts(asked_at, 0) and watched.began >= self._share_since:
            self._share = max(self._share / 2, _LEAST_SHARE)
            self._share_since = self._clock.monotonic()

    def _failed(self, watched: _Watched, error: BusError) -> None:
        now = self._clock.monotonic()
        if watched.is_over(now):
            self._lose(watched, "it was not renewed in time")
            return
        watched.failed(now)
        if not self._is_failing:
            log.warning("Renewing locks failed, retrying until it works: %s", error)
        self._is_failing = True

    def _lose(self, watched: _Watched, why: str) -> None:
        if self._watched.get(id(watched.delivery)) is watched:  # else it was settled meanwhile
            del self._watched[id(watched.delivery)]
            watched.lost(why)


def _due(watched: _Watched) -> float:
    if watched.renewal is None:
        return min(watched.renew_at, watched.until)
    return watched.until if watched.expires is None else min(watched.expires, watched.until)
