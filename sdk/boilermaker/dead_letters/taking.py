"""Getting at certain messages of a sub-queue that hands them out in its own order only."""

from collections.abc import AsyncIterator, Callable, Sequence
from types import TracebackType
from typing import Self

from boilermaker.errors import SettlementError
from boilermaker.transport.port import Delivery, Receiver

_BATCH = 100
_PATIENCE_SECONDS = 5.0  # what does not come within is locked by somebody else
_HELD = 1000
_HELD_BYTES = 32 * 1024 * 1024


class Taking:
    """Locks what is wanted, batch by batch, and what lies before it; that is given back at the end.

    What is given back at once would come again at once. Memory is bounded: beyond a thousand messages or 32 MB, what
    is not wanted is left to its lock, which runs out.
    """

    def __init__(
        self, receiver: Receiver, is_wanted: Callable[[Delivery], bool], *, wanted: int, total: int
    ) -> None:
        self._receiver = receiver
        self._is_wanted = is_wanted
        self._left = wanted
        self._most = (
            _BATCH if wanted < total else min(_BATCH, wanted)
        )  # to pass by many, one at a time is slow
        self._patience = 2 * total + _BATCH  # unwanted ones come again when their locks run out: not for ever
        self._held: list[Delivery] = []
        self._held_bytes = 0

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for delivery in self._held:
            try:
                await self._receiver.release(delivery)
            except SettlementError:  # its lock is gone, or will be
                continue

    def hold(self, delivery: Delivery) -> None:
        """Keep a message from coming again, until the end."""
        if len(self._held) < _HELD and self._held_bytes < _HELD_BYTES:
            self._held.append(delivery)
            self._held_bytes += len(delivery.body)

    async def batches(self) -> AsyncIterator[Sequence[Delivery]]:
        """What is wanted, locked. Raises as `Receiver.receive`."""
        while self._left > 0 and self._patience > 0:
            batch = await self._receiver.receive(self._most, _PATIENCE_SECONDS)
            if not batch:
                return
            wanted = [delivery for delivery in batch if self._is_wanted(delivery)]
            for delivery in batch:
                if delivery not in wanted:
                    self.hold(delivery)
            self._patience -= len(batch) - len(wanted)
            self._left -= len(wanted)
            if wanted:
                yield wanted
