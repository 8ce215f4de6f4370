"""One client's socket: bytes between asyncio and proton's protocol engine, which does no input or output itself.

Proton brings a loop of its own; it selects on at most 1,024 descriptors and ends when one client's handler raises.
Here each client has an engine of its own, so what goes wrong in it ends that client's connection and nothing else.
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
_NONSENSE = b"\x00\x00\x00\x20\x02\x00\x00\x00" + b"\xff" * 24  # a frame by its header, and no performative
_WRITE_BYTES = 256 * 1024  # what may wait in asyncio's buffer before the engine is asked for no more


class Engine(Protocol):
    """What stands behind a wire: it hears the engine's events."""

    def on_connected(self) -> None:
        """The client has come; nothing has been said yet."""
        ...

    def handle(self, event: Event) -> None:
        """One event of the protocol engine."""
        ...

    def on_writable(self) -> None:
        """The socket takes bytes again."""
        ...

    def on_gone(self) -> None:
        """The socket is closed, whoever closed it."""
        ...


class Wire(asyncio.Protocol):
    """Drives proton's engine for one socket. Everything runs in the event loop's thread.

    Args:
        loop: the event loop.
        make_engine: makes what hears the events, given the wire.
        on_gone: told when the socket is closed.
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
        self._is_paused = self._is_flush_due = self._is_frozen = self._is_breaking_off = False
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
        """Whether the client reads what it is sent; no message is locked for one that does not."""
        return self._socket is not None and not self._is_paused and not self._is_frozen

    @property
    def peer(self) -> str:
        """The client's address."""
        name: Any = None if self._socket is None else self._socket.get_extra_info("peername")
        return f"{name[0]}:{name[1]}" if name else "a client"

    def flush_soon(self) -> None:
        """Send what the engine has to say, once the present turn of the loop is over."""
        if not self._is_flush_due:
            self._is_flush_due = True
            self._loop.call_soon(self.guarded, self._flush)

    def say_goodbye(self) -> None:
        """Close the connection as Service Bus does when it goes: clients connect again where the close is forced."""
        self.connection.condition = Condition("amqp:connection:forced", "The local bus is stopping.")
        self.connection.close()
        self.flush_soon()

    def abort(self) -> None:
        """Cut the connection without a word, as a network does."""
        if self._socket is not None:
            self._socket.abort()

    # ---- what goes wrong on demand

    def freeze(self, seconds: float | None = None) -> None:
        """Hear and say nothing for so long, or from now on; the socket stays open."""
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

    def break_off(self) -> None:
        """Send what is to be sent except its end, and freeze."""
        self._is_breaking_off = True
        self.flush_soon()

    def babble(self, nonsense: bytes = _NONSENSE) -> None:
        """Send what is no AMQP."""
        if self._socket is not None:
            self._socket.write(nonsense)

    # ---- asyncio's side

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """asyncio: a client has come."""
        assert isinstance(transport, asyncio.Transport)  # noqa: S101 - what asyncio gives to a server of streams
        transport.set_write_buffer_limits(_WRITE_BYTES)
        self._socket = transport
        self._engine.on_connected()

    def data_received(self, data: bytes) -> None:
        """asyncio: bytes from the client."""
        self.guarded(self._read if self._handshake is None else self._shake_hands, data)

    def eof_received(self) -> bool:
        """asyncio: the client will send no more."""
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
        """Whatever one client brings about ends with that client."""
        try:
            step(*args)
        except UnicodeDecodeError:  # proton reads texts only when asked for them
            log.warning("%s broke the protocol: a text that is not UTF-8", self.peer)
            self.abort()
        except Exception:
            log.exception("%s: the connection is cut, this is a defect of the local bus", self.peer)
            self.abort()

    def _shake_hands(self, data: bytes) -> None:
        if self._socket is None or self._handshake is None:
            return
        try:
            reply, rest = self._handshake.take(data)
        except HandshakeError as error:
            log.warning("%s broke the protocol: %s", self.peer, error)
            self._socket.write(AMQP_HEADER)  # what this end speaks, as the standard wants it
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
            except TransportException:  # the engine has closed its ears, and says why in what it sends
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
        # The engine reports an end between frames; about one within a frame it is silent.
        if self._transport.condition is None and not self.connection.state & _REMOTE_CLOSED:
            log.warning("%s broke the protocol: it hung up in the middle of a frame", self.peer)

    def _dispatch(self) -> None:
        while (event := self._collector.peek()) is not None:
            self._engine.handle(event)
            self._collector.pop()

    def _flush(self) -> None:
        self._is_flush_due = False
        if self._socket is None or self._is_frozen:
            return
        self._dispatch()
        if self._is_breaking_off and (chunk := self._transport.peek(max(self._pending(), 0))):
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
        """How many bytes wait to be sent; less than 0 where there will be no more."""
        try:
            return self._transport.pending()
        except TransportException:
            return -1

    def _tick(self) -> None:
        """Let the engine send heartbeats for a client that asks for them."""
        if self._transport.remote_idle_timeout and self._timer is None:
            self._timer = self._loop.call_later(self._transport.remote_idle_timeout / 4, self._on_tick)

    def _on_tick(self) -> None:
        self._timer = None
        self._transport.tick(self._loop.time())
        self.guarded(self._flush)
