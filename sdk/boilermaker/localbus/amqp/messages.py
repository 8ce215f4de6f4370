"""Messages between AMQP 1.0 bytes and the queue: a batch taken apart, the broker's annotations put on.

A message is kept in the sections that its sender encoded. Only header, message annotations and application properties
are written anew when it is delivered; properties, body and footer leave as they came. Section and field names are
those of the AMQP 1.0 standard, part 3.2; annotations those of "AMQP 1.0 in Azure Service Bus".
"""

import uuid
from dataclasses import dataclass
from datetime import timedelta
from typing import cast

from proton import Message

from boilermaker.localbus.messages import Incoming, InvalidMessage, StoredMessage
from boilermaker.transport import amqp_types as types

_HEADER, _DELIVERY_ANNOTATIONS, _ANNOTATIONS, _PROPERTIES, _APPLICATION, _DATA = range(0x70, 0x76)
_FOOTER = 0x78
_SHORT_DESCRIPTOR = b"\x00\x53"  # described, by a ulong of one octet: as everybody writes it
_BODY = {0x75, 0x76, 0x77, _FOOTER}
_NAMED = {
    b"amqp:header:list": _HEADER,
    b"amqp:delivery-annotations:map": _DELIVERY_ANNOTATIONS,
    b"amqp:message-annotations:map": _ANNOTATIONS,
    b"amqp:properties:list": _PROPERTIES,
    b"amqp:application-properties:map": _APPLICATION,
    b"amqp:data:binary": _DATA,
    b"amqp:amqp-sequence:list": 0x76,
    b"amqp:amqp-value:*": 0x77,
    b"amqp:footer:map": _FOOTER,
}
_SCHEDULED = b"x-opt-scheduled-enqueue-time"
_DEAD_LETTER_REASON = b"DeadLetterReason"
_DEAD_LETTER_DESCRIPTION = b"DeadLetterErrorDescription"
# What only the broker may say; a sender that forwards a received message sends the old ones along.
_BROKERS_OWN = {
    b"x-opt-sequence-number",
    b"x-opt-enqueued-time",
    b"x-opt-locked-until",
    b"x-opt-message-state",
    b"x-opt-deadletter-source",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Encoded:
    """A message in the sections its sender encoded.

    Attributes:
        header: encoded durable, priority and ttl, which the sender sets; delivery-count is the broker's.
        annotations: encoded keys and values in turn, without the broker's own.
        properties: the section, descriptor included; may be empty.
        application: encoded keys and values in turn.
        body: the body's sections and the footer.
        session_id: group-id of the properties.
    """

    header: tuple[bytes, bytes, bytes]
    annotations: tuple[bytes, ...]
    properties: bytes
    application: tuple[bytes, ...]
    body: bytes
    session_id: str | None


def incoming(encoded: bytes) -> Incoming:
    """One encoded message as the queue takes it.

    Raises:
        InvalidMessage: the bytes are no AMQP message.
    """
    try:
        return _incoming(encoded)
    except types.MalformedError as error:
        raise InvalidMessage(f"this is no AMQP message: {error}") from None


def _incoming(encoded: bytes) -> Incoming:
    found, body = _sections(encoded)
    header = _fields(found.get(_HEADER), 5)
    properties = _fields(found.get(_PROPERTIES), 11)
    annotations = _entries(found.get(_ANNOTATIONS))
    application = _entries(found.get(_APPLICATION))
    kept = [(k, v) for k, v in types.pairs(annotations) if types.contents(k) not in _BROKERS_OWN]
    due = next((types.integer(v) for k, v in kept if types.contents(k) == _SCHEDULED), None)
    ttl = types.integer(header[2])
    return Incoming(
        content=Encoded(
            header=(header[0], header[1], header[2]),
            annotations=tuple(part for pair in kept for part in pair),
            properties=found.get(_PROPERTIES, b""),
            application=tuple(application),
            body=body,
            session_id=_text(properties[10]),
        ),
        size=len(encoded),
        properties_size=len(encoded) - len(body),
        largest_property=max((len(k) + len(v) for k, v in types.pairs(application)), default=0),
        message_id=_text(properties[0]),
        time_to_live=None if ttl is None else timedelta(milliseconds=ttl),
        scheduled_enqueue_time=None if due is None else types.moment(due),
    )


def decode(encoded: bytes) -> Message:
    """Decode one message wholly, as a request needs it.

    Raises:
        InvalidMessage: the bytes are no AMQP message.
    """
    message = Message()
    try:
        message.decode(encoded)
    except Exception as error:  # noqa: BLE001 - proton raises several kinds, none of which helps
        raise InvalidMessage(f"this is no AMQP message: {error}") from None
    return message


def outgoing(stored: StoredMessage) -> bytes:
    """A stored message as a receiver gets it: with what the broker says about it."""
    message = cast("Encoded", stored.content)
    durable, priority, ttl = message.header
    header = types.list_of([durable, priority, ttl, types.NULL, types.uint(stored.delivery_count)])
    annotations = [*message.annotations, *_brokers_annotations(stored)]
    application = [*message.application, *_dead_letter_properties(stored)]
    return b"".join(
        (
            _section(_HEADER, header),
            _section(_ANNOTATIONS, types.map_of(annotations)),
            message.properties,
            _section(_APPLICATION, types.map_of(application)) if application else b"",
            message.body,
        )
    )


def _brokers_annotations(stored: StoredMessage) -> list[bytes]:
    entries = [
        types.symbol("x-opt-sequence-number"),
        types.long(stored.sequence_number),
        types.symbol("x-opt-enqueued-time"),
        types.timestamp(stored.enqueued_time),
        types.symbol("x-opt-message-state"),
        types.int32(stored.state.value),
    ]
    if stored.locked_until is not None:
        entries += [types.symbol("x-opt-locked-until"), types.timestamp(stored.locked_until)]
    if stored.dead_letter_source is not None:
        entries += [types.symbol("x-opt-deadletter-source"), types.string(stored.dead_letter_source)]
    return entries


def _dead_letter_properties(stored: StoredMessage) -> list[bytes]:
    entries: list[bytes] = []
    if stored.dead_letter_reason is not None:
        entries += [types.string(_DEAD_LETTER_REASON.decode()), types.string(stored.dead_letter_reason)]
    if stored.dead_letter_description is not None:
        entries += [
            types.string(_DEAD_LETTER_DESCRIPTION.decode()),
            types.string(stored.dead_letter_description),
        ]
    return entries


def unbatch(data: bytes) -> list[bytes]:
    """The messages of a transfer: one, or those of a batch, whose data sections each hold an encoded message.

    Proton does not tell a transfer's message format (0x80013700 for a batch), so a batch is known by its shape: a body
    of data sections that each are whole messages, and neither header nor application properties, which its envelope
    never has.

    Raises:
        InvalidMessage: the bytes are no AMQP message.
    """
    try:
        found, body = _sections(data)
        parts = _data_sections(body)
    except types.MalformedError as error:
        raise InvalidMessage(f"this is no AMQP message: {error}") from None
    is_envelope = _HEADER not in found and _APPLICATION not in found
    return parts if is_envelope and parts and all(_is_message(part) for part in parts) else [data]


def _data_sections(body: bytes) -> list[bytes]:
    parts: list[bytes] = []
    at = 0
    while at < len(body):
        code, value_at, end = _described(body, at)
        if code != _DATA:
            return []
        parts.append(types.contents(body[value_at:end]))
        at = end
    return parts


def _is_message(part: bytes) -> bool:
    if part[:1] != b"\x00":
        return False
    try:
        _sections(part)
    except types.MalformedError:
        return False
    return True


def _sections(data: bytes) -> tuple[dict[int, bytes], bytes]:
    """The sections before the body, by code and with their descriptors; and the body's sections with the footer."""
    found: dict[int, bytes] = {}
    at = 0
    while at < len(data):
        code, _, end = _described(data, at)
        if code in _BODY:
            _check_body(data, at)
            return found, data[at:]
        if code in found or (found and code < max(found)):
            raise types.MalformedError("its sections are out of order")
        found[code] = data[at:end]
        at = end
    if not found:
        raise types.MalformedError("it is empty")
    return found, b""


def _check_body(data: bytes, at: int) -> None:
    while at < len(data):
        code, _, at = _described(data, at)
        if code not in _BODY:
            raise types.MalformedError("a section follows the body")


def _described(data: bytes, at: int) -> tuple[int, int, int]:
    """Code of the section at `at`, where its value begins, and where it ends."""
    if data[at : at + 2] == _SHORT_DESCRIPTOR and at + 2 < len(data) and _HEADER <= data[at + 2] <= _FOOTER:
        return data[at + 2], at + 3, types.content_span(data, at + 3)[1]
    if data[at : at + 1] != b"\x00":
        raise types.MalformedError("a section without descriptor")
    value_at = types.content_span(data, at + 1)[1]
    descriptor = data[at + 1 : value_at]
    code = _NAMED.get(types.contents(descriptor)) if types.is_text(descriptor) else types.integer(descriptor)
    if code is None or not _HEADER <= code <= _FOOTER:
        raise types.MalformedError("a section of no message")
    return code, value_at, types.content_span(data, value_at)[1]


def _section(code: int, value: bytes) -> bytes:
    return bytes((0x00, 0x53, code)) + value


def _fields(section: bytes | None, count: int) -> list[bytes]:
    """The first fields of a section that is a list; "trailing null values may be left out"."""
    fields = _entries(section)
    return (fields + [types.NULL] * count)[:count]


def _entries(section: bytes | None) -> list[bytes]:
    return [] if section is None else types.items(section, _described(section, 0)[1])


def _text(encoded: bytes) -> str | None:
    """A message id or session id as text; AMQP lets an id be a string, ulong, uuid or binary."""
    if encoded == types.NULL:
        return None
    if types.is_text(encoded):
        return types.contents(encoded).decode("utf-8", "replace")
    if (number := types.integer(encoded)) is not None:
        return str(number)
    raw = types.contents(encoded)
    return str(uuid.UUID(bytes=raw)) if len(raw) == 16 and not types.is_binary(encoded) else raw.hex()


def has_session(message: Incoming) -> bool:
    """Whether a message names a session."""
    return cast("Encoded", message.content).session_id is not None
