"""Sending to Azure Service Bus: any number of coroutines wait here, one of them all puts batches together.

The SDK's sender is "not coroutine-safe", and one message at a time costs a round trip each. So what is sent in one turn
of the event loop leaves as one batch, a few batches are under way at a time, and what comes meanwhile queues up for the
next. An idle sender adds no delay.
"""

import asyncio
import logging
from collections import deque
from collections.abc import Sequence
from functools import partial
from itertools import count
from typing import Protocol

from azure.servicebus.aio import ServiceBusClient, ServiceBusSender

from boilermaker.errors import BusError, MessageTooLargeError
from boilermaker.transport.port import OutgoingMessage
from boilermaker.transport.servicebus_address import Address
from boilermaker.transport.servicebus_connect import (
    client,
    confirm_attached,
    max_message_size,
    stop_keep_alive,
    translate,
)
from boilermaker.transport.servicebus_message import (
    BATCH_ENTRY_BYTES,
    BATCH_HEAD_BYTES,
    Encoded,
    encode,
)
from boilermaker.transport.servicebus_plain import PlainWriter

try:
    from boilermaker.transport.servicebus_pyamqp_send import Writer
except ImportError:  # another version of the SDK: private modules come and go
    Writer = None  # type: ignore[assignment,misc]

_log = logging.getLogger("boilermaker.transport")

_TRIES = 4  # of a message, or of connecting
_FIRST_PAUSE_SECONDS = 0.4  # doubled with each try
_MOST_UNDER_WAY = 4  # batches: more would be smaller ones
_MOST_TOGETHER = 64  # messages: while the bus takes these, the next are put together
_CLOSE_SECONDS = 6.0


class LinkWriter(Protocol):
    """Sends over one attached link of the SDK."""

    @property
    def is_alive(self) -> bool:
        """True while the link takes messages."""
        ...

    def send(self, messages: Sequence[Encoded]) -> asyncio.Future[None]:
        """Send these as one, accepted or refused together. The future tells which, as the SDK words it."""
        ...

    async def close(self) -> None:
        """Wait for what is under way, then disconnect."""
        ...


class _Attachment:
    """A link that is attached: the SDK's client, who writes to it, and what it takes."""

    def __init__(self, service: ServiceBusClient, writer: LinkWriter, max_batch_bytes: int) -> None:
        self.service = service
        self.writer = writer
        self.max_batch_bytes = max_batch_bytes
        self.is_given_up = False

    @property
    def is_usable(self) -> bool:
        """Whether it is worth a try."""
        return self.writer.is_alive and not self.is_given_up

    async def close(self) -> None:
        """Disconnect; a connection that is gone cannot hold this up."""
        try:
            async with asyncio.timeout(_CLOSE_SECONDS):
                await self.writer.close()
                await self.service.close()
        except Exception:  # noqa: BLE001  # it is gone either way
            _log.debug("closing a lost connection failed", exc_info=True)


class _Fates:
    """What becomes of the messages of one call."""

    __slots__ = ("found", "future", "left")

    def __init__(self, count: int) -> None:
        self.left = count
        self.found: list[BusError | None] = [None] * count
        self.future: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    @property
    def is_over(self) -> bool:
        """Whether nobody waits any more."""
        return self.future.done()

    def settle(self, index: int, error: BusError | None) -> None:
        """One of the messages has come to its end."""
        self.found[index] = error
        self.left -= 1
        if not self.left and not self.future.done():
            self.future.set_result(None)


class _Waiting:
    """A message that waits for its turn, or for its answer."""

    __slots__ = ("encoded", "fates", "index", "is_alone", "place", "tries")

    def __init__(self, place: int, encoded: Encoded, fates: _Fates, index: int) -> None:
        self.place = place
        self.encoded = encoded
        self.fates = fates
        self.index = index
        self.tries = 0
        self.is_alone = False

    @property
    def size(self) -> int:
        return len(self.encoded.data)

    def settle(self, error: BusError | None) -> None:
        """It has come to its end."""
        self.fates.settle(self.index, error)


