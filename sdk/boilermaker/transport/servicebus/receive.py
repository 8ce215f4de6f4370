"""Receives from Azure Service Bus under peek-locks, and settles messages.

One `ServiceBusReceiver` of the SDK at a time, read by a `Reader` (see `pyamqp.connection`). When the connection
is lost, the next call reattaches; deliveries of the old link are then settled by their lock tokens.
"""

import asyncio
import logging
import time
from collections.abc import Sequence
from datetime import UTC, datetime

from azure.servicebus.aio import ServiceBusClient, ServiceBusReceiver

from boilermaker.errors import BusError, LockLostError, SettlementError
from boilermaker.transport.clock import ServiceClock
from boilermaker.transport.port import Delivery, Message
from boilermaker.transport.servicebus.address import Address
from boilermaker.transport.servicebus.connect import (
    Sockets,
    ask_for_heartbeats,
    client,
    confirm_attached,
    disconnect,
)
from boilermaker.transport.servicebus.delivery import AzureDelivery, AzureMessage, LinkReader
from boilermaker.transport.servicebus.plain import PlainReader, settle_by_sdk
from boilermaker.transport.servicebus.refusals import translate
from boilermaker.transport.servicebus.settle import Disposition, Unconfirmed

try:
    from boilermaker.transport.servicebus.pyamqp import peek as peeking
    from boilermaker.transport.servicebus.pyamqp.receive import Reader
except ImportError:  # another version of the SDK: private modules may change
    Reader = None  # type: ignore[assignment,misc]
    peeking = None  # type: ignore[assignment]

_log = logging.getLogger("boilermaker.transport")

_OPEN_TRIES = 4
_BY_TOKEN_AT_ONCE = 50


class _Attachment:
    """An attached link: the SDK's client and receiver, and the link's reader."""

    def __init__(
        self, service: ServiceBusClient, sockets: Sockets, receiver: ServiceBusReceiver, reader: LinkReader
    ) -> None:
        self.service = service
        self.sockets = sockets
        self.receiver = receiver
        self.reader = reader

    async def close(self) -> None:
        """Release buffered messages and disconnect; a lost connection cannot block this."""
        await disconnect(self.reader, self.service, self.sockets)


