"""Keeps the locks of messages whose handlers are running: one scheduler for all of them.

Without renewal everything that takes longer than the queue's lock duration runs twice.
"""

import asyncio
import logging
from collections.abc import Callable
from datetime import datetime, timedelta

from boilermaker.errors import BusError, LockLostError
from boilermaker.transport.port import Clock, Delivery, Receiver

log = logging.getLogger("boilermaker.app")

_TICK_SECONDS = 1.0
_SHORTEST_SECONDS = 0.1
_SHARE = 0.5  # a lock is renewed once this share of its time has gone by


class _Watched:
    __slots__ = ("delivery", "lost", "renew_at", "until")

    def __init__(
        self, delivery: Delivery, now: datetime, until: datetime, lost: Callable[[], object]
    ) -> None:
        self.delivery = delivery
        self.lost = lost
        self.until = until
        self.renew_at = now + (delivery.locked_until - now) * _SHARE


class LockKeeper:
    """Renews locks in good time, each up to a limit.

    Args:
        limit: how long one message's lock is kept at most; then it is left to expire and its handler is cancelled.
    """

    def __init__(self, receiver: Receiver, clock: Clock, limit: timedelta) -> None:
        self._receiver = receiver
        self._clock = clock
        self._limit = limit
        self._watched: dict[int, _Watched] = {}
        self._is_stopped = False

    def watch(self, delivery: Delivery, lost: Callable[[], object]) -> None:
        """Renew this lock until `forget`; `lost` is called once if it cannot be kept."""
        now = self._clock.now()
        self._watched[id(delivery)] = _Watched(delivery, now, now + self._limit, lost)

    def forget(self, delivery: Delivery) -> None:
        """Stop renewing: the message is settled, or about to be."""
        self._watched.pop(id(delivery), None)

    async def run(self) -> None:
        """Renew until stopped and cancelled."""
        while not self._is_stopped:
            now = self._clock.now()
            for watched in [w for w in self._watched.values() if w.renew_at <= now]:
                await self._renew(watched)
            await asyncio.sleep(self._next_look())

    def _next_look(self) -> float:
        """Seconds until the next lock is due; not long, for new ones come meanwhile, and not too short after a failure."""
        now = self._clock.now()
        due = min(((w.renew_at - now).total_seconds() for w in self._watched.values()), default=_TICK_SECONDS)
        return min(max(due, _SHORTEST_SECONDS), _TICK_SECONDS)

    def stop(self) -> None:
        """Begin no further round; call it before cancelling `run`, for azure-servicebus swallows a cancellation now and then."""
        self._is_stopped = True

    async def _renew(self, watched: _Watched) -> None:
        number = watched.delivery.sequence_number
        if self._watched.get(id(watched.delivery)) is not watched:
            return  # settled while others were renewed
        now = self._clock.now()
        if now >= watched.until:
            self._lose(watched, f"it was kept for {self._limit}, the limit")
            return
        try:
            locked_until = await self._receiver.renew_lock(watched.delivery)
        except LockLostError:
            self._lose(watched, "it expired")
        except BusError as error:
            log.warning("Renewing the lock of sequence_number=%s failed, tried again: %s", number, error)
        else:
            watched.renew_at = now + (locked_until - now) * _SHARE

    def _lose(self, watched: _Watched, why: str) -> None:
        if self._watched.pop(id(watched.delivery), None) is not None:
            log.warning(
                "Lock lost of sequence_number=%s: %s; its handler is cancelled, the message comes again",
                watched.delivery.sequence_number,
                why,
            )
            watched.lost()