class AzureSender:
    """A `Sender` for one queue."""

    def __init__(self, address: Address, queue: str) -> None:
        self._address = address
        self._queue = queue
        self._attachment: _Attachment | None = None
        self._opening = asyncio.Lock()
        self._waiting: deque[_Waiting] = deque()
        self._again: list[_Waiting] = []
        self._places = count()
        self._under_way = 0
        self._moved = asyncio.Event()
        self._flusher: asyncio.Task[None] | None = None
        self._max_message_size = 0
        self._pause = 0.0

    @property
    def max_message_size(self) -> int:
        """Bytes that one message may have; 0 before `open`."""
        return self._max_message_size

    async def open(self) -> None:
        """Connect; connected already, do nothing. Raises QueueNotFoundError, SessionQueueError, BusError."""
        if self._attachment is None or not self._attachment.is_usable:
            await self._connected()

    async def send(self, message: OutgoingMessage) -> None:
        """Return once the bus has accepted the message. See the port for errors."""
        [error] = await self.send_many((message,))
        if error is not None:
            raise error

    async def send_many(self, messages: Sequence[OutgoingMessage]) -> Sequence[BusError | None]:
        """Send in order, in as few batches as the size allows, together with what others send. See the port."""
        fates = _Fates(len(messages))
        waits = False
        for index, message in enumerate(messages):
            try:
                encoded = Encoded(message, encode(message))
            except (TypeError, ValueError) as error:
                fates.settle(index, translate(error, self._queue, "send to"))
            else:
                self._waiting.append(_Waiting(next(self._places), encoded, fates, index))
                waits = True
        if waits:
            self._moved.set()
            if self._flusher is None:
                self._flusher = asyncio.create_task(self._flush(), name=f"send to {self._queue}")
            await fates.future
        return fates.found

    async def close(self) -> None:
        """Wait for what is under way, then disconnect. Closing twice is fine; sending again reconnects."""
        if self._flusher is not None:
            await asyncio.wait([self._flusher])
        async with self._opening:
            attachment, self._attachment = self._attachment, None
            if attachment is not None:
                await attachment.close()

    # ---- connecting

    async def _connected(self) -> _Attachment:
        async with self._opening:
            if self._attachment is not None and self._attachment.is_usable:
                return self._attachment
            lost, self._attachment = self._attachment, None
            if lost is not None:
                await lost.close()
            pause = _FIRST_PAUSE_SECONDS
            for tries_left in reversed(range(_TRIES)):
                try:
                    self._attachment = await self._attach()
                except BusError as error:
                    if not tries_left or not error.is_transient:
                        raise
                else:
                    return self._attachment
                await asyncio.sleep(pause)
                pause *= 2
            raise AssertionError  # pragma: no cover  # the last try returns or raises

    async def _attach(self) -> _Attachment:
        service = client(self._address, retries=0)
        sender = service.get_queue_sender(self._queue)
        try:
            await sender.__aenter__()
            await confirm_attached(sender)
            batch = await sender.create_message_batch()
            self._max_message_size = max_message_size(sender) or batch.max_size_in_bytes
            return _Attachment(service, _writer(sender), batch.max_size_in_bytes)
        except BaseException as error:
            stop_keep_alive(sender)
            await sender.close()
            await service.close()
            if not isinstance(error, Exception):
                raise
            raise translate(error, self._queue, "send to") from error

    # ---- sending

    async def _flush(self) -> None:
        """Send until nothing waits and nothing is under way. Every message is settled, whatever happens."""
        try:
            while self._waiting or self._again or self._under_way:
                self._moved.clear()
                if (self._waiting or self._again) and self._under_way < _MOST_UNDER_WAY:
                    await self._send_what_waits()
                if self._under_way:
                    await self._moved.wait()
        except BaseException as error:
            stopped = BusError(f"sending to queue {self._queue!r} was stopped", queue=self._queue)
            self._fail_all(
                translate(error, self._queue, "send to") if isinstance(error, Exception) else stopped
            )
            if not isinstance(error, Exception):
                raise
        finally:
            self._flusher = None

    async def _send_what_waits(self) -> None:
        if self._pause:
            pause, self._pause = self._pause, 0.0
            await asyncio.sleep(pause)
        if self._again:
            everything = sorted((*self._again, *self._waiting), key=lambda each: each.place)
            self._waiting, self._again = deque(everything), []
        try:
            attachment = await self._connected()
        except BusError as error:
            self._fail_all(error)
            return
        while self._under_way < _MOST_UNDER_WAY and (batch := self._next_batch(attachment.max_batch_bytes)):
            for each in batch:
                each.tries += 1
            self._under_way += 1
            fate = attachment.writer.send([each.encoded for each in batch])
            fate.add_done_callback(partial(self._landed, batch, attachment))

    def _next_batch(self, max_bytes: int) -> list[_Waiting]:
        """The head of what waits, as much as leaves together."""
        batch: list[_Waiting] = []
        size = BATCH_HEAD_BYTES
        while self._waiting and len(batch) < _MOST_TOGETHER:
            each = self._waiting[0]
            if each.fates.is_over:
                self._waiting.popleft()
                continue
            if each.size > self._max_message_size:
                self._waiting.popleft()
                each.settle(self._too_large())
                continue
            size += each.size + BATCH_ENTRY_BYTES
            if batch and (size > max_bytes or each.is_alone or batch[0].is_alone):
                break
            batch.append(self._waiting.popleft())
        return batch

    def _landed(self, batch: list[_Waiting], attachment: _Attachment, fate: "asyncio.Future[None]") -> None:
        """Tell each what became of it, or send it again, in its place."""
        self._under_way -= 1
        self._moved.set()
        failure = ConnectionResetError("given up") if fate.cancelled() else fate.exception()
        error = None if failure is None else translate(failure, self._queue, "send to")
        attachment.is_given_up |= isinstance(failure, OSError | TimeoutError)
        if error is not None and self._is_tried_again(batch, error, is_refused=attachment.is_usable):
            self._again += batch
            return
        for each in batch:
            each.settle(error)

    def _is_tried_again(self, batch: list[_Waiting], error: BusError, *, is_refused: bool) -> bool:
        if error.is_transient:
            tries = max(each.tries for each in batch)
            if is_refused or tries > 1:  # what was lost with a connection goes at once with the next
                self._pause = max(self._pause, _FIRST_PAUSE_SECONDS * 2 ** (tries - 1))
            return tries < _TRIES
        if len(batch) > 1 and type(error) in {BusError, MessageTooLargeError}:
            # Refused as a whole (a batch is atomic), perhaps for one of them: each learns its own fate.
            for each in batch:
                each.is_alone, each.tries = True, 0
            return True
        return False

    def _fail_all(self, error: BusError) -> None:
        waiting, self._waiting, self._again = [*self._again, *self._waiting], deque(), []
        for each in waiting:
            each.settle(error)

    def _too_large(self) -> MessageTooLargeError:
        return MessageTooLargeError(
            f"queue {self._queue!r} takes messages of {self._max_message_size:,} bytes, "
            "all properties included; this one is larger. Send a reference to large data instead of the data.",
            queue=self._queue,
        )


def _writer(sender: ServiceBusSender) -> LinkWriter:
    if Writer is not None:
        try:
            return Writer(sender)
        except AttributeError as error:
            _log.warning("this version of azure-servicebus is not known (%s): sending is slower", error)
    return PlainWriter(sender)
