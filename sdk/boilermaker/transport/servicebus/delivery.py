"""Messages received from Azure Service Bus, and the interface of a link's reader."""

from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Protocol, cast

from azure.servicebus import ServiceBusReceivedMessage
from azure.servicebus.amqp import AmqpMessageBodyType

from boilermaker.transport.servicebus.settle import Disposition

FOREVER = datetime.max.replace(tzinfo=UTC)


class LinkReader(Protocol):
    """Reads one attached link of the SDK."""

    @property
    def is_alive(self) -> bool:
        """True while the link can receive messages."""
        ...

    async def take(self, max_messages: int, wait_seconds: float) -> "Sequence[AzureDelivery]":
        """Receive up to `max_messages` as soon as there is one; raises the SDK's errors."""
        ...

    async def settle(self, delivery: "AzureDelivery", disposition: Disposition, *, confirmed: bool) -> None:
        """Settle a message of this link; raises Unconfirmed, or the SDK's errors."""
        ...

    async def set_prefetch(self, count: int) -> None:
        """Set how many messages are prefetched; 0 releases prefetched messages."""
        ...

    async def stop(self) -> None:
        """Stop receiving, and release buffered messages."""
        ...

    async def close(self) -> None:
        """Release buffered messages, and disconnect."""
        ...


class AzureMessage:
    """A `Message` that wraps the SDK's."""

    def __init__(self, message: ServiceBusReceivedMessage) -> None:
        self.message = message
        self._body: bytes | None = None

    @property
    def body(self) -> bytes:
        """The data sections, joined; other kinds of body as text, which our codecs reject."""
        if self._body is None:
            body = cast("object", self.message.body)  # the SDK yields data sections only once
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
        """Application properties. The SDK returns keys and texts as bytes; both are decoded."""
        received = cast("Mapping[object, object]", self.message.application_properties or {})
        return {
            _text(key): _text(value) if isinstance(value, bytes) else value for key, value in received.items()
        }

    def __repr__(self) -> str:
        return (
            f"<{type(self).__name__} sequence_number={self.sequence_number} message_id={self.message_id!r}>"
        )


class AzureDelivery(ABC):
    """A `Delivery`. It refers to the reader of its link, because only that link knows its delivery tag."""

    def __init__(self, reader: LinkReader) -> None:
        self.reader = reader
        self.body = b""
        self.message_id: str | None = None
        self.subject: str | None = None
        self.correlation_id: str | None = None
        self.delivery_count = 0
        self.sequence_number = 0
        self.enqueued_time: datetime | None = None
        self.locked_until = FOREVER

    @property
    @abstractmethod
    def properties(self) -> Mapping[str, object]:
        """Application properties with text keys, and text in place of bytes values."""

    @property
    @abstractmethod
    def message(self) -> ServiceBusReceivedMessage:
        """The SDK's message, for its public methods."""

    @property
    @abstractmethod
    def by_token(self) -> ServiceBusReceivedMessage | None:
        """The SDK's message, settled by its lock token instead of a link; None if this SDK version cannot."""

    def __repr__(self) -> str:
        return (
            f"<{type(self).__name__} sequence_number={self.sequence_number} message_id={self.message_id!r}>"
        )


class PlainDelivery(AzureDelivery):
    """A delivery that wraps the SDK's message."""

    def __init__(self, message: ServiceBusReceivedMessage, reader: LinkReader) -> None:
        super().__init__(reader)
        self._seen = seen = AzureMessage(message)
        self.body, self.message_id = seen.body, seen.message_id
        self.subject, self.correlation_id = seen.subject, seen.correlation_id
        self.delivery_count, self.sequence_number = seen.delivery_count, seen.sequence_number
        self.enqueued_time = seen.enqueued_time
        self.locked_until = message.locked_until_utc or FOREVER

    @property
    def properties(self) -> Mapping[str, object]:
        """Application properties."""
        return self._seen.properties

    @property
    def message(self) -> ServiceBusReceivedMessage:
        """The SDK's message."""
        return self._seen.message

    @property
    def by_token(self) -> ServiceBusReceivedMessage | None:
        """The SDK's message, marked as deferred: the SDK settles deferred messages by lock token."""
        message: Any = self._seen.message
        if not hasattr(message, "_is_deferred_message"):
            return None
        message._is_deferred_message = True  # noqa: SLF001
        return self._seen.message


def _optional_text(value: object) -> str | None:
    return None if value is None else _text(value)


def _text(value: object) -> str:
    return value.decode(errors="replace") if isinstance(value, bytes) else str(value)
