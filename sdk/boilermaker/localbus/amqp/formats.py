"""Reads the message format of transfer frames, which marks batches and which proton does not expose.

It also removes delivery ids for which proton would end the session: clients with several threads may send two transfers
with the same id, which Service Bus accepts (only proton raises "sequencing error"). Names are those of the AMQP 1.0
standard, parts 2.3 and 2.7.
"""

from collections import defaultdict, deque

from boilermaker.transport import amqp_types as types

_HEADER_BYTES = 8
_ATTACH, _TRANSFER, _DETACH, _END = 0x12, 0x14, 0x16, 0x17
_NAMED = {
    b"amqp:attach:list": _ATTACH,
    b"amqp:transfer:list": _TRANSFER,
    b"amqp:detach:list": _DETACH,
    b"amqp:end:list": _END,
}
_TRUE = {b"\x41", b"\x56\x01"}
_MOST_WAITING = 4096  # more than the credit that any link is given


class Formats:
    """Reads a connection's frames before the engine does.

    Args:
        max_frame_size: what the engine offers; the engine rejects larger frames.
    """

    def __init__(self, max_frame_size: int) -> None:
        self._max_frame_size = max_frame_size
        self._rest = b""
        self._is_lost = False
        self._links: dict[tuple[int, int], str] = {}
        self._unfinished: set[tuple[int, int]] = set()
        self._formats: defaultdict[str, deque[int]] = defaultdict(lambda: deque(maxlen=_MOST_WAITING))
        self._ids: dict[int, int] = {}  # by channel, the delivery id that follows

    def read(self, data: bytes) -> bytes:
        """Add received bytes; returns whole frames for the engine."""
        data = self._rest + data
        ready: list[bytes] = []
        at = 0
        while not self._is_lost and at + _HEADER_BYTES <= len(data):
            size = int.from_bytes(data[at : at + 4])
            if not _HEADER_BYTES <= size <= self._max_frame_size:
                self._is_lost = True  # not a frame: the engine reports the error
            elif at + size > len(data):
                break
            else:
                ready.append(self._frame(data[at : at + size]))
                at += size
        if self._is_lost:
            ready.append(data[at:])
            at = len(data)
        self._rest = data[at:]
        return b"".join(ready)

    def end(self) -> bytes:
        """The rest of a frame that will not be completed."""
        rest, self._rest = self._rest, b""
        return rest

    def take(self, link_name: str) -> int:
        """The message format of the oldest transfer on a link that was not taken yet; 0 is a single message."""
        waiting = self._formats[link_name]
        return waiting.popleft() if waiting else 0

    def _frame(self, frame: bytes) -> bytes:
        body = frame[4] * 4
        channel = int.from_bytes(frame[6:8])
        if body < _HEADER_BYTES or len(frame) <= body:
            return frame
        try:
            code, value_at = _performative(frame, body)
            if code == _TRANSFER:
                return self._transfer(frame, channel, value_at)
            if code == _ATTACH:
                self._attach(types.items(frame, value_at), channel)
            elif code == _DETACH:
                self._forget(channel, types.integer(types.items(frame, value_at)[0]))
            elif code == _END:
                self._forget(channel)
        except (types.MalformedError, IndexError):
            self._is_lost = True
        return frame

    def _attach(self, fields: list[bytes], channel: int) -> None:
        name, handle, role = types.contents(fields[0]), types.integer(fields[1]), fields[2]
        if handle is not None and role not in _TRUE:  # "role: false, sender"
            self._links[channel, handle] = link = name.decode("utf-8", "replace")
            self._formats.pop(link, None)

    def _transfer(self, frame: bytes, channel: int, value_at: int) -> bytes:
        fields = types.items(frame, value_at)
        handle, delivery_id, _, message_format, _, more, _, _, _, aborted = (fields + [types.NULL] * 10)[:10]
        link = channel, types.integer(handle) or 0
        is_first = link not in self._unfinished
        name = self._links.get(link, "")
        if is_first:
            self._formats[name].append(types.integer(message_format) or 0)
            self._unfinished.add(link)
        if more not in _TRUE or aborted in _TRUE:
            self._unfinished.discard(link)
        if aborted in _TRUE and self._formats[name]:
            self._formats[name].pop()
        number = types.integer(delivery_id)
        if not is_first or number is None:
            return frame
        expected = self._ids.get(channel, number)
        self._ids[channel] = (expected + 1) % 2**32
        return frame if number == expected else _without_delivery_id(frame, fields, value_at)

    def _forget(self, channel: int, handle: int | None = None) -> None:
        for link in [link for link in self._links if link[0] == channel and handle in {None, link[1]}]:
            self._formats.pop(self._links.pop(link), None)
            self._unfinished.discard(link)
        if handle is None:
            self._ids.pop(channel, None)


def _performative(frame: bytes, body: int) -> tuple[int | None, int]:
    """A performative's code, and where its fields are."""
    if frame[body] or len(frame) < body + 4:
        raise types.MalformedError("a frame without performative")
    if frame[body + 1] == 0x53:
        return frame[body + 2], body + 3
    value_at = types.content_span(frame, body + 1)[1]
    descriptor = frame[body + 1 : value_at]
    if types.is_text(descriptor):
        return _NAMED.get(types.contents(descriptor)), value_at
    return types.integer(descriptor), value_at


def _without_delivery_id(frame: bytes, fields: list[bytes], value_at: int) -> bytes:
    payload = frame[types.content_span(frame, value_at)[1] :]
    listed = types.list_of([fields[0], types.NULL, *fields[2:]])
    rest = frame[4:value_at] + listed + payload
    return (len(rest) + 4).to_bytes(4) + rest
