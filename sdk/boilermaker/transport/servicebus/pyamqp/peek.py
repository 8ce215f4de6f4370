"""Peeks without the SDK's decoder, which lacks some AMQP types and then fails for a whole page because of one message."""

import logging
from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

from azure.servicebus.aio import ServiceBusReceiver

from boilermaker.transport.servicebus import frames as amqp
from boilermaker.transport.servicebus import message as messages

_sdk_log = logging.getLogger("azure.servicebus")

_OPERATION = b"com.microsoft:peek-message"


class PeekedMessage:
    """A peeked `Message`, with the parts of it that can be parsed."""

    def __init__(self, encoded: bytes) -> None:
        self._encoded = encoded
        content = messages.readable(encoded)
        self.body, self.message_id = content.body, content.message_id
        self.subject, self.correlation_id = content.subject, content.correlation_id
        self.delivery_count = content.delivery_count
        self._application = content.application
        self.sequence_number = messages.number(content.annotations, "x-opt-sequence-number") or 0
        self.enqueued_time = messages.moment(content.annotations, "x-opt-enqueued-time")

    @property
    def properties(self) -> Mapping[str, object]:
        """Application properties; empty if they are malformed."""
        try:
            if self._application is not None:
                return messages.application_properties(self._encoded, self._application)
        except amqp.FrameError:
            pass
        return {}

    def __repr__(self) -> str:
        return (
            f"<{type(self).__name__} sequence_number={self.sequence_number} message_id={self.message_id!r}>"
        )


def can_peek(receiver: ServiceBusReceiver) -> bool:
    """Whether this version of the SDK has the names that are used here."""
    transport = getattr(receiver, "_amqp_transport", None)
    return hasattr(receiver, "_mgmt_request_response_with_retry") and all(
        hasattr(transport, name) for name in ("AMQP_LONG_VALUE", "handle_amqp_mgmt_error")
    )


async def peek(
    receiver: ServiceBusReceiver, max_messages: int, from_sequence_number: int
) -> Sequence[PeekedMessage]:
    """Peek messages from this sequence number on. Raises the SDK's errors."""
    opened: Any = receiver
    transport = opened._amqp_transport  # noqa: SLF001
    request = {
        "from-sequence-number": transport.AMQP_LONG_VALUE(from_sequence_number),
        "message-count": max_messages,
    }
    found: list[PeekedMessage] = await opened._mgmt_request_response_with_retry(  # noqa: SLF001
        _OPERATION, request, partial(_read, transport)
    )
    return found


def _read(transport: Any, status: int, answer: Any, description: Any, **_: Any) -> list[PeekedMessage]:
    if status == 200:
        return [PeekedMessage(bytes(each[b"message"])) for each in answer.value[b"messages"]]
    if status in {202, 204}:
        return []
    condition = answer.application_properties.get(b"errorCondition")
    transport.handle_amqp_mgmt_error(_sdk_log, "Message peek failed.", condition, description, status)
    return []
