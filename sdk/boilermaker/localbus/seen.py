"""The message ids of the duplicate detection window."""

from collections import deque
from datetime import datetime, timedelta


class SeenIds:
    """Remembers ids for as long as the window.

    Args:
        window: None where the queue detects no duplicates.
    """

    def __init__(self, window: timedelta | None) -> None:
        self._window = window
        self._ids: set[str] = set()
        self._order: deque[tuple[datetime, str]] = deque()

    def is_duplicate(self, message_id: str | None, now: datetime) -> bool:
        """Whether the id was seen within the window; if not, it is now."""
        if self._window is None or not message_id:
            return False
        while self._order and self._order[0][0] <= now - self._window:
            self._ids.discard(self._order.popleft()[1])
        if message_id in self._ids:
            return True
        self._ids.add(message_id)
        self._order.append((now, message_id))
        return False
