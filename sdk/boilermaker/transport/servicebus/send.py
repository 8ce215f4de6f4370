"""Sends to Azure Service Bus: any number of coroutines send concurrently, and one task batches their messages.

The SDK's sender is "not coroutine-safe", and one message at a time costs a round trip each. So messages sent in one turn of
the event loop form one batch, a few batches are in flight at a time, and later messages wait for the next. An idle sender
adds no delay.
"""

import asyncio
from collections.abc import Sequence
from functools import partial

from boilermaker.errors import BusError, MessageRefusedError
from boilermaker.transport.port import OutgoingMessage
from boilermaker.transport.servicebus.address import Address
from boilermaker.transport.servicebus.attach import Attachment, attach
from boilermaker.transport.servicebus.backlog import Backlog, Fates, Waiting
from boilermaker.transport.servicebus.message import Encoded, encode
from boilermaker.transport.servicebus.refusals import BatchRefusedError, translate
from boilermaker.transport.servicebus.schedule import Scheduler

_TRIES = 4  # to send a message, or to connect
_FIRST_PAUSE_SECONDS = 0.4  # doubled with each try
_MOST_UNDER_WAY = 4  # batches in flight: more would only be smaller
_MOST_SINGLE = 256  # messages in flight to a queue that rejects batches


class AzureSender:
    """A `Sender` for one queue."""

    def __init__(self, address: Address, queue: str) -> None:
        self._address = address
        self._queue = queue
        self._attachment: Attachment | None = None
        self._opening = asyncio.Lock()
        self._scheduler = Scheduler(address, queue)
        self._backlog = Backlog(queue)
        self._under_way = 0
        self._moved = asyncio.Event()
        self._flusher: asyncio.Task[None] | None = None
        self._max_message_size = 0
        self._pause = 0.0

    @property
    def max_message_size(self) -> int:
        """Maximum bytes of one message; 0 before `open`."""
        return self._max_message_size

    async def open(self) -> None:
        """Connect, unless already connected. Raises QueueNotFoundError, SessionQueueError, BusError."""
        if self._attachment is None or not self._attachment.is_usable:
            await self._connected()

    async def send(self, message: OutgoingMessage) -> None:
        """Send a message; return once the broker has acknowledged it. See the port for errors."""
        [error] = await self.send_many((message,))
        if error is not None:
            raise error

    async def send_many(self, messages: Sequence[OutgoingMessage]) -> Sequence[BusError | None]:
        """Send in order, in as few batches as the size allows, together with other callers' messages. See the port."""
        fates = Fates(len(messages))
        waits = False
        for index, message in enumerate(messages):
            try:
                encoded = Encoded(message, encode(message))
            except (TypeError, ValueError) as error:
                refused = MessageRefusedError(
                    f"queue {self._queue!r} would reject the message: {error}", queue=self._queue
                )
                fates.settle(index, refused)
            else:
                self._backlog.add(encoded, fates, index)
                waits = True
        if waits:
            self._moved.set()
            if self._flusher is None:
                self._flusher = asyncio.create_task(self._flush(), name=f"send to {self._queue}")
            await fates.future
        return fates.found

    async def schedule(self, message: OutgoingMessage) -> int:
        """Schedule a message; returns its sequence number. See the port."""
        return await self._scheduler.schedule(message)

    async def cancel_scheduled(self, sequence_number: int) -> None:
        """Remove a scheduled message. See the port."""
        await self._scheduler.cancel(sequence_number)

    async def close(self) -> None:
        """Wait for messages in flight, then disconnect. Closing twice is fine; sending again reconnects."""
        if self._flusher is not None:
            await asyncio.wait([self._flusher])
        await self._scheduler.close()
        async with self._opening:
            attachment, self._attachment = self._attachment, None
            if attachment is not None:
                await attachment.close()

    # ---- connecting

    async def _connected(self) -> Attachment:
        async with self._opening:
            if self._attachment is not None and self._attachment.is_usable:
                return self._attachment
            lost, self._attachment = self._attachment, None
            if lost is not None:
                await lost.close()
            pause = _FIRST_PAUSE_SECONDS
            for tries_left in reversed(range(_TRIES)):
                try:
                    self._attachment = await attach(self._address, self._queue)
                except BusError as error:
                    if not tries_left or not error.is_transient:
                        raise
                else:
                    self._max_message_size = self._attachment.max_message_size
                    return self._attachment
                await asyncio.sleep(pause)
                pause *= 2
            raise AssertionError  # pragma: no cover  # the last try returns or raises

    # ---- sending

    @property
    def _most_under_way(self) -> int:
        attachment = self._attachment
        return _MOST_UNDER_WAY if attachment is None or attachment.takes_batches else _MOST_SINGLE

    async def _flush(self) -> None:
        """Send until no message waits or is in flight. Every message gets a result, even after an error."""
        try:
            while self._backlog or self._under_way:
                self._moved.clear()
                if self._backlog and self._under_way < self._most_under_way:
                    await self._send_what_waits()
                if self._under_way:
                    await self._moved.wait()
        except BaseException as error:
            stopped = BusError(f"sending to queue {self._queue!r} was stopped", queue=self._queue)
            self._backlog.fail(
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
        self._backlog.line_up()
        try:
            attachment = await self._connected()
        except BusError as error:
            self._backlog.fail(error)
            return
        while self._under_way < self._most_under_way and (
            batch := self._backlog.next_batch(
                attachment.max_batch_bytes if attachment.takes_batches else 0, attachment.max_message_size
            )
        ):
            for each in batch:
                each.tries += 1
            self._under_way += 1
            fate = attachment.writer.send([each.encoded for each in batch])
            fate.add_done_callback(partial(self._landed, batch, attachment))

    def _landed(self, batch: list[Waiting], attachment: Attachment, fate: "asyncio.Future[None]") -> None:
        """Record the result of each message of a batch, or return the batch to the backlog."""
        self._under_way -= 1
        self._moved.set()
        failure = ConnectionResetError("given up") if fate.cancelled() else fate.exception()
        error = None if failure is None else translate(failure, self._queue, "send to")
        attachment.is_given_up |= isinstance(failure, OSError | TimeoutError)
        if isinstance(error, BatchRefusedError) and len(batch) > 1:
            attachment.takes_batches = False
            self._backlog.put_back(batch)
            return
        if error is not None and self._is_tried_again(batch, error, is_refused=attachment.is_usable):
            self._backlog.put_back(batch)
            return
        for each in batch:
            each.settle(error)

    def _is_tried_again(self, batch: list[Waiting], error: BusError, *, is_refused: bool) -> bool:
        if error.is_transient:
            tries = max(each.tries for each in batch)
            if is_refused or tries > 1:  # messages lost with a connection are retried immediately on the next
                self._pause = max(self._pause, _FIRST_PAUSE_SECONDS * 2 ** (tries - 1))
            return tries < _TRIES
        if len(batch) > 1 and (isinstance(error, MessageRefusedError) or type(error) is BusError):
            # The batch was rejected as a whole, perhaps for one message: retry each alone, for its own result.
            for each in batch:
                each.is_alone, each.tries = True, 0
            return True
        return False
