"""Messages that wait to be sent, in order, and how they are batched. No I/O."""

import asyncio
from collections import deque
from collections.abc import Iterable
from itertools import count

from boilermaker.errors import BusError, MessageTooLargeError
from boilermaker.transport.servicebus.message import BATCH_ENTRY_BYTES, BATCH_HEAD_BYTES, Encoded

_MOST_TOGETHER = 64  # messages per batch, of the 4,500 that Service Bus accepts: the next batch fills while one is in flight


class Fates:
    """The results of the messages of one call."""

    __slots__ = ("found", "future", "left")

    def __init__(self, count: int) -> None:
        self.left = count
        self.found: list[BusError | None] = [None] * count
        self.future: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    @property
    def is_over(self) -> bool:
        """Whether the caller no longer waits."""
        return self.future.done()

    def settle(self, index: int, error: BusError | None) -> None:
        """Record the result of one message."""
        self.found[index] = error
        self.left -= 1
        if not self.left and not self.future.done():
            self.future.set_result(None)


class Waiting:
    """A message that waits to be sent or acknowledged."""

    __slots__ = ("encoded", "fates", "index", "is_alone", "place", "tries")

    def __init__(self, place: int, encoded: Encoded, fates: Fates, index: int) -> None:
        self.place = place
        self.encoded = encoded
        self.fates = fates
        self.index = index
        self.tries = 0
        self.is_alone = False

    @property
    def size(self) -> int:
        """Bytes of the encoded message."""
        return len(self.encoded.data)

    def settle(self, error: BusError | None) -> None:
        """Record the result of this message."""
        self.fates.settle(self.index, error)


class Backlog:
    """The waiting messages of one queue."""

    def __init__(self, queue: str) -> None:
        self._queue = queue
        self._waiting: deque[Waiting] = deque()
        self._again: list[Waiting] = []
        self._places = count()

    def __bool__(self) -> bool:
        return bool(self._waiting or self._again)

    def add(self, encoded: Encoded, fates: Fates, index: int) -> None:
        """Add a message after all others."""
        self._waiting.append(Waiting(next(self._places), encoded, fates, index))

    def put_back(self, batch: Iterable[Waiting]) -> None:
        """Return a batch to the backlog; each message keeps its place."""
        self._again += batch

    def line_up(self) -> None:
        """Sort returned messages into their places."""
        if self._again:
            everything = sorted((*self._again, *self._waiting), key=lambda each: each.place)
            self._waiting, self._again = deque(everything), []

    def next_batch(self, max_bytes: int, max_message_size: int) -> list[Waiting]:
        """Remove and return the first messages, as many as fit in one batch."""
        batch: list[Waiting] = []
        size = BATCH_HEAD_BYTES
        while self._waiting and len(batch) < _MOST_TOGETHER:
            each = self._waiting[0]
            if each.fates.is_over:
                self._waiting.popleft()
                continue
            if each.size > max_message_size:
                self._waiting.popleft()
                each.settle(self._too_large(max_message_size))
                continue
            size += each.size + BATCH_ENTRY_BYTES
            if batch and (size > max_bytes or each.is_alone or batch[0].is_alone):
                break
            batch.append(self._waiting.popleft())
        return batch

    def fail(self, error: BusError) -> None:
        """Fail all waiting messages with this error."""
        waiting, self._waiting, self._again = [*self._again, *self._waiting], deque(), []
        for each in waiting:
            each.settle(error)

    def _too_large(self, max_message_size: int) -> MessageTooLargeError:
        return MessageTooLargeError(
            f"the message is larger than the {max_message_size:,} bytes, including all properties, that "
            f"queue {self._queue!r} accepts. Send a reference to large data instead of the data.",
            queue=self._queue,
        )
