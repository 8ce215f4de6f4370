"""Reads and writes a link through the SDK's public methods only, one call at a time: the fallback for unknown SDK versions.

Slower than `pyamqp` (see `pyamqp.connection`): every settlement is confirmed, and one batch is in flight at a time. `release`
has to abandon, which counts a delivery: the SDK has no public method for AMQP's `released`.
"""

import asyncio
from collections.abc import Sequence
from typing import Any

from azure.servicebus import ServiceBusMessage, ServiceBusReceivedMessage
from azure.servicebus.aio import ServiceBusReceiver, ServiceBusSender
from azure.servicebus.exceptions import MessageAlreadySettled, MessageLockLostError

from boilermaker.errors import MessageRefusedError
from boilermaker.transport.clock import ServiceClock
from boilermaker.transport.port import OutgoingMessage
from boilermaker.transport.servicebus.delivery import AzureDelivery, PlainDelivery
from boilermaker.transport.servicebus.message import Encoded
from boilermaker.transport.servicebus.settle import Disposition, Unconfirmed


class PlainReader:
    """Reads one attached link."""

    def __init__(self, receiver: ServiceBusReceiver, clock: ServiceClock) -> None:
        self._receiver = receiver
        self._clock = clock
        self._taking = asyncio.Lock()
        self._settling = asyncio.Lock()
        self._is_closed = False

    @property
    def is_alive(self) -> bool:
        """True until closed, or until the SDK has failed: it would attach to a new link by itself."""
        return not self._is_closed

    async def take(self, max_messages: int, wait_seconds: float) -> list[AzureDelivery]:
        """Receive with `receive_messages`, which waits 0.2 s for a second message after the first."""
        async with self._taking:
            try:
                messages = await self._receiver.receive_messages(max_messages, max(wait_seconds, 0.001))
            except Exception:
                self._is_closed = True
                raise
            received_at = self._clock.monotonic()
            deliveries = [PlainDelivery(message, self) for message in messages]
            for delivery in deliveries:
                if delivery.enqueued_time is not None:
                    self._clock.note_enqueued(delivery.enqueued_time, received_at)
            return list(deliveries)

    async def settle(self, delivery: AzureDelivery, disposition: Disposition, *, confirmed: bool) -> None:
        """Settle, always confirmed.

        Raises:
            Unconfirmed: the link of the message is closed. The SDK would settle the message with the same number on a new link.
        """
        del confirmed
        async with self._settling:
            if self._is_closed:
                raise Unconfirmed
            try:
                await settle_by_sdk(self._receiver, delivery.message, disposition)
            except (MessageLockLostError, MessageAlreadySettled):
                raise
            except Exception as error:
                self._is_closed = True
                raise Unconfirmed from error

    async def set_prefetch(self, count: int) -> None:
        """Ignored: the SDK's prefetch is fixed when the receiver is created."""

    async def stop(self) -> None:
        """Ignored: the SDK requests messages only during a call."""

    async def close(self) -> None:
        """Release the SDK's buffered messages and disconnect."""
        self._is_closed = True
        await self._receiver.close()


async def settle_by_sdk(
    receiver: ServiceBusReceiver, message: ServiceBusReceivedMessage, disposition: Disposition
) -> None:
    """Settle through the SDK: on the message's link, else by its lock token through $management."""
    match disposition.outcome:
        case "complete":
            await receiver.complete_message(message)
        case "abandon" | "release":
            await receiver.abandon_message(message)
        case "dead-letter":
            await receiver.dead_letter_message(message, disposition.reason, disposition.description)


class PlainWriter:
    """Sends over one attached link, a batch at a time."""

    def __init__(self, sender: ServiceBusSender) -> None:
        self._sender = sender
        self._sending = asyncio.Lock()
        self._is_closed = False

    @property
    def is_alive(self) -> bool:
        """True until closed: the SDK reattaches by itself."""
        return not self._is_closed

    def send(self, messages: Sequence[Encoded]) -> asyncio.Future[None]:
        """Send these as one batch, accepted or rejected together."""
        return asyncio.ensure_future(self._send([each.message for each in messages]))

    async def _send(self, messages: list[OutgoingMessage]) -> None:
        async with self._sending:
            if len(messages) == 1:
                await self._sender.send_messages(built(messages[0]))
                return
            batch = await self._sender.create_message_batch()
            for message in messages:
                batch.add_message(built(message))
            await self._sender.send_messages(batch)

    async def close(self) -> None:
        """Wait for messages in flight, then disconnect."""
        self._is_closed = True
        async with self._sending:
            await self._sender.close()


def built(message: OutgoingMessage) -> ServiceBusMessage:
    properties: dict[str | bytes, Any] = dict(message.properties.items())
    try:
        return ServiceBusMessage(
            message.body,
            message_id=message.message_id,
            subject=message.subject or None,
            content_type=message.content_type or None,
            correlation_id=message.correlation_id or None,
            application_properties=properties or None,
            scheduled_enqueue_time_utc=message.scheduled_enqueue_time,
        )
    except (TypeError, ValueError) as error:
        raise MessageRefusedError(f"azure-servicebus rejects the message: {error}") from error
