"""Receives selected messages from a sub-queue, which delivers messages only in its own order."""

from collections.abc import AsyncIterator, Callable, Sequence
from types import TracebackType
from typing import Self

from boilermaker.errors import SettlementError
from boilermaker.transport.port import Delivery, Receiver

_BATCH = 100
_PATIENCE_SECONDS = 5.0  # messages that do not arrive within this time are locked by another receiver
_HELD = 1000
_HELD_BYTES = 32 * 1024 * 1024


class Taking:
    """Locks the wanted messages batch by batch, together with those before them, which are released at the end.

    Messages released immediately would be redelivered immediately. Memory is bounded: beyond a thousand messages or
    32 MB, unwanted messages are not released; their locks expire.
    """

    def __init__(
        self, receiver: Receiver, is_wanted: Callable[[Delivery], bool], *, wanted: int, total: int
    ) -> None:
        self._receiver = receiver
        self._is_wanted = is_wanted
        self._left = wanted
        self._most = (
            _BATCH if wanted < total else min(_BATCH, wanted)
        )  # skipping many messages one at a time is slow
        self._patience = 2 * total + _BATCH  # bounds redeliveries of unwanted messages whose locks expired
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
            except SettlementError:  # its lock is lost, or will expire
                continue

    def hold(self, delivery: Delivery) -> None:
        """Keep a message locked until the end, so that it is not redelivered."""
        if len(self._held) < _HELD and self._held_bytes < _HELD_BYTES:
            self._held.append(delivery)
            self._held_bytes += len(delivery.body)

    async def batches(self) -> AsyncIterator[Sequence[Delivery]]:
        """Batches of wanted messages, locked. Raises as `Receiver.receive`."""
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
