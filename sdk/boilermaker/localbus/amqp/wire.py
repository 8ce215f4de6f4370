"""One client's socket: it passes bytes between asyncio and proton's protocol engine, which does no I/O itself.

Proton has its own loop, but that selects on at most 1,024 descriptors and ends when one client's handler raises.
Here each client has its own engine, so an error in it ends only that client's connection.
"""

import asyncio
import logging
from collections.abc import Callable
from typing import Any, Protocol, cast

from proton import Collector, Condition, Connection, Endpoint, Event, Transport, TransportException

from boilermaker.localbus.amqp.formats import Formats
from boilermaker.localbus.amqp.sasl import AMQP_HEADER, Handshake, HandshakeError

log = logging.getLogger("boilermaker.local")

_MAX_FRAME = 65536  # what Service Bus offers
_MAX_SESSIONS = 255
_HEADER = len(AMQP_HEADER)
_REMOTE_CLOSED: int = cast("Any", Endpoint).REMOTE_CLOSED
_GARBAGE = b"\x00\x00\x00\x20\x02\x00\x00\x00" + b"\xff" * 24  # a valid frame header without a performative
_WRITE_BYTES = 256 * 1024  # bytes in asyncio's buffer at which the engine is paused


class Engine(Protocol):
    """Handles the events of a wire's protocol engine."""

    def on_connected(self) -> None:
        """The client has connected; no bytes have been exchanged."""
        ...

    def handle(self, event: Event) -> None:
        """One event of the protocol engine."""
        ...

    def on_writable(self) -> None:
        """The socket accepts bytes again."""
        ...

    def on_gone(self) -> None:
        """The socket is closed, by either side."""
        ...


