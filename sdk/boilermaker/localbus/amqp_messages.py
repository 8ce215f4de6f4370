"""Messages between AMQP 1.0 bytes and the queue: batches apart, annotations on."""

import struct
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any, cast

from proton import Message, symbol, timestamp

from boilermaker.localbus.messages import Incoming, InvalidMessage, StoredMessage

_DATA = 0x75
_DESCRIBED = b"\x00\x53"
BATCH_FORMAT = 0x80013700
"""AMQP message format of Service Bus batches: each data section holds an encoded message."""


def incoming(encoded: bytes) -> Incoming:
    """One encoded message as the queue takes it.

    Raises:
        InvalidMessage: the bytes are no AMQP message.
    """
    message = decode(encoded)
    annotations: dict[Any, Any] = dict(message.annotations or {})
    due = annotations.get(symbol("x-opt-scheduled-enqueue-time"))
    return Incoming(
        content=encoded,
        size=len(encoded),
        message_id=None if message.id is None else str(message.id),
        time_to_live=timedelta(seconds=message.ttl) if message.ttl else None,
        scheduled_enqueue_time=None if due is None else datetime.fromtimestamp(due / 1000, UTC),
    )


def decode(encoded: bytes) -> Any:
    """Decode one message.

    Raises:
        InvalidMessage: the bytes are no AMQP message.
    """
    message = Message()
    try:
        message.decode(encoded)
    except Exception as error:  # noqa: BLE001 - proton raises several kinds, none of which helps
        raise InvalidMessage(f"not an AMQP message: {error}") from None
    return message


def outgoing(stored: StoredMessage) -> bytes:
    """A stored message as a receiver gets it: with what the broker says about it."""
    message = decode(cast("bytes", stored.content))
    annotations: dict[Any, Any] = dict(message.annotations or {})
    annotations[symbol("x-opt-sequence-number")] = stored.sequence_number
    annotations[symbol("x-opt-enqueued-time")] = _timestamp(stored.enqueued_time)
    annotations[symbol("x-opt-message-state")] = stored.state.value
    if stored.locked_until is not None:
        annotations[symbol("x-opt-locked-until")] = _timestamp(stored.locked_until)
    if stored.dead_letter_source is not None:
        annotations[symbol("x-opt-deadletter-source")] = stored.dead_letter_source
    message.annotations = annotations
    properties: dict[str, object] = dict(message.properties or {})
    if stored.dead_letter_reason is not None:
        properties["DeadLetterReason"] = stored.dead_letter_reason
    if stored.dead_letter_description is not None:
        properties["DeadLetterErrorDescription"] = stored.dead_letter_description
    if properties:
        message.properties = properties
    message.delivery_count = stored.delivery_count
    return bytes(message.encode())


def _timestamp(when: datetime) -> Any:
    return timestamp(int(when.timestamp() * 1000))


def unbatch(data: bytes) -> list[bytes]:
    """The messages of a transfer: one, or those of a batch.

    Raises:
        InvalidMessage: the sections are cut short or malformed.
    """
    try:
        parts = [value for code, value in _sections(data) if code == _DATA]
    except (IndexError, struct.error):
        raise InvalidMessage("the message's sections are cut short") from None
    is_batch = bool(parts) and all(part[:2] == _DESCRIBED and _is_message(part) for part in parts)
    return parts if is_batch else [data]


def _is_message(part: bytes) -> bool:
    try:
        codes = [code for code, _ in _sections(part)]
    except (IndexError, struct.error, InvalidMessage):
        return False
    return bool(codes) and all(0x70 <= code <= 0x78 for code in codes)


def _sections(data: bytes) -> Iterator[tuple[int, bytes]]:
    """(descriptor code, contents of a binary) of each section; AMQP 1.0, 1.6 "Primitive type definitions"."""
    at = 0
    while at < len(data):
        if data[at : at + 2] != _DESCRIBED:
            raise InvalidMessage("a section without descriptor")
        code, constructor = data[at + 2], data[at + 3]
        start, end = _value(data, at + 4, constructor)
        if end > len(data):
            raise InvalidMessage("the message's sections are cut short")
        yield code, data[start:end]
        at = end


def _value(data: bytes, at: int, constructor: int) -> tuple[int, int]:
    width = constructor >> 4
    if width in (0xA, 0xC, 0xE):
        return at + 1, at + 1 + data[at]
    if width in (0xB, 0xD, 0xF):
        return at + 4, at + 4 + struct.unpack_from(">I", data, at)[0]
    sizes = {0x4: 0, 0x5: 1, 0x6: 2, 0x7: 4, 0x8: 8, 0x9: 16}
    if width not in sizes:
        raise InvalidMessage("an unknown type in a section")
    return at, at + sizes[width]
