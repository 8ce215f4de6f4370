"""Keeps the locks of messages whose handlers are running: one scheduler for all of them.

Without renewal everything that takes longer than the queue's lock duration runs twice.
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
_SHARE = 0.5  # a lock is renewed once this share of its time has gone by
_AGAIN_SHARE = 0.2  # after a failure, of the time that is left

Lost = Callable[[str], object]
"""Called once with the reason, when a lock cannot be kept."""


class _Watched:
    __slots__ = ("began", "delivery", "expires", "is_renewing", "lost", "renew_at", "until")

    def __init__(self, delivery: Delivery, now: datetime, until: datetime, lost: Lost) -> None:
        self.delivery = delivery
        self.lost = lost
        self.began = now
        self.until = until
        self.is_renewing = False
        self.renewed(now, delivery.locked_until)

    def renewed(self, now: datetime, locked_until: datetime) -> None:
        # A lock that had run out when it came: this clock and the bus's differ, and only the bus can tell when it has.
        self.expires = locked_until if locked_until > now else None
        self.renew_at = now + (locked_until - now) * _SHARE

    def failed(self, now: datetime) -> None:
        left = timedelta(seconds=_TICK_SECONDS) if self.expires is None else self.expires - now
        self.renew_at = now + left * _AGAIN_SHARE * (0.5 + random.random())  # noqa: S311 - spreads what failed together


class LockKeeper:
    """Renews locks in good time, each up to a limit, and side by side: one that takes long makes no other wait.

    Args:
        limit: how long one message's lock is kept at most; then it is left to expire.
    """

    def __init__(self, receiver: Receiver, clock: Clock, limit: timedelta) -> None:
        self._receiver = receiver
        self._clock = clock
        self._limit = limit
        self._watched: dict[int, _Watched] = {}
        self._renewals: set[asyncio.Task[None]] = set()
        self._is_stopped = self._is_failing = False

    def watch(self, delivery: Delivery, lost: Lost) -> None:
        """Renew this lock until `forget`; `lost` is called once if it cannot be kept."""
        now = self._clock.now()
        self._watched[id(delivery)] = _Watched(delivery, now, now + self._limit, lost)

    def limit(self, delivery: Delivery, limit: timedelta) -> None:
        """Keep this lock for so long at most, counted from when it was first watched."""
        if (watched := self._watched.get(id(delivery))) is not None:
            watched.until = watched.began + limit

    def forget(self, delivery: Delivery) -> None:
        """Stop renewing: the message is settled, or about to be."""
        self._watched.pop(id(delivery), None)

    async def run(self) -> None:
        """Renew until stopped and cancelled."""
        try:
            while not self._is_stopped:
                now = self._clock.now()
                for watched in list(self._watched.values()):
                    self._look_at(watched, now)
                await asyncio.sleep(self._next_look())
        finally:
            for renewal in self._renewals:
                renewal.cancel()

    def stop(self) -> None:
        """Begin no further round; call it before cancelling `run`, for azure-servicebus swallows a cancellation now and then."""
        self._is_stopped = True

    def _look_at(self, watched: _Watched, now: datetime) -> None:
        if now >= watched.until:
            self._lose(watched, f"it was kept for {watched.until - watched.began}, the limit")
        elif watched.is_renewing:
            if watched.expires is not None and now >= watched.expires:
                self._lose(watched, "it was not renewed in time")
        elif now >= watched.renew_at:
            watched.is_renewing = True
            renewal = asyncio.create_task(self._renew(watched))
            self._renewals.add(renewal)
            renewal.add_done_callback(self._renewals.discard)

    def _next_look(self) -> float:
        """Seconds until something is due; not long, for new ones come meanwhile, and not too short after a failure."""
        now = self._clock.now()
        due = min(
            ((_due(watched) - now).total_seconds() for watched in self._watched.values()),
            default=_TICK_SECONDS,
        )
        return min(max(due, _SHORTEST_SECONDS), _TICK_SECONDS)

    async def _renew(self, watched: _Watched) -> None:
        try:
            locked_until = await self._receiver.renew_lock(watched.delivery)
        except LockLostError:
            self._lose(watched, "it expired")
        except BusError as error:
            self._failed(watched, error)
        else:
            watched.renewed(self._clock.now(), locked_until)
            if self._is_failing:
                log.info("Renewing locks works again")
            self._is_failing = False
        finally:
            watched.is_renewing = False

    def _failed(self, watched: _Watched, error: BusError) -> None:
        now = self._clock.now()
        if watched.expires is not None and now >= watched.expires:
            self._lose(watched, "it was not renewed in time")
            return
        watched.failed(now)
        if not self._is_failing:
            log.warning("Renewing locks failed, tried again until it works: %s", error)
        self._is_failing = True

    def _lose(self, watched: _Watched, why: str) -> None:
        if self._watched.get(id(watched.delivery)) is watched:  # else it was settled meanwhile
            del self._watched[id(watched.delivery)]
            watched.lost(why)


def _due(watched: _Watched) -> datetime:
    if not watched.is_renewing:
        return min(watched.renew_at, watched.until)
    return watched.until if watched.expires is None else min(watched.expires, watched.until)
