"""An attached sender link to a queue of Azure Service Bus, and its writer."""

import asyncio
import logging
from collections.abc import Sequence
from typing import Protocol

from azure.servicebus.aio import ServiceBusClient, ServiceBusSender

from boilermaker.transport.servicebus.address import Address
from boilermaker.transport.servicebus.connect import (
    Sockets,
    client,
    confirm_attached,
    disconnect,
    max_message_size,
    stop_keep_alive,
)
from boilermaker.transport.servicebus.message import Encoded
from boilermaker.transport.servicebus.plain import PlainWriter
from boilermaker.transport.servicebus.refusals import translate

try:
    from boilermaker.transport.servicebus.pyamqp.send import Writer
except ImportError:  # another version of the SDK: private modules may change
    Writer = None  # type: ignore[assignment,misc]

_log = logging.getLogger("boilermaker.transport")

# "Maximum size of a batch: 1 MB" on Premium, even if one message may be larger; 256 KB on Standard, which the link announces (Service
# Bus quotas). A batch may have 4,500 messages, many more than are batched here.
_MAX_BATCH_BYTES = 1024 * 1024


class LinkWriter(Protocol):
    """Sends over one attached link of the SDK."""

    @property
    def is_alive(self) -> bool:
        """True while the link accepts messages."""
        ...

    def send(self, messages: Sequence[Encoded]) -> asyncio.Future[None]:
        """Send these as one batch, accepted or rejected together. The future raises the SDK's error if rejected."""
        ...

    async def close(self) -> None:
        """Wait for messages in flight, then disconnect."""
        ...


class Attachment:
    """An attached link: the SDK's client, the link's writer, and its limits.

    Attributes:
        max_batch_bytes: maximum bytes of a batch.
        max_message_size: maximum bytes of one message.
        is_given_up: set once its connection is found to be lost.
        takes_batches: unset once the queue has rejected a batch: messages are then sent one by one.
    """

    def __init__(
        self,
        service: ServiceBusClient,
        sockets: Sockets,
        writer: LinkWriter,
        *,
        max_batch_bytes: int,
        max_message_size: int,
    ) -> None:
        self.service = service
        self.sockets = sockets
        self.writer = writer
        self.max_batch_bytes = max_batch_bytes
        self.max_message_size = max_message_size
        self.is_given_up = False
        self.takes_batches = True

    @property
    def is_usable(self) -> bool:
        """Whether sending may succeed."""
        return self.writer.is_alive and not self.is_given_up

    async def close(self) -> None:
        """Disconnect; a lost connection cannot block this."""
        await disconnect(self.writer, self.service, self.sockets)


async def attach(address: Address, queue: str) -> Attachment:
    """Connect and attach a link; closes everything on failure. Raises QueueNotFoundError, SessionQueueError, BusError."""
    service = client(address, retries=0)
    sender = service.get_queue_sender(queue)
    sockets = Sockets(sender)
    try:
        await sender.__aenter__()
        await confirm_attached(sender)
        batch_bytes = (await sender.create_message_batch()).max_size_in_bytes
        most = max_message_size(sender) or batch_bytes
        return Attachment(
            service,
            sockets,
            _writer(sender),
            max_batch_bytes=min(batch_bytes, most, _MAX_BATCH_BYTES),
            max_message_size=most,
        )
    except BaseException as error:
        stop_keep_alive(sender)
        await sender.close()
        await service.close()
        await sockets.close()
        if not isinstance(error, Exception):
            raise
        raise translate(error, queue, "attach a sender to") from error


def _writer(sender: ServiceBusSender) -> LinkWriter:
    if Writer is not None:
        try:
            return Writer(sender)
        except AttributeError as error:
            _log.warning(
                "unknown version of azure-servicebus (%s): sending falls back to its public API and is slower",
                error,
            )
    return PlainWriter(sender)
