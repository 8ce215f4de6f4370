"""A link read, or written, through the SDK's public methods only, one call at a time: for a version of it we don't know.

Slower (see `pyamqp.connection`): every settlement is confirmed, every batch leaves by itself. `release` has to abandon,
which counts a delivery: the SDK has no public name for AMQP's `released`.
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
        """True until closed, or until the SDK has failed: it would attach again by itself, to another link."""
        return not self._is_closed

    async def take(self, max_messages: int, wait_seconds: float) -> list[AzureDelivery]:
        """As `receive_messages`, which waits 0.2 s for a second message after the first."""
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
            Unconfirmed: the link that brought the message is gone. The SDK would settle what has the same number on the next one.
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
        """The SDK's own is set once, when the receiver is made."""

    async def stop(self) -> None:
        """The SDK asks for messages only while it is called."""

    async def close(self) -> None:
        """Give back what the SDK holds, and disconnect."""
        self._is_closed = True
        await self._receiver.close()


async def settle_by_sdk(
    receiver: ServiceBusReceiver, message: ServiceBusReceivedMessage, disposition: Disposition
) -> None:
    """Settle through the SDK: by the link that brought the message, else by its lock token on $management."""
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
        """True until closed: the SDK attaches again by itself."""
        return not self._is_closed

    def send(self, messages: Sequence[Encoded]) -> asyncio.Future[None]:
        """Send these as one, accepted or refused together."""
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
        """Wait for what is under way, then disconnect."""
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
        raise MessageRefusedError(f"azure-servicebus refuses the message: {error}") from error