class AzureReceiver:
    """A `Receiver` for one queue."""

    def __init__(self, address: Address, queue: str, prefetch: int, clock: ServiceClock) -> None:
        self._clock = clock
        self._address = address
        self._queue = queue
        self._prefetch = prefetch
        self._attachment: _Attachment | None = None
        self._closes = 0
        self._is_stopped = False
        self._attaching = asyncio.Lock()
        # Requests to $management share one error slot in the SDK, so they are sent one at a time. Renewals, and settlements by
        # lock token after a lost connection, are exempt: there may be a hundred, and sent one by one over a slow connection they
        # would outlast their locks. If an error of one is lost in the shared slot, its message is redelivered.
        self._managing = asyncio.Lock()
        self._by_token = asyncio.Semaphore(_BY_TOKEN_AT_ONCE)

    async def open(self) -> None:
        """Connect, unless already connected. Raises QueueNotFoundError, SessionQueueError, BusError."""
        self._is_stopped = False
        await self._attached()

    async def set_prefetch(self, count: int) -> None:
        """Set how many messages are prefetched from now on. See the port."""
        self._prefetch = count
        if self._attachment is not None:
            await self._attachment.reader.set_prefetch(count)

    async def stop(self) -> None:
        """Stop receiving and release buffered messages. See the port."""
        self._is_stopped = True
        if self._attachment is not None:
            await self._attachment.reader.stop()

    async def receive(self, max_messages: int, max_wait_seconds: float) -> Sequence[Delivery]:
        """Receive up to `max_messages` as soon as there are some; empty after `max_wait_seconds`. Raises BusError."""
        deadline, closes = time.monotonic() + max_wait_seconds, self._closes
        while True:
            attachment = await self._attached()
            try:
                return await attachment.reader.take(max_messages, deadline - time.monotonic())
            except Exception as error:
                lost = translate(error, self._queue, "receive from")
                await self._detach(attachment)
                if not lost.is_transient:
                    raise lost from error
                if self._closes != closes:  # not lost: closed while this waited
                    return []
                _log.info("%s; reconnecting", lost)
                if time.monotonic() >= deadline:
                    return []

    async def peek(self, max_messages: int, from_sequence_number: int = 1) -> Sequence[Message]:
        """Return messages without locking them, through $management. See the port for errors."""
        receiver = (await self._attached()).receiver
        first = max(from_sequence_number, 1)  # to the SDK, 0 means "after the last peeked message"
        try:
            async with self._managing:
                if peeking is not None and peeking.can_peek(receiver):
                    return await peeking.peek(receiver, max_messages, first)
                found = await receiver.peek_messages(max_messages, sequence_number=first)
        except Exception as error:
            raise translate(error, self._queue, "receive from") from error
        return [AzureMessage(message) for message in found]

    async def complete(self, delivery: Delivery, *, confirmed: bool = True) -> None:
        """Complete the message. `confirmed=False` returns without waiting for the answer. See the port for errors."""
        await self._settle(delivery, Disposition("complete"), confirmed=confirmed)

    async def abandon(self, delivery: Delivery) -> None:
        """Abandon the message; counts a delivery. See the port for errors."""
        await self._settle(delivery, Disposition("abandon"))

    async def release(self, delivery: Delivery) -> None:
        """Release the lock without counting a delivery. See the port for errors.

        Only the message's own link can release it. After a reconnect the message is abandoned, which counts a delivery, as an
        expired lock would.
        """
        await self._settle(delivery, Disposition("release"))

    async def dead_letter(self, delivery: Delivery, reason: str, description: str) -> None:
        """Move the message to the dead-letter sub-queue. See the port for errors."""
        await self._settle(delivery, Disposition("dead-letter", reason, description))

    async def renew_lock(self, delivery: Delivery) -> datetime:
        """Renew the lock for the queue's lock duration; returns the new `locked_until`. See the port for errors."""
        own = _own(delivery)
        attachment = await self._attached()
        try:
            async with self._by_token:
                asked_at = self._clock.monotonic()
                renewed = await attachment.receiver.renew_message_lock(own.message)
        except Exception as error:
            raise translate(error, self._queue, "renew a lock of") from error
        self._clock.note_locked(own.locked_until, asked_at)
        own.locked_until = renewed.replace(tzinfo=renewed.tzinfo or UTC)
        return own.locked_until

    async def close(self) -> None:
        """Disconnect and release buffered messages; a `receive` in progress returns an empty list.

        Closing twice is fine; receiving again reconnects.
        """
        self._closes += 1
        if self._attachment is not None:
            await self._detach(self._attachment)

    async def _settle(self, delivery: Delivery, disposition: Disposition, *, confirmed: bool = True) -> None:
        own = _own(delivery)
        if not confirmed and own.locked_until <= self._clock.now():
            # An unconfirmed settlement has no answer that could report the lost lock.
            raise LockLostError(
                f"the lock on message {own.sequence_number} of queue {self._queue!r} expired before the message was settled",
                queue=self._queue,
            )
        asked_at = self._clock.monotonic()
        try:
            await own.reader.settle(own, disposition, confirmed=confirmed)
        except Unconfirmed:
            await self._settle_by_token(own, disposition)
        except Exception as error:
            raise self._settlement_error(error) from error
        if confirmed:
            self._clock.note_locked(own.locked_until, asked_at)

    async def _settle_by_token(self, delivery: AzureDelivery, disposition: Disposition) -> None:
        """Settle through $management: the link is closed, or did not answer."""
        if (message := delivery.by_token) is None:
            raise SettlementError(
                f"cannot settle a message of queue {self._queue!r}: the link that it was received on is closed",
                queue=self._queue,
            )
        try:
            attachment = await self._attached()
            async with self._by_token:
                await settle_by_sdk(attachment.receiver, message, disposition)
        except Exception as error:
            raise self._settlement_error(error) from error

    def _settlement_error(self, error: Exception) -> SettlementError:
        found = translate(error, self._queue, "settle a message of")
        if isinstance(found, SettlementError):
            return found
        return SettlementError(str(found), queue=self._queue, is_transient=found.is_transient)

    async def _attached(self) -> _Attachment:
        async with self._attaching:
            if self._attachment is not None and self._attachment.reader.is_alive:
                return self._attachment
            lost, self._attachment = self._attachment, None
            if lost is not None:
                await lost.close()
            self._attachment = await self._attach()
            return self._attachment

    async def _attach(self) -> _Attachment:
        """Try a few times. The SDK's own retry is off: it would replace a link without the reader's knowledge."""
        prefetch = 0 if self._is_stopped else self._prefetch
        for attempt in range(_OPEN_TRIES):
            service = client(self._address, retries=0)
            receiver = service.get_queue_receiver(self._queue, prefetch_count=prefetch)
            sockets = Sockets(receiver)
            try:
                ask_for_heartbeats(receiver)
                await receiver.__aenter__()
                await confirm_attached(receiver)
                return _Attachment(service, sockets, receiver, _read(receiver, prefetch, self._clock))
            except BaseException as error:
                await service.close()
                await sockets.close()
                if not isinstance(error, Exception):
                    raise
                found = translate(error, self._queue, "receive from")
                if not found.is_transient or attempt == _OPEN_TRIES - 1:
                    raise found from error
            await asyncio.sleep(0.2 * 2**attempt)
        raise AssertionError  # pragma: no cover  # the last attempt returns or raises

    async def _detach(self, attachment: _Attachment) -> None:
        async with self._attaching:
            if self._attachment is attachment:
                self._attachment = None
                await attachment.close()


def _read(receiver: ServiceBusReceiver, prefetch: int, clock: ServiceClock) -> LinkReader:
    if Reader is not None:
        try:
            return Reader(receiver, prefetch, clock)
        except AttributeError as error:
            _log.warning(
                "unknown version of azure-servicebus (%s): settling falls back to its public API and is slower",
                error,
            )
    return PlainReader(receiver, clock)


def _own(delivery: Delivery) -> AzureDelivery:
    if not isinstance(delivery, AzureDelivery):
        raise BusError(f"a delivery of another bus: {type(delivery).__name__}")
    return delivery
