"""A message received from Azure Service Bus, as the port words it, and what a receiver needs of whoever reads its link."""

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
        """True while the link can bring messages."""
        ...

    async def take(self, max_messages: int, wait_seconds: float) -> "Sequence[AzureDelivery]":
        """Up to `max_messages` as soon as there is one; raises what the SDK raises."""
        ...

    async def settle(self, delivery: "AzureDelivery", disposition: Disposition, *, confirmed: bool) -> None:
        """Settle a message of this link; raises Unconfirmed, or what the SDK raises."""
        ...

    async def set_prefetch(self, count: int) -> None:
        """Hold so many messages ahead of being asked for; 0 gives back what is held."""
        ...

    async def stop(self) -> None:
        """Bring no more messages, and give back what is buffered."""
        ...

    async def close(self) -> None:
        """Give back what is buffered, and disconnect."""
        ...


class AzureMessage:
    """A `Message` as the SDK hands it over."""

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


class AzureDelivery(ABC):
    """A `Delivery`. Remembers the reader of the link it came by, for only that link knows its delivery tag."""

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
        """The SDK's, for what goes through its public methods."""

    @property
    @abstractmethod
    def by_token(self) -> ServiceBusReceivedMessage | None:
        """The SDK's, to be settled by its lock token and by no link; None where this version of it cannot."""

    def __repr__(self) -> str:
        return (
            f"<{type(self).__name__} sequence_number={self.sequence_number} message_id={self.message_id!r}>"
        )


class PlainDelivery(AzureDelivery):
    """One that the SDK handed over."""

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
        """What it handed over."""
        return self._seen.message

    @property
    def by_token(self) -> ServiceBusReceivedMessage | None:
        """The SDK settles by their tokens what it takes for deferred."""
        message: Any = self._seen.message
        if not hasattr(message, "_is_deferred_message"):
            return None
        message._is_deferred_message = True  # noqa: SLF001
        return self._seen.message


def _optional_text(value: object) -> str | None:
    return None if value is None else _text(value)


def _text(value: object) -> str:
    return value.decode(errors="replace") if isinstance(value, bytes) else str(value)
