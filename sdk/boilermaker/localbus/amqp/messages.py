"""Converts between AMQP 1.0 bytes and queue messages: splits batches, and adds the broker's annotations.

A message is kept in the sections that its sender encoded. Header, both kinds of annotations and application properties
are encoded again on delivery. Properties, body and footer are delivered unchanged, except that a missing message id is
added. Section and field names are those of the AMQP 1.0 standard, part 3.2; annotations those of "AMQP 1.0 in Azure
Service Bus".
"""

import uuid
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import cast

from proton import Data, Message

from boilermaker.localbus.messages import Incoming, InvalidMessage, StoredMessage
from boilermaker.transport import amqp_types as types

_HEADER, _DELIVERY_ANNOTATIONS, _ANNOTATIONS, _PROPERTIES, _APPLICATION, _DATA = range(0x70, 0x76)
_FOOTER = 0x78
_SHORT_DESCRIPTOR = b"\x00\x53"  # described, by a ulong of one octet: as all clients encode it
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
DEAD_LETTER_REASON = "DeadLetterReason"
DEAD_LETTER_DESCRIPTION = "DeadLetterErrorDescription"
# Annotations that only the broker sets; a sender that forwards a received message sends the old ones too.
_BROKERS_OWN = {
    b"x-opt-sequence-number",
    b"x-opt-enqueued-time",
    b"x-opt-locked-until",
    b"x-opt-message-state",
    b"x-opt-deadletter-source",
    b"x-opt-enqueue-sequence-number",
}
_LOCK_TOKEN = b"x-opt-lock-token"


@dataclass(frozen=True, slots=True, kw_only=True)
class Encoded:
    """A message in the sections its sender encoded.

    Attributes:
        header: encoded durable, priority and ttl, which the sender sets; delivery-count is the broker's.
        delivery_annotations: encoded keys and values in turn, without the lock token.
        annotations: encoded keys and values in turn, without the broker's own.
        properties: the section, descriptor included; may be empty.
        application: encoded keys and values in turn.
        body: the body's sections and the footer.
        session_id: group-id of the properties.
    """

    header: tuple[bytes, bytes, bytes]
    delivery_annotations: tuple[bytes, ...]
    annotations: tuple[bytes, ...]
    properties: bytes
    application: tuple[bytes, ...]
    body: bytes
    session_id: str | None


def incoming(encoded: bytes) -> Incoming:
    """Convert one encoded message for the queue.

    Raises:
        InvalidMessage: the bytes are not an AMQP message.
    """
    try:
        return _incoming(encoded)
    except types.MalformedError as error:
        raise InvalidMessage(f"the bytes are not an AMQP message: {error}") from None


