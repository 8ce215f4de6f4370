"""AMQP 1.0 messages as bytes (part 3.2): reads received messages and encodes messages to send. See `frames`."""

import struct
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

from boilermaker.transport import amqp_types as types
from boilermaker.transport.port import OutgoingMessage
from boilermaker.transport.servicebus.frames import FrameError, decode

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

BATCH_FORMAT = 0x80013700  # Service Bus: "a batch envelope's message-format"
BATCH_ENTRY_BYTES = 8  # overhead of each message in a batch: its section's descriptor and size
BATCH_HEAD_BYTES = 3 + 9 + 5 + 4 * 128  # overhead before the messages, with an id of maximum length

_HEADER, _ANNOTATIONS, _PROPERTIES, _APPLICATION, _DATA = 0x70, 0x72, 0x73, 0x74, 0x75
_UINT, _DOUBLE = struct.Struct(">I"), struct.Struct(">d")
# "Maximum size of any property is 32 KB. Cumulative size of all properties can't exceed 64 KB" (Service Bus quotas). The service
# rejects larger ones with an internal error, which looks like a transient error.
_MAX_PROPERTY_BYTES, _MAX_PROPERTIES_BYTES = 32 * 1024, 64 * 1024


# ---- received -----------------------------------------------------------------------------------------------


def sections(message: bytes) -> dict[int, int]:
    """Start of the value of each section of a message, by code; the first of several with the same code.

    Raises:
        FrameError: the bytes are not a message.
    """
    found: dict[int, int] = {}
    at, length = 0, len(message)
    try:
        while at < length:
            if message[at] or message[at + 1] != 0x53:
                raise FrameError("not a section of a message")
            found.setdefault(message[at + 2], at + 3)
            at += 3
            width = message[at] >> 4
            if width in {0xA, 0xC}:
                at += 2 + message[at + 1]
            elif width in {0xB, 0xD}:
                at += 5 + _UINT.unpack_from(message, at + 1)[0]
            else:
                at = types.content_span(message, at)[1]
    except (IndexError, struct.error, types.MalformedError):
        raise FrameError("a truncated section") from None
    if at > length:
        raise FrameError("a truncated section")
    return found


class Content(NamedTuple):
    """The parts read from each received message; `application` is the start of its application properties, if any."""

    body: bytes
    message_id: str | None
    subject: str | None
    correlation_id: str | None
    delivery_count: int
    annotations: dict[Any, Any]
    application: int | None


def content(message: bytes) -> Content:
    """Read a message.

    Raises:
        FrameError: the bytes are not a message.
    """
    found = sections(message)
    header = _section(message, found, _HEADER, [])
    properties = _section(message, found, _PROPERTIES, [])
    return Content(
        body=_body(message, found),
        message_id=_id(properties, 0),
        subject=_id(properties, 3),
        correlation_id=_id(properties, 5),
        delivery_count=(header[4] or 0) if len(header) > 4 else 0,
        annotations=_section(message, found, _ANNOTATIONS, {}),
        application=found.get(_APPLICATION),
    )


def readable(message: bytes) -> Content:
    """The readable parts of a message; its annotations, which the broker writes, even if the rest is malformed."""
    try:
        return content(message)
    except FrameError:
        nothing = Content(b"", None, None, None, 0, {}, None)
    try:
        return nothing._replace(annotations=_section(message, sections(message), _ANNOTATIONS, {}))
    except FrameError:
        return nothing


def number(annotations: Mapping[Any, Any], name: str) -> int | None:
    """An annotation as a number; None if it is not one."""
    value = annotations.get(name)
    return value if isinstance(value, int) else None


def moment(annotations: Mapping[Any, Any], name: str) -> datetime | None:
    """An annotation as a time, which AMQP encodes in milliseconds; None if it is not a time, or out of range."""
    count = number(annotations, name)
    try:
        return None if count is None else _EPOCH + timedelta(milliseconds=count)
    except OverflowError:
        return None


def application_properties(message: bytes, at: int) -> dict[str, object]:
    """The application properties that start at `at`, with bytes decoded to text.

    Raises:
        FrameError: they are malformed.
    """
    found, _ = decode(message, at)
    read: dict[Any, Any] = found
    if not isinstance(found, dict):
        return {}
    return {
        str(key): value.decode(errors="replace") if isinstance(value, bytes) else value
        for key, value in read.items()
    }


