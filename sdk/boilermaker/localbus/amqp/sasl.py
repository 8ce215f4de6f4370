"""The start of a connection: protocol headers and SASL, which admits every client.

Proton could do this too, but it crashes the whole process on a SASL init without a mechanism. So it receives only what
follows SASL, from the AMQP header on. Quotations are from the AMQP 1.0 standard, parts 2.2 and 5.3.
"""

import struct

AMQP_HEADER = b"AMQP\x00\x01\x00\x00"
SASL_HEADER = b"AMQP\x03\x01\x00\x00"
_MECHANISMS = (
    b"ANONYMOUS",
    b"PLAIN",
    b"MSSBCBS",
)  # each ends with the client's first frame; passwords are not checked
_SASL_FRAME, _INIT = 1, 0x41
_MAX_FRAME = 512  # "The maximum size of a SASL frame is defined by MIN-MAX-FRAME-SIZE", which is 512


class HandshakeError(Exception):
    """The received bytes are not AMQP."""


class Handshake:
    """Processes a connection's first bytes, up to the AMQP header."""

    def __init__(self) -> None:
        self._waiting = b""
        self._has_sasl = self._has_init = False

    def take(self, data: bytes) -> tuple[bytes, bytes | None]:
        """Bytes to answer, and bytes for the protocol engine; None until the handshake is complete.

        Raises:
            HandshakeError: the bytes are not AMQP; send `AMQP_HEADER` before closing the socket.
        """
        self._waiting += data
        reply = b""
        if not self._has_sasl:
            header = self._header()
            if header is None:
                return b"", None
            if header == AMQP_HEADER:  # "a client may pass over SASL"
                return b"", self._waiting
            if header != SASL_HEADER:
                raise HandshakeError(f"expected an AMQP 1.0 header, not {header!r}")
            self._waiting = self._waiting[8:]
            self._has_sasl = True
            reply = SASL_HEADER + _frame(0x40, _symbols(_MECHANISMS))
        if not self._has_init:
            if not self._take_init():
                return reply, None
            reply += _frame(0x44, b"\x50\x00")  # outcome: "0 ok"
        header = self._header()
        if header is None:
            return reply, None
        if header != AMQP_HEADER:
            raise HandshakeError(f"expected an AMQP 1.0 header, not {header!r}")
        return reply, self._waiting

    def _header(self) -> bytes | None:
        start = self._waiting[:8]
        if start[:4] != b"AMQP"[: len(start)]:
            raise HandshakeError(f"expected an AMQP header, not {start!r}")
        return start if len(start) == 8 else None

    def _take_init(self) -> bool:
        if len(self._waiting) < 4:
            return False
        size = struct.unpack_from(">I", self._waiting)[0]
        if not 11 <= size <= _MAX_FRAME:
            raise HandshakeError("expected a SASL frame")
        if len(self._waiting) < size:
            return False
        frame, self._waiting = self._waiting[:size], self._waiting[size:]
        offset = frame[4] * 4  # "the position of the body within the frame ... as a number of 4-byte words"
        if frame[5] != _SASL_FRAME or frame[offset : offset + 3] != bytes((0x00, 0x53, _INIT)):
            raise HandshakeError("expected a SASL init")
        self._has_init = True
        return True


def _frame(code: int, field: bytes) -> bytes:
    body = bytes((0x00, 0x53, code, 0xC0, len(field) + 1, 1)) + field
    return struct.pack(">IBBH", 8 + len(body), 2, _SASL_FRAME, 0) + body


def _symbols(names: tuple[bytes, ...]) -> bytes:
    entries = b"".join(bytes((len(name),)) + name for name in names)
    return bytes((0xE0, len(entries) + 2, len(names), 0xA3)) + entries
