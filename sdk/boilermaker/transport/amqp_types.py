"""AMQP 1.0 values as bytes: walks encoded values without decoding them, and encodes the few types that are added to messages.

Values that a sender encoded pass through unchanged: decoding and encoding them again would change types (an int's width, a
symbol instead of a string) that receivers may inspect. Quotations are from the AMQP 1.0 standard, part 1.6.
"""

import struct
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from uuid import UUID

NULL = b"\x40"
_MAX_DEPTH = 32  # of described types within descriptors; a hostile client could nest without end
_DESCRIBED, _ONE_OCTET_SIZE, _FOUR_OCTET_SIZE, _UNKNOWN = -1, -2, -3, -4


def _width(code: int) -> int:
    """Octets of contents that follow a constructor: "0x4 - fixed width zero ... 0x9 - sixteen octets"."""
    if code == 0:
        return _DESCRIBED
    kind = code >> 4
    fixed = {0x4: 0, 0x5: 1, 0x6: 2, 0x7: 4, 0x8: 8, 0x9: 16}
    sized = dict.fromkeys((0xA, 0xC, 0xE), _ONE_OCTET_SIZE) | dict.fromkeys((0xB, 0xD, 0xF), _FOUR_OCTET_SIZE)
    return (fixed | sized).get(kind, _UNKNOWN)


_WIDTHS = tuple(map(_width, range(256)))
_STRINGS = {0xA1, 0xB1}
_TEXTS = {0xA1, 0xB1, 0xA3, 0xB3}
_BINARIES = {0xA0, 0xB0}
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class MalformedError(Exception):
    """The bytes are not encoded AMQP values."""


def content_span(data: bytes, at: int, depth: int = 0) -> tuple[int, int]:
    """Start and end of the contents of the value at `at`, without constructor and size.

    Raises:
        MalformedError: the value is truncated, or its constructor is unknown.
    """
    if at >= len(data) or depth > _MAX_DEPTH:
        raise MalformedError("an encoded value is truncated or nested too deeply")
    size = _WIDTHS[data[at]]
    start = at + 1
    if size < 0:
        if size == _DESCRIBED:  # its descriptor, then the value
            return content_span(data, content_span(data, start, depth + 1)[1], depth + 1)
        if size == _UNKNOWN:
            raise MalformedError(f"0x{data[at]:02x} is not a constructor of an AMQP type")
        start += 1 if size == _ONE_OCTET_SIZE else 4
        size = int.from_bytes(data[at + 1 : start])
    end = start + size
    if end > len(data):  # also if the size itself is truncated
        raise MalformedError("an encoded value is truncated")
    return start, end


def items(data: bytes, at: int) -> list[bytes]:
    """The encoded items of the list or map at `at`; a map's keys and values alternate.

    Raises:
        MalformedError: the value is not a list or map.
    """
    code = data[at] if at < len(data) else 0
    if code == 0x45:  # list0
        return []
    start, end = content_span(data, at)
    if code not in {0xC0, 0xC1, 0xD0, 0xD1}:
        raise MalformedError(f"expected a list or a map, not constructor 0x{code:02x}")
    at = start + (1 if code in {0xC0, 0xC1} else 4)  # skips the count, which is not needed
    found: list[bytes] = []
    while at < end:
        stop = content_span(data, at)[1]
        found.append(data[at:stop])
        at = stop
    return found


def pairs(entries: list[bytes]) -> Iterator[tuple[bytes, bytes]]:
    """Encoded keys and values of a map's items.

    Raises:
        MalformedError: a key without value.
    """
    if len(entries) % 2:
        raise MalformedError("a map with a key but no value")
    return zip(entries[::2], entries[1::2], strict=True)


def contents(encoded: bytes) -> bytes:
    """The contents of a value, without constructor and size."""
    start, end = content_span(encoded, 0)
    return encoded[start:end]


def is_text(encoded: bytes) -> bool:
    """Whether the value is a string or a symbol."""
    return encoded[0] in _TEXTS


def is_string(encoded: bytes) -> bool:
    """Whether the value is a string."""
    return encoded[0] in _STRINGS


def is_binary(encoded: bytes) -> bool:
    """Whether the value is binary."""
    return encoded[0] in _BINARIES


def integer(encoded: bytes) -> int | None:
    """The number in an unsigned or signed integer or a timestamp; None for other types."""
    if encoded[0] in {0x43, 0x44}:  # uint0, ulong0
        return 0
    if encoded[0] in {0x50, 0x52, 0x53, 0x60, 0x70, 0x80}:
        return int.from_bytes(contents(encoded), "big")
    if encoded[0] in {0x51, 0x54, 0x55, 0x61, 0x71, 0x81, 0x83}:
        return int.from_bytes(contents(encoded), "big", signed=True)
    return None


def symbol(text: str) -> bytes:
    """An encoded symbol of at most 255 characters."""
    raw = text.encode("ascii")
    return bytes((0xA3, len(raw))) + raw


def string(text: str) -> bytes:
    """An encoded string."""
    raw = text.encode("utf-8", "replace")
    if len(raw) < 256:
        return bytes((0xA1, len(raw))) + raw
    return b"\xb1" + struct.pack(">I", len(raw)) + raw


def uint(number: int) -> bytes:
    """An encoded uint."""
    return b"\x70" + struct.pack(">I", number)


def int32(number: int) -> bytes:
    """An encoded int."""
    return b"\x71" + struct.pack(">i", number)


def long(number: int) -> bytes:
    """An encoded long."""
    return b"\x81" + struct.pack(">q", number)


def uuid(value: UUID) -> bytes:
    """An encoded uuid."""
    return b"\x98" + value.bytes


def milliseconds(when: datetime) -> int:
    """A time as AMQP encodes it, "milliseconds since the unix epoch"."""
    return (when - _EPOCH) // timedelta(milliseconds=1)


def timestamp(when: datetime) -> bytes:
    """An encoded timestamp."""
    return b"\x83" + struct.pack(">q", milliseconds(when))


def moment(count: int) -> datetime:
    """The time of a timestamp; the maximum datetime if it is out of range."""
    try:
        return _EPOCH + timedelta(milliseconds=count)
    except OverflowError:
        return datetime.max.replace(tzinfo=UTC)


def list_of(entries: list[bytes]) -> bytes:
    """An encoded list of encoded items."""
    return _compound(0xD0, entries)


def map_of(entries: list[bytes]) -> bytes:
    """An encoded map of encoded keys and values, in turn."""
    return _compound(0xD1, entries)


def _compound(constructor: int, entries: list[bytes]) -> bytes:
    body = b"".join(entries)
    return struct.pack(">BII", constructor, len(body) + 4, len(entries)) + body