def _section(message: bytes, found: dict[int, int], code: int, otherwise: Any) -> Any:
    if code not in found:
        return otherwise
    value, _ = decode(message, found[code])
    if value is None:
        return otherwise
    if not isinstance(value, type(otherwise)):
        raise FrameError("a section of the wrong type")
    return value


def _body(message: bytes, found: dict[int, int]) -> bytes:
    """The data sections, joined; other kinds of body stay encoded, and our codecs reject them."""
    at = found.get(_DATA)
    if at is None:
        return message[min((found[code] for code in (0x76, 0x77) if code in found), default=len(message)) :]
    body, at = decode(message, at)
    while message[at : at + 3] == b"\x00\x53\x75":
        more, at = decode(message, at + 3)
        body += more
    return bytes(body)


def _id(properties: list[Any], index: int) -> str | None:
    value = properties[index] if len(properties) > index else None
    if value is None or isinstance(value, str):
        return value
    return value.decode(errors="replace") if isinstance(value, bytes) else str(value)


# ---- sent ---------------------------------------------------------------------------------------------------


class Encoded(NamedTuple):
    """A message and its encoded bytes."""

    message: OutgoingMessage
    data: bytes


def payload_of(messages: Sequence[Encoded]) -> tuple[bytes, int]:
    """The payload of one transfer and its message format: one message, or a batch of several.

    The envelope of a batch has the properties of the first message, as with the SDK.
    """
    if len(messages) == 1:
        return messages[0].data, 0
    head = b"\x00\x53\x73" + types.list_of([types.string(messages[0].message.message_id)])
    return b"".join((head, *(_data_section(each.data) for each in messages))), BATCH_FORMAT


def encode(message: OutgoingMessage) -> bytes:
    """Encode a message to send.

    Raises:
        TypeError, ValueError: AMQP cannot encode a property, or Service Bus does not accept it.
    """
    annotations = b""
    if message.scheduled_enqueue_time is not None:
        due = [types.symbol("x-opt-scheduled-enqueue-time"), types.timestamp(message.scheduled_enqueue_time)]
        annotations = b"\x00\x53\x72" + types.map_of(due)
    application = b""
    if message.properties:
        entries: list[bytes] = []
        for key, value in message.properties.items():
            entries += (types.string(key), _property(key, value))
        application = b"\x00\x53\x74" + types.map_of(entries)
        if len(application) > _MAX_PROPERTY_BYTES:
            _check_sizes(entries)
    properties = _properties(message)
    if len(properties) + len(application) > _MAX_PROPERTIES_BYTES:
        raise ValueError(f"its properties exceed the limit of {_MAX_PROPERTIES_BYTES:,} bytes in total")
    return b"".join((annotations, properties, application, _data_section(message.body)))


def _check_sizes(entries: Sequence[bytes]) -> None:
    for key, value in zip(entries[::2], entries[1::2], strict=True):
        if len(key) + len(value) > _MAX_PROPERTY_BYTES:
            raise ValueError(f"one of its properties exceeds the limit of {_MAX_PROPERTY_BYTES:,} bytes")


def _data_section(body: bytes) -> bytes:
    return b"\x00\x53\x75\xb0" + _UINT.pack(len(body)) + body


def _properties(message: OutgoingMessage) -> bytes:
    nothing = types.NULL
    listed = [
        types.string(message.message_id),
        nothing,
        nothing,
        types.string(message.subject) if message.subject else nothing,
        nothing,
        types.string(message.correlation_id) if message.correlation_id else nothing,
        types.symbol(message.content_type) if message.content_type else nothing,
    ]
    return b"\x00\x53\x73" + types.list_of(listed)


def _property(key: str, value: object) -> bytes:
    if isinstance(value, str):
        return types.string(value)
    if isinstance(value, bool):
        return b"\x41" if value else b"\x42"
    if isinstance(value, int):
        if not -(2**63) <= value < 2**63:
            raise ValueError(f"property {key!r} is an integer of more than 64 bits")
        return types.long(value)
    if isinstance(value, float):
        return b"\x82" + _DOUBLE.pack(value)
    raise TypeError(f"property {key!r} is of type {type(value).__name__}; use a str, a number or a bool")
