"""A message as received on a link, parsed without the SDK, which would build half a dozen objects per message."""

import contextlib
import uuid
from collections.abc import Mapping
from typing import Any

from azure.servicebus import ServiceBusReceivedMessage
from azure.servicebus._pyamqp.message import Message
from azure.servicebus.aio import ServiceBusReceiver

from boilermaker.transport.servicebus import frames as amqp
from boilermaker.transport.servicebus import message as messages
from boilermaker.transport.servicebus.delivery import FOREVER, AzureDelivery, LinkReader


class LinkDelivery(AzureDelivery):
    """A delivery read from a link: its bytes, with properties decoded on demand.

    A malformed message has an empty body, which all codecs reject, so it is dead-lettered.
    """

    def __init__(
        self,
        reader: LinkReader,
        receiver: ServiceBusReceiver,
        delivery_id: int,
        delivery_tag: bytes,
        encoded: bytes,
    ) -> None:
        super().__init__(reader)
        self._receiver = receiver
        self.delivery_id = delivery_id
        self.delivery_tag = delivery_tag
        self._encoded = encoded
        self._properties: Mapping[str, object] | None = None
        self._message: ServiceBusReceivedMessage | None = None
        content = messages.readable(encoded)
        self.body, self.message_id = content.body, content.message_id
        self.subject, self.correlation_id = content.subject, content.correlation_id
        self.delivery_count = content.delivery_count
        self._application = content.application
        self.sequence_number = messages.number(content.annotations, "x-opt-sequence-number") or 0
        self.enqueued_time = messages.moment(content.annotations, "x-opt-enqueued-time")
        self.locked_until = messages.moment(content.annotations, "x-opt-locked-until") or FOREVER

    @property
    def properties(self) -> Mapping[str, object]:
        """Application properties; empty if they are malformed."""
        if self._properties is None:
            self._properties = {}
            with contextlib.suppress(amqp.FrameError):
                if self._application is not None:
                    self._properties = messages.application_properties(self._encoded, self._application)
        return self._properties

    @property
    def message(self) -> ServiceBusReceivedMessage:
        """An SDK message with what the management link needs: the lock token, which is the delivery tag.

        It is marked as deferred, so the SDK settles it by its token instead of a link.
        """
        if self._message is None:
            kind: Any = ServiceBusReceivedMessage
            token = uuid.UUID(bytes_le=self.delivery_tag)
            made: ServiceBusReceivedMessage = kind(
                Message(), receiver=self._receiver, lock_token=token, is_deferred_message=True
            )
            self._message = made
        return self._message

    @property
    def by_token(self) -> ServiceBusReceivedMessage:
        """The same message: it is settled by its token."""
        return self.message
