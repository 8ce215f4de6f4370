"""AMQP 1.0 as bytes: values, frames and messages of the kinds that go by for each message. Neither sockets nor the SDK.

The SDK's codec builds an object for each field: 150 us to encode one of our messages and 50 us to decode it, where a
handler's whole road through the worker takes 45. What is rare (open, attach, flow, requests) stays with the SDK. Names are
those of the AMQP 1.0 standard, parts 1.6, 2.7 and 3.
"""

import struct
import uuid
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple, cast

from boilermaker.localbus import amqp_types as types
from boilermaker.transport.port import OutgoingMessage

FLOW, TRANSFER, DISPOSITION = 0x13, 0x14, 0x15
ACCEPTED, REJECTED, RELEASED, MODIFIED = 0x24, 0x25, 0x26, 0x27
BATCH_FORMAT = 0x80013700  # Service Bus: "a batch envelope's message-format"
BATCH_ENTRY_BYTES = 8  # what each message of a batch takes beside itself: its section's descriptor and size
BATCH_HEAD_BYTES = 3 + 9 + 5 + 4 * 128  # what stands before them, with the longest id that there is

_HEADER, _ANNOTATIONS, _PROPERTIES, _APPLICATION, _DATA = 0x70, 0x72, 0x73, 0x74, 0x75
_HEAD = struct.Struct(">IBBH")
_UINT, _DOUBLE = struct.Struct(">I"), struct.Struct(">d")
# "0x4 - fixed width zero ... 0x9 - sixteen octets": the upper half of a constructor gives the width of what follows.
_FIXED = {0x4: 0, 0x5: 1, 0x6: 2, 0x7: 4, 0x8: 8, 0x9: 16}
_NUMBERS = {
    code: struct.Struct(f">{form}")
    for form, codes in {
        "B": (0x50, 0x52, 0x53), "b": (0x51, 0x54, 0x55), "H": (0x60,), "h": (0x61,), "I": (0x70,), "i": (0x71,),
        "Q": (0x80,), "q": (0x81, 0x83), "f": (0x72,), "d": (0x82,), "?": (0x56,),
    }.items()
    for code in codes
}  # fmt: skip
_NOTHING = {0x40: None, 0x41: True, 0x42: False, 0x43: 0, 0x44: 0}
_MAX_DEPTH = 32


class FrameError(Exception):
    """The peer sent bytes that are no AMQP frame, value or message."""


class Described(NamedTuple):
    """A described value, such as an outcome: the descriptor's code and what it describes."""

    code: Any
    value: Any


class Frame(NamedTuple):
    """One frame: `body` to `end` is the performative with its payload; `code` is 0 where there is none."""

    channel: int
    code: int
    body: int
    end: int


# ---- reading ------------------------------------------------------------------------------------------------


def frames(data: bytes) -> Iterator[Frame]:
    """The whole frames at the beginning of `data`; the last one's `end` is where the rest begins.

    Raises:
        FrameError: a size or an offset that no frame has.
    """
    at, length = 0, len(data)
    while at + 8 <= length:
        size, offset, _, channel = cast("tuple[int, int, int, int]", _HEAD.unpack_from(data, at))
        body, end = at + offset * 4, at + size
        if size < 8 or body > end or offset < 2:
            raise FrameError("a frame with an impossible size")
        if end > length:
            return
        has_code = end - body > 3 and data[body : body + 2] == b"\x00\x53"
        yield Frame(channel, data[body + 2] if has_code else 0, body, end)
        at = end


def fields(data: bytes, frame: Frame, count: int) -> tuple[list[Any], int]:
    """The first `count` fields of a frame's performative, and where its payload begins.

    Raises:
        FrameError: there is no list of fields.
    """
    found, payload = decode(data, frame.body + 3)
    listed: list[Any] = found
    if not isinstance(found, list) or payload > frame.end:
        raise FrameError("a performative without fields")
    return (listed + [None] * count)[:count], payload


def decode(data: bytes, at: int, depth: int = 0) -> tuple[Any, int]:
    """The value at `at`, and where the next one begins. Symbols are texts; types that no field of ours has stay encoded.

    Raises:
        FrameError: it is cut short or nested too deep.
    """
    try:
        return _decode(data, at, depth)
    except (IndexError, struct.error):
        raise FrameError("a value that is cut short") from None


def _decode(data: bytes, at: int, depth: int) -> tuple[Any, int]:
    code = data[at]
    if code in _NOTHING:
        return _NOTHING[code], at + 1
    if (number := _NUMBERS.get(code)) is not None:
        return number.unpack_from(data, at + 1)[0], at + 1 + number.size
    width = code >> 4
    if width in {0xA, 0xC, 0xE}:
        start, end = at + 2, at + 2 + data[at + 1]
    elif width in {0xB, 0xD, 0xF}:
        start, end = at + 5, at + 5 + _UINT.unpack_from(data, at + 1)[0]
    else:
        return _decode_rare(data, at, depth)
    if end > len(data):
        raise FrameError("a value that is cut short")
    match code:
        case 0xA1 | 0xA3 | 0xB1 | 0xB3:
            return str(data[start:end], "utf-8", "replace"), end
        case 0xA0 | 0xB0:
            return data[start:end], end
        case 0xC0 | 0xC1:
            return _items(data, start + 1, end, depth, is_map=code == 0xC1), end
        case 0xD0 | 0xD1:
            return _items(data, start + 4, end, depth, is_map=code == 0xD1), end
        case _:
            return data[at:end], end


