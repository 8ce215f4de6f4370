"""One connection of the SDK with a single reader and combined writes.

This package contains all uses of the SDK's private names for speed.

Why: in azure-servicebus 7.15 each waiter (for a message, or for the answer to a settlement or a request) reads the
connection in turn, one frame at a time, for up to 0.2 s, and holds a lock that writers need too. So waiters whose answer
has arrived are still blocked in a read, and a settlement waits for a read to end: 17 settlements per second with 4 at a
time. Each frame costs two stream reads, a timer and a task, and each write a system call, which costs most: 0.8 ms if the
bus runs on the same processor.

How: the connection gets one reader, which reads all available bytes at once and passes frequent kinds of frames to the
listeners here, and all others to the SDK, which still maintains the connection, its sessions and its links. Other callers
of `listen` wait until something was read. Writes of one turn of the event loop are combined into one.

If the SDK has changed and a name used here is missing (see `names`), `plain` is used instead.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from azure.servicebus._pyamqp._decode import decode_frame
from azure.servicebus.aio import ServiceBusReceiver, ServiceBusSender

from boilermaker.transport.servicebus import frames as amqp
from boilermaker.transport.servicebus.connect import in_sdk_words, stop_keep_alive
from boilermaker.transport.servicebus.pyamqp.names import Parts

_READ_BYTES = 256 * 1024
_LISTEN_SECONDS = 0.2  # the SDK's own limit for one read
_CARE_SECONDS = 1.0
_ATTACHED = 3  # LinkState.ATTACHED

Hear = Callable[[bytes, amqp.Frame], bool]
"""Handles a frame; returns False if the frame is not its own."""


class Line:
    """Reads and writes the connection of an attached sender or receiver until it ends.

    Args:
        owner: the SDK's sender or receiver.
        found: its parts.
        hear: handlers by performative; the SDK handles all other frames.
        care: called every second.
    """

    def __init__(
        self,
        owner: ServiceBusReceiver | ServiceBusSender,
        found: Parts,
        hear: Mapping[int, Hear],
        care: Callable[[], None],
        over: Callable[[], None],
    ) -> None:
        """`over` is called once, when reading has ended; `error` then says why."""
        self._owner: Any = owner
        self._handler, self._connection, self._transport, self.link, self.session = found
        self._stream: asyncio.StreamReader = self._transport.reader
        self._writer: asyncio.StreamWriter = self._transport.writer
        self._listen: Callable[..., Awaitable[None]] = self._connection.listen
        self._hear, self._care, self._over = hear, care, over
        self._loop = asyncio.get_running_loop()
        self._out: list[bytes] = []
        self._before_flush: list[Callable[[], None]] = []
        self._is_flush_due = False
        self._listeners: list[asyncio.Future[None]] = []
        # Counted in turns of the event loop: silence while a handler blocks the loop is not the service's.
        self.silent_seconds = 0.0
        self._longest_silence: float | None = None
        self._sent_at = time.monotonic()
        self.is_closing = False
        self.error: Exception | None = None
        self._take_over()
        name = str(getattr(owner, "entity_path", "") or getattr(owner, "entity_name", ""))
        self._reading = asyncio.create_task(self._read(), name=f"read {name}")
        self._caring = asyncio.create_task(self._take_care(), name=f"keep {name}")

    def _take_over(self) -> None:
        """Replace the SDK's reading and writing. Steps that can fail come first, so nothing has to be undone."""
        connection = self._connection
        self._rest: bytes = self._transport._read_buffer.read()  # noqa: SLF001  # bytes of a cancelled read
        # The service knows the timeout; from here on we detect silence, not the SDK on each write.
        self._longest_silence, connection._idle_timeout = connection._idle_timeout, None  # noqa: SLF001
        stop_keep_alive(self._owner)
        self._transport.write = self._write_for_sdk
        connection.listen = self._listen_elsewhere

    @property
    def is_alive(self) -> bool:
        """True while the link can be used."""
        return not self._reading.done() and not self.is_closing

    @property
    def channel(self) -> int:
        """The session's channel, for frames that we send."""
        return int(self.session.channel)

    def is_ours(self, frame: amqp.Frame) -> bool:
        """Whether a frame belongs to the link's session."""
        return self._connection._incoming_endpoints.get(frame.channel) is self.session  # noqa: SLF001

    # ---- writing

    def write_soon(self, frame: bytes | None = None, before: Callable[[], None] | None = None) -> None:
        """Send a frame at the end of this turn of the event loop; `before` is called first and may add frames."""
        if frame is not None:
            self._out.append(frame)
        if before is not None:
            self._before_flush.append(before)
        if not self._is_flush_due:
            self._is_flush_due = True
            self._loop.call_soon(self.flush)

    def flush(self) -> None:
        """Send pending frames."""
        self._is_flush_due = False
        before, self._before_flush = self._before_flush, []
        for add in before:
            add()
        if self._out:
            out, self._out = self._out, []
            self._sent_at = time.monotonic()
            self._writer.write(b"".join(out))

    async def drain(self) -> None:
        """Wait until the socket accepts more bytes. Raises OSError if it is lost."""
        await self._writer.drain()

    async def _write_for_sdk(self, data: bytes) -> None:
        if self._transport.writer is None:
            raise OSError("the connection has already been closed")
        self._out.append(bytes(data))
        self.flush()
        await self._writer.drain()

    # ---- reading

    async def _read(self) -> None:
        data = self._rest
        try:
            while self.error is None:  # the SDK sometimes swallows a cancellation
                data = data[await self._hear_all(data) :]
                if self._listeners:
                    self._wake_listeners()
                more = await self._stream.read(_READ_BYTES)
                while not more:
                    await self._listen(wait=_LISTEN_SECONDS)  # raises the SDK's error for the closed stream
                data = data + more if data else more
        except Exception as error:  # noqa: BLE001  # passed on to all waiters
            self.error = self.error or in_sdk_words(self._owner, error)
        finally:
            self._caring.cancel()
            self._over()
            self._wake_listeners()

    async def _hear_all(self, data: bytes) -> int:
        """Handle all complete frames; returns the number of bytes handled."""
        at = 0
        self.silent_seconds = 0.0
        for frame in amqp.frames(data):
            at = frame.end
            hear = self._hear.get(frame.code)
            if frame.body == frame.end or (hear is not None and hear(data, frame)):
                continue
            performative = decode_frame(memoryview(data)[frame.body : frame.end])
            await self._connection._process_incoming_frame(frame.channel, performative)  # noqa: SLF001
            self._check_attached()
        return at

    def _check_attached(self) -> None:
        """Raise the service's error if it has detached the link or closed the connection."""
        if self.is_closing:
            return
        if (error := self._connection._error) is not None:  # noqa: SLF001
            raise error
        if self.link.get_state().value != _ATTACHED:
            raise ConnectionResetError("the link was detached")

    def _check_heard(self) -> None:
        self.silent_seconds += _CARE_SECONDS
        if self._longest_silence is not None and self.silent_seconds > self._longest_silence:
            raise ConnectionResetError(
                f"nothing was received for {self.silent_seconds:.0f} s, not even a heartbeat"
            )

    async def _listen_elsewhere(self, wait: float | bool = False, batch: int = 1, **kwargs: Any) -> None:  # noqa: FBT001, FBT002  # the SDK's signature
        if self._reading.done():
            await self._listen(wait=wait, batch=batch, **kwargs)
        elif asyncio.current_task() is not self._reading:
            heard: asyncio.Future[None] = self._loop.create_future()
            self._listeners.append(heard)
            await asyncio.wait([heard], timeout=_LISTEN_SECONDS)

    def _wake_listeners(self) -> None:
        waiting, self._listeners = self._listeners, []
        for each in waiting:
            if not each.done():
                each.set_result(None)

    # ---- the rest

    async def _take_care(self) -> None:
        """Renew the token in time, send the heartbeats that the service requires, and detect a lost connection."""
        try:
            while True:
                await asyncio.sleep(_CARE_SECONDS)
                self._check_attached()
                self._check_heard()
                await self._handler.auth_complete_async()
                await self._send_heartbeat_in_time()
                self._care()
        except Exception as error:  # noqa: BLE001  # ends the connection; passed on to all waiters
            self.error = self.error or in_sdk_words(self._owner, error)
            self._reading.cancel()

    async def _send_heartbeat_in_time(self) -> None:
        """Send a heartbeat if due. The SDK compares wall clock times: a clock set back would stop its heartbeats."""
        if (sent := self._connection._last_frame_sent_time) is not None:  # noqa: SLF001
            quiet_seconds = time.monotonic() - self._sent_at
            await self._connection._get_remote_timeout(sent + quiet_seconds)  # noqa: SLF001

    async def close(self) -> None:
        """Send pending frames, then disconnect."""
        self.flush()
        self.is_closing = True
        try:
            await self._owner.close()
        finally:
            for task in (self._reading, self._caring):
                task.cancel()
            await asyncio.wait([self._reading, self._caring])