class Wire(asyncio.Protocol):
    """Drives proton's engine for one socket. Everything runs in the event loop's thread.

    Args:
        loop: the event loop.
        make_engine: creates the event handler for this wire.
        on_gone: called when the socket is closed.
    """

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        make_engine: Callable[["Wire"], Engine],
        on_gone: Callable[["Wire"], None],
    ) -> None:
        self._loop = loop
        self._on_gone = on_gone
        self._socket: asyncio.Transport | None = None
        self._is_paused = self._is_flush_due = self._is_frozen = self._is_partial = False
        self._timer: asyncio.TimerHandle | None = None
        self._handshake: Handshake | None = Handshake()
        self.formats = Formats(_MAX_FRAME)
        self._collector = Collector()
        self.connection = Connection()
        self.connection.collect(self._collector)
        self._engine = make_engine(self)
        self._transport = Transport(Transport.SERVER)
        self._transport.max_frame_size = _MAX_FRAME
        self._transport.channel_max = _MAX_SESSIONS
        self._transport.bind(self.connection)

    @property
    def is_writable(self) -> bool:
        """Whether the client reads; no message is locked for a client that does not."""
        return self._socket is not None and not self._is_paused and not self._is_frozen

    @property
    def peer(self) -> str:
        """The client's address."""
        name: Any = None if self._socket is None else self._socket.get_extra_info("peername")
        return f"{name[0]}:{name[1]}" if name else "a client"

    def flush_soon(self) -> None:
        """Send the engine's output after the current turn of the event loop."""
        if not self._is_flush_due:
            self._is_flush_due = True
            self._loop.call_soon(self.guarded, self._flush)

    def announce_close(self) -> None:
        """Close the connection as Service Bus does when it restarts: clients reconnect after a forced close."""
        self.connection.condition = Condition("amqp:connection:forced", "The local bus is stopping.")
        self.connection.close()
        self.flush_soon()

    def abort(self) -> None:
        """Abort the connection without closing it, as a network failure does."""
        if self._socket is not None:
            self._socket.abort()

    # ---- injected faults

    def freeze(self, seconds: float | None = None) -> None:
        """Stop reading and writing for some seconds, or permanently; the socket stays open."""
        if self._socket is None:
            return
        self._is_frozen = True
        self._socket.pause_reading()
        if seconds is not None:
            self._loop.call_later(seconds, self._thaw)

    def _thaw(self) -> None:
        self._is_frozen = False
        if self._socket is None or self._socket.is_closing():
            return
        self._socket.resume_reading()
        self.guarded(self._engine.on_writable)
        self.flush_soon()

    def send_partially(self) -> None:
        """Send pending bytes without the last few, and freeze."""
        self._is_partial = True
        self.flush_soon()

    def send_garbage(self, garbage: bytes = _GARBAGE) -> None:
        """Send bytes that are not AMQP."""
        if self._socket is not None:
            self._socket.write(garbage)

    # ---- asyncio's side

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """asyncio: a client has connected."""
        assert isinstance(transport, asyncio.Transport)  # noqa: S101 - asyncio passes a Transport to stream servers
        transport.set_write_buffer_limits(_WRITE_BYTES)
        self._socket = transport
        self._engine.on_connected()

    def data_received(self, data: bytes) -> None:
        """asyncio: bytes from the client."""
        self.guarded(self._read if self._handshake is None else self._shake_hands, data)

    def eof_received(self) -> bool:
        """asyncio: the client has closed its side."""
        self.guarded(self._end)
        return False

    def pause_writing(self) -> None:
        """asyncio: the client does not read."""
        self._is_paused = True

    def resume_writing(self) -> None:
        """asyncio: the client reads again."""
        self._is_paused = False
        self.guarded(self._engine.on_writable)
        self.flush_soon()

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 - asyncio's signature
        """asyncio: the socket is closed."""
        self._socket = None
        if self._timer is not None:
            self._timer.cancel()
        self._on_gone(self)
        self._engine.on_gone()
        self._transport.unbind()

    # ---- the engine's side

    def guarded(self, step: Callable[..., None], *args: Any) -> None:
        """Run a step; an error in it ends only this client's connection."""
        try:
            step(*args)
        except UnicodeDecodeError:  # proton decodes texts only when they are read
            log.warning("%s violated the AMQP protocol: a text is not UTF-8", self.peer)
            self.abort()
        except Exception:
            log.exception(
                "%s: connection aborted because of a defect of the local bus; please report it", self.peer
            )
            self.abort()

    def _shake_hands(self, data: bytes) -> None:
        if self._socket is None or self._handshake is None:
            return
        try:
            reply, rest = self._handshake.take(data)
        except HandshakeError as error:
            log.warning("%s violated the AMQP protocol: %s", self.peer, error)
            self._socket.write(AMQP_HEADER)  # the supported version, as the standard requires
            self._socket.close()
            return
        self._socket.write(reply)
        if rest is not None:
            self._handshake = None
            self._take(rest[:_HEADER])
            self._read(rest[_HEADER:])

    def _read(self, data: bytes) -> None:
        self._take(self.formats.read(data))

    def _take(self, data: bytes) -> None:
        while data:
            try:
                capacity = self._transport.capacity()
                if capacity > 0:
                    self._transport.push(data[:capacity])
            except TransportException:  # the engine has stopped reading, and reports why in its output
                break
            data = data[max(capacity, 0) :]
            self._dispatch()
            if capacity <= 0:
                break
        self._flush()

    def _end(self) -> None:
        self._take(self.formats.end())
        try:
            self._transport.close_tail()
        except TransportException:
            self.abort()
            return
        self._flush()
        # The engine reports an end between frames, but not one within a frame.
        if self._transport.condition is None and not self.connection.state & _REMOTE_CLOSED:
            log.warning("%s violated the AMQP protocol: it disconnected in the middle of a frame", self.peer)

    def _dispatch(self) -> None:
        while (event := self._collector.peek()) is not None:
            self._engine.handle(event)
            self._collector.pop()

    def _flush(self) -> None:
        self._is_flush_due = False
        if self._socket is None or self._is_frozen:
            return
        self._dispatch()
        if self._is_partial and (chunk := self._transport.peek(max(self._pending(), 0))):
            self._socket.write(chunk[:-3])
            self.freeze()
            return
        while not self._is_paused and (pending := self._pending()) > 0:
            chunk = self._transport.peek(pending)
            if not chunk:
                break
            self._socket.write(chunk)
            self._transport.pop(len(chunk))
            self._dispatch()
        if self._pending() < 0:
            self._socket.close()
        else:
            self._tick()

    def _pending(self) -> int:
        """Number of bytes that wait to be sent; negative if the engine is closed."""
        try:
            return self._transport.pending()
        except TransportException:
            return -1

    def _tick(self) -> None:
        """Let the engine send heartbeats if the client requested them."""
        if self._transport.remote_idle_timeout and self._timer is None:
            self._timer = self._loop.call_later(self._transport.remote_idle_timeout / 4, self._on_tick)

    def _on_tick(self) -> None:
        self._timer = None
        self._transport.tick(self._loop.time())
        self.guarded(self._flush)