def _decode_rare(data: bytes, at: int, depth: int) -> tuple[Any, int]:
    code = data[at]
    if code == 0x45:
        return [], at + 1
    if code == 0:
        described, at = _decode(data, at + 1, _deeper(depth))
        value, at = _decode(data, at, _deeper(depth))
        return Described(described, value), at
    if code >> 4 not in _FIXED:
        raise FrameError(f"0x{code:02x} is no constructor of an AMQP type")
    end = at + 1 + _FIXED[code >> 4]
    raw = data[at + 1 : end]
    if len(raw) < end - at - 1:
        raise FrameError("a value that is cut short")
    return (uuid.UUID(bytes=raw) if code == 0x98 else raw), end


def _items(data: bytes, at: int, end: int, depth: int, *, is_map: bool) -> Any:
    depth = _deeper(depth)
    found: list[Any] = []
    while at < end:
        if data[at] == 0x40:  # most fields are left out
            found.append(None)
            at += 1
            continue
        value, at = _decode(data, at, depth)
        found.append(value)
    if not is_map:
        return found
    return {key: value for key, value in zip(found[::2], found[1::2], strict=False) if _is_key(key)}


def _is_key(key: object) -> bool:
    return isinstance(key, str | int | bytes)


def _deeper(depth: int) -> int:
    if depth >= _MAX_DEPTH:
        raise FrameError("values nested too deep")
    return depth + 1


def sections(message: bytes) -> dict[int, int]:
    """Where the values of a message's sections begin, by code; of several with one code, the first.

    Raises:
        FrameError: it is no message.
    """
    found: dict[int, int] = {}
    at, length = 0, len(message)
    try:
        while at < length:
            if message[at] or message[at + 1] != 0x53:
                raise FrameError("no section of a message")
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
        raise FrameError("a section that is cut short") from None
    if at > length:
        raise FrameError("a section that is cut short")
    return found


class Content(NamedTuple):
    """What is read of each message that is received; `application` is where its properties begin, if it has any."""

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
        FrameError: it is none.
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


def application_properties(message: bytes, at: int) -> dict[str, object]:
    """The application properties that begin there, with texts in place of bytes.

    Raises:
        FrameError: they cannot be read.
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
    """The data sections, joined; another kind of body as it is encoded, which no codec of ours takes for its own."""
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


# ---- writing ------------------------------------------------------------------------------------------------


def state(code: int, items: Sequence[bytes] = ()) -> bytes:
    """An outcome, with its encoded fields."""
    return bytes((0x00, 0x53, code)) + (types.list_of(list(items)) if items else b"\x45")


def rejection(condition: str, description: str, info: dict[str, str]) -> bytes:
    """The outcome `rejected` with an error."""
    entries = [part for key, value in info.items() for part in (types.symbol(key), types.string(value))]
    error = [types.symbol(condition), types.string(description), types.map_of(entries)]
    return state(REJECTED, [b"\x00\x53\x1d" + types.list_of(error)])


def disposition(channel: int, first: int, last: int, outcome: bytes, *, is_settled: bool) -> bytes:
    """A receiver's disposition for the deliveries from `first` to `last`."""
    listed = b"\x41\x70%b\x70%b%b%b" % (
        _UINT.pack(first),
        _UINT.pack(last),
        b"\x41" if is_settled else b"\x42",
        outcome,
    )
    return _frame(channel, b"\x00\x53\x15\xd0" + _UINT.pack(len(listed) + 4) + b"\x00\x00\x00\x05" + listed)


def transfers(
    channel: int, handle: int, delivery_id: int, payload: bytes, max_frame_size: int, message_format: int
) -> list[bytes]:
    """A delivery in as many frames as it takes."""
    room = max_frame_size - 64  # more than what stands before the payload takes
    starts = range(0, len(payload), room) if payload else range(1)
    return [
        _frame(
            channel,
            b"\x00\x53\x14\xc0\x18\x06\x70%b\x70%b\xa0\x04%b\x70%b\x42%b%b"
            % (
                _UINT.pack(handle),
                _UINT.pack(delivery_id),
                _UINT.pack(delivery_id),
                _UINT.pack(message_format),
                b"\x41" if start + room < len(payload) else b"\x42",
                payload[start : start + room],
            ),
        )
        for start in starts
    ]


def _frame(channel: int, body: bytes) -> bytes:
    return _HEAD.pack(len(body) + 8, 2, 0, channel) + body


class Encoded(NamedTuple):
    """A message, and its bytes."""

    message: OutgoingMessage
    data: bytes


def payload(messages: Sequence[Encoded]) -> tuple[bytes, int]:
    """What one transfer carries, and its message format: a message, or a batch of several.

    The envelope of a batch has the properties of the first message, as the SDK's has.
    """
    if len(messages) == 1:
        return messages[0].data, 0
    head = b"\x00\x53\x73" + types.list_of([types.string(messages[0].message.message_id)])
    return b"".join((head, *(_data_section(each.data) for each in messages))), BATCH_FORMAT


def encode(message: OutgoingMessage) -> bytes:
    """A message as it is sent.

    Raises:
        TypeError, ValueError: a property that AMQP cannot carry.
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
    return b"".join((annotations, _properties(message), application, _data_section(message.body)))


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
    raise TypeError(
        f"property {key!r} is a {type(value).__name__}: a text, a number or a bool is what AMQP carries"
    )