def _incoming(encoded: bytes) -> Incoming:
    found, body = _sections(encoded)
    header = _fields(found.get(_HEADER), 5)
    properties = _fields(found.get(_PROPERTIES), 11)
    application = _entries(found.get(_APPLICATION))
    delivery = _entries(found.get(_DELIVERY_ANNOTATIONS))
    kept = [
        (k, v)
        for k, v in types.pairs(_entries(found.get(_ANNOTATIONS)))
        if types.contents(k) not in _BROKERS_OWN
    ]
    section = found.get(_PROPERTIES, b"")
    if properties[0] == types.NULL:  # the service assigns an id to a message without one
        properties[0] = types.string(uuid.uuid4().hex)
        section = _section(_PROPERTIES, types.list_of(properties + _entries(found.get(_PROPERTIES))[11:]))
    due = next((types.integer(v) for k, v in kept if types.contents(k) == _SCHEDULED), None)
    ttl = types.integer(header[2])
    return Incoming(
        content=Encoded(
            header=(header[0], header[1], header[2]),
            delivery_annotations=tuple(
                part
                for pair in types.pairs(delivery)
                if types.contents(pair[0]) != _LOCK_TOKEN
                for part in pair
            ),
            annotations=tuple(part for pair in kept for part in pair),
            properties=section,
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
    """Decode one message completely, as requests need it.

    Raises:
        InvalidMessage: the bytes are not an AMQP message.
    """
    message = Message()
    try:
        message.decode(encoded)
    except Exception as error:  # noqa: BLE001 - proton raises several kinds, none of which helps
        raise InvalidMessage(f"the bytes are not an AMQP message: {error}") from None
    return message


def outgoing(stored: StoredMessage) -> bytes:
    """Encode a stored message for a receiver, with the broker's annotations."""
    message = cast("Encoded", stored.content)
    durable, priority, ttl = message.header
    header = types.list_of([durable, priority, ttl, types.NULL, types.uint(stored.delivery_count)])
    delivery = [*message.delivery_annotations, *_lock_token(stored)]
    annotations = [*message.annotations, *_brokers_annotations(stored)]
    application = _merged(message.application, stored)
    return b"".join(
        (
            _section(_HEADER, header),
            _section(_DELIVERY_ANNOTATIONS, types.map_of(delivery)) if delivery else b"",
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
        # "For messages that have been autoforwarded, the number first assigned at the original point of submission";
        # 0 in all others, and nothing is forwarded here.
        types.symbol("x-opt-enqueue-sequence-number"),
        types.long(0),
    ]
    if stored.locked_until is not None:
        entries += [types.symbol("x-opt-locked-until"), types.timestamp(stored.locked_until)]
    return entries


def _lock_token(stored: StoredMessage) -> list[bytes]:
    """The lock token for clients that received the message by a request, whose transfer has no delivery tag."""
    if stored.lock_token is None:
        return []
    return [types.symbol(_LOCK_TOKEN.decode()), types.uuid(stored.lock_token)]


def _merged(sent: Sequence[bytes], stored: StoredMessage) -> list[bytes]:
    """The sender's application properties, with those that receivers and the broker replaced."""
    newer = {types.string(name): value for name, value in stored.modified.items()}
    for name, text in (
        (DEAD_LETTER_REASON, stored.dead_letter_reason),
        (DEAD_LETTER_DESCRIPTION, stored.dead_letter_description),
    ):
        if text is not None:
            newer[types.string(name)] = types.string(text)
    if not newer:
        return list(sent)
    names = {types.contents(key) for key in newer}
    kept = [part for pair in types.pairs(list(sent)) if types.contents(pair[0]) not in names for part in pair]
    return kept + [part for pair in newer.items() for part in pair]


def modified(properties: object, *, without: Collection[str] = ()) -> dict[str, bytes]:
    """The properties that a receiver modifies, encoded; empty unless it sent a map."""
    if not isinstance(properties, dict):
        return {}
    given = cast("dict[object, object]", properties)
    return {str(name): _encoded(value) for name, value in given.items() if str(name) not in without}


def _encoded(value: object) -> bytes:
    data = Data()
    data.put_object(value)
    encoded: bytes = data.encode()
    return encoded


def unbatch(data: bytes) -> list[bytes]:
    """The messages of a batch: each data section of its envelope holds one, encoded.

    Raises:
        InvalidMessage: the bytes are not such an envelope.
    """
    parts: list[bytes] = []
    try:
        _, body = _sections(data)
        at = 0
        while at < len(body):
            code, value_at, end = _described(body, at)
            if code == _DATA:
                parts.append(types.contents(body[value_at:end]))
            at = end
    except types.MalformedError as error:
        raise InvalidMessage(f"the bytes are not an AMQP message: {error}") from None
    if not parts:
        raise InvalidMessage("the batch has no messages")
    return parts


def _sections(data: bytes) -> tuple[dict[int, bytes], bytes]:
    """The sections around the body, by code and with their descriptors; and the body's sections with the footer.

    They are accepted in any order, as the service does: azure-servicebus writes delivery annotations after the body.
    """
    found: dict[int, bytes] = {}
    body: list[bytes] = []
    at = 0
    while at < len(data):
        code, _, end = _described(data, at)
        if code in _BODY:
            body.append(data[at:end])
        elif code in found:
            raise types.MalformedError("a section occurs twice")
        else:
            found[code] = data[at:end]
        at = end
    if not at:
        raise types.MalformedError("it is empty")
    return found, b"".join(body)


def _described(data: bytes, at: int) -> tuple[int, int, int]:
    """Code of the section at `at`, and the start and end of its value."""
    if data[at : at + 2] == _SHORT_DESCRIPTOR and at + 2 < len(data) and _HEADER <= data[at + 2] <= _FOOTER:
        return data[at + 2], at + 3, types.content_span(data, at + 3)[1]
    if data[at : at + 1] != b"\x00":
        raise types.MalformedError("a section without descriptor")
    value_at = types.content_span(data, at + 1)[1]
    descriptor = data[at + 1 : value_at]
    code = _NAMED.get(types.contents(descriptor)) if types.is_text(descriptor) else types.integer(descriptor)
    if code is None or not _HEADER <= code <= _FOOTER:
        raise types.MalformedError("a section that messages do not have")
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
