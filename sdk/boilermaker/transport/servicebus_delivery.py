"""A message received from Azure Service Bus, as the port words it."""

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import cast

from azure.servicebus import ServiceBusReceivedMessage
from azure.servicebus.amqp import AmqpMessageBodyType

from boilermaker.transport.servicebus_settle import LinkReader


class AzureMessage:
    """A `Message` that was looked at and not locked."""

    def __init__(self, message: ServiceBusReceivedMessage) -> None:
        self.message = message
        self._body: bytes | None = None

    @property
    def body(self) -> bytes:
        """The data sections, joined; a body of another AMQP type as text, which no codec of ours takes for its own."""
        if self._body is None:
            body = cast("object", self.message.body)  # the SDK hands data sections over once
            if self.message.body_type is AmqpMessageBodyType.DATA:
                body = b"".join(cast("Iterable[bytes]", body))
            self._body = body if isinstance(body, bytes) else str(body).encode()
        return self._body

    @property
    def message_id(self) -> str | None:
        return _optional_text(self.message.message_id)

    @property
    def sequence_number(self) -> int:
        return self.message.sequence_number or 0

    @property
    def delivery_count(self) -> int:
        return self.message.delivery_count or 0

    @property
    def enqueued_time(self) -> datetime | None:
        return self.message.enqueued_time_utc

    @property
    def subject(self) -> str | None:
        return _optional_text(self.message.subject)

    @property
    def correlation_id(self) -> str | None:
        return _optional_text(self.message.correlation_id)

    @property
    def properties(self) -> Mapping[str, object]:
        """The SDK hands keys and texts over as bytes."""
        received = cast("Mapping[object, object]", self.message.application_properties or {})
        return {
            _text(key): _text(value) if isinstance(value, bytes) else value for key, value in received.items()
        }

    def __repr__(self) -> str:
        return (
            f"<{type(self).__name__} sequence_number={self.sequence_number} message_id={self.message_id!r}>"
        )


class AzureDelivery(AzureMessage):
    """A `Delivery`. Remembers the reader of the link it came by, for only that link knows its delivery tag."""

    def __init__(self, message: ServiceBusReceivedMessage, reader: LinkReader) -> None:
        super().__init__(message)
        self.reader = reader

    @property
    def locked_until(self) -> datetime:
        until = self.message.locked_until_utc
        return datetime.max.replace(tzinfo=UTC) if until is None else until


def _optional_text(value: object) -> str | None:
    return None if value is None else _text(value)


def _text(value: object) -> str:
    return value.decode(errors="replace") if isinstance(value, bytes) else str(value)
