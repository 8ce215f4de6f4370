"""The message ids of the duplicate detection window."""

from collections import deque
from datetime import datetime, timedelta


class SeenIds:
    """Remembers message ids for the duration of the window.

    Args:
        window: None if the queue does not detect duplicates.
    """

    def __init__(self, window: timedelta | None) -> None:
        self._window = window
        self._ids: set[str] = set()
        self._order: deque[tuple[datetime, str]] = deque()

    def is_duplicate(self, message_id: str | None, now: datetime) -> bool:
        """Whether the id was seen within the window; if not, remember it."""
        if self._window is None or not message_id:
            return False
        while self._order and self._order[0][0] <= now - self._window:
            self._ids.discard(self._order.popleft()[1])
        if message_id in self._ids:
            return True
        self._ids.add(message_id)
        self._order.append((now, message_id))
        return False
