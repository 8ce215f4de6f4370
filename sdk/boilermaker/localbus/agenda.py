"""Timed events of a queue's messages: locks that expire, schedules that become due, and messages that expire."""

import heapq
import uuid
from collections.abc import Iterator, Mapping
from datetime import datetime

from boilermaker.localbus.messages import State, StoredMessage

# When, a tie-breaker, which message, and for the end of a lock its token.
_Entry = tuple[datetime, int, int, uuid.UUID | None]


class Agenda:
    """A heap of timed events. Entries that no longer apply are skipped when they become due.

    Args:
        messages: the queue's messages, by sequence number.
    """

    def __init__(self, messages: Mapping[int, StoredMessage]) -> None:
        self._messages = messages
        self._entries: list[_Entry] = []
        self._count = 0

    def __len__(self) -> int:
        """Number of entries, including those that no longer apply."""
        return len(self._entries)

    def add(self, when: datetime, message: StoredMessage, token: uuid.UUID | None = None) -> None:
        """Add an event: the end of the lock with this token, or without a token of a schedule or a time to live."""
        self._count += 1
        heapq.heappush(self._entries, (when, self._count, message.sequence_number, token))
        if len(self._entries) > 1024 + 4 * len(self._messages):  # mostly locks of messages long settled
            self._entries = [entry for entry in self._entries if self._holder(entry) is not None]
            heapq.heapify(self._entries)

    def due(self, now: datetime) -> Iterator[tuple[datetime, StoredMessage]]:
        """Due events in order, with the time each was due. Handling one event may add further due events."""
        while self._entries and self._entries[0][0] <= now:
            entry = heapq.heappop(self._entries)
            message = self._holder(entry)
            if message is not None:
                yield entry[0], message

    def next(self) -> datetime | None:
        """The time of the next event."""
        while self._entries:
            if self._holder(self._entries[0]) is not None:
                return self._entries[0][0]
            heapq.heappop(self._entries)
        return None

    def _holder(self, entry: _Entry) -> StoredMessage | None:
        when, _, number, token = entry
        message = self._messages.get(number)
        return message if message is not None and _still_holds(message, when, token) else None


def _still_holds(message: StoredMessage, when: datetime, token: uuid.UUID | None) -> bool:
    if token is not None:
        return message.lock_token == token and message.locked_until == when
    if message.state is State.SCHEDULED:
        return message.scheduled_for == when
    return message.state is State.ACTIVE and message.expires_at == when and message.lock_token is None
