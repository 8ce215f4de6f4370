"""The local Service Bus as an object to start and stop: its queues, its socket and its thread."""

import asyncio
import errno
import logging
import os
import socket
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from types import TracebackType
from typing import Self, TypeVar

from boilermaker.errors import ConfigurationError
from boilermaker.localbus.amqp.front import Front
from boilermaker.localbus.faults import Fault, Faults
from boilermaker.localbus.messages import Counts, StoredMessage
from boilermaker.localbus.queue import DEAD_LETTER_SUFFIX, Queue
from boilermaker.localbus.settings import QueueSettings

log = logging.getLogger("boilermaker.local")

_STOP_SECONDS = 5.0
_MAX_PORT = 65535
_T = TypeVar("_T")


class LocalServiceBus:
    """A Service Bus namespace on this machine for unmodified Service Bus clients.

        with LocalServiceBus(["accounts"]) as bus:
            client = ServiceBusClient.from_connection_string(bus.connection_string)

    Messages are kept in memory: they survive `stop`, but not the process. Methods may be called from any thread; read `queues`
    only while no client sends or receives. `faults` injects faults:

        with bus.faults.add("settle=lose,times=3") as lost:
            lost.wait(times=3)

    Args:
        queues: names, or settings.
        host: the address to listen on.
        port: the port to listen on; 0 takes a free one.
        seed: of the random numbers for faults with a chance; None for different ones each time.

    Raises:
        ConfigurationError: a name that Service Bus would reject, two queues with the same name, or an invalid port.
    """

    def __init__(
        self,
        queues: Sequence[QueueSettings | str],
        *,
        host: str = "127.0.0.1",
        port: int = 0,
        seed: int | None = None,
    ) -> None:
        try:
            settings = [QueueSettings(name=q) if isinstance(q, str) else q for q in queues]
        except ValueError as error:
            raise ConfigurationError(str(error)) from None
        self.queues = {one.name: Queue(one, on_dead_letter=_log_dead_letter) for one in settings}
        if len({name.lower() for name in self.queues}) != len(settings):
            raise ConfigurationError("two queues have the same name; Service Bus ignores case")
        if not 0 <= port <= _MAX_PORT:
            raise ConfigurationError(f"{port} is not a port: use 0 (any free port) to {_MAX_PORT}")
        self.faults = Faults(self._apply_now, seed)
        self.host = host
        self.port = port
        self._thread: threading.Thread | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._front: Front | None = None
        self._stopping: asyncio.Event | None = None

    @property
    def connection_string(self) -> str:
        """The connection string for clients. The key is not secret: the bus accepts every key.

        If the bus listens on all addresses, it contains this machine's host name.
        """
        return (
            f"Endpoint=sb://{reachable(self.host)}:{self.port};SharedAccessKeyName=local;SharedAccessKey=local;"
            "UseDevelopmentEmulator=true"
        )

    def start(self) -> Self:
        """Start to listen, in a separate thread.

        Raises:
            ConfigurationError: the port is in use, or the host is not an address of this machine.
        """
        if self._thread is not None:
            return self
        started: Future[None] = Future()
        self._thread = threading.Thread(
            target=lambda: asyncio.run(self._serve(started)), name="boilermaker-local-bus", daemon=True
        )
        self._thread.start()
        try:
            started.result()
        except (OSError, UnicodeError) as error:
            self._thread.join()
            self._thread = None
            raise ConfigurationError(_cannot_listen(self.host, self.port, error)) from None
        return self

    async def _serve(self, started: Future[None]) -> None:
        self._loop = asyncio.get_running_loop()
        self._stopping = asyncio.Event()
        self._front = Front(self.queues, self._loop, self.faults)
        try:
            server = await self._front.listen(self.host, self.port)
        except Exception as error:  # noqa: BLE001 - raised in the thread that starts the bus
            started.set_exception(error)
            return
        self.port = int(server.sockets[0].getsockname()[1])
        started.set_result(None)
        await self._stopping.wait()
        server.close()
        await self._front.close()

    def stop(self) -> None:
        """Close connections and stop listening. Stopping twice is fine."""
        if self._thread is None or self._stopping is None:
            return
        self._call(self._stopping.set)
        self._thread.join(_STOP_SECONDS)
        self._thread = None

    def drop_connections(self) -> None:
        """Abort every connection without closing it, as a network failure does."""
        self.faults.add("now=cut")

    def _apply_now(self, fault: Fault) -> None:
        """Apply a fault that acts immediately."""
        name = fault.queue
        known = {each.lower() for each in self.queues}
        if name is not None and name.lower().removesuffix(DEAD_LETTER_SUFFIX) not in known:
            raise ValueError(f"no queue `{name}`; the queues are {', '.join(self.queues)}")
        if fault.on in {"now", "entity"} and self._front is not None:
            front = self._front
            self._call(lambda: front.apply_now(fault))

    def counts(self) -> dict[str, Counts]:
        """Numbers of active, locked, scheduled, deferred and dead-lettered messages, by queue."""
        return self._call(lambda: {name: queue.counts() for name, queue in self.queues.items()})

    def links(self) -> int:
        """Number of open links: senders, receivers, and request links."""
        front = self._front
        return 0 if front is None else self._call(front.links)

    def _call(self, function: Callable[[], _T]) -> _T:
        """Run a function in the event loop's thread, which owns the queues."""
        if self._thread is None or self._loop is None:
            return function()
        result: Future[_T] = Future()

        def run() -> None:
            try:
                result.set_result(function())
            except Exception as error:  # noqa: BLE001 - raised in the caller's thread
                result.set_exception(error)

        self._loop.call_soon_threadsafe(run)
        return result.result(_STOP_SECONDS)

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()


def reachable(host: str) -> str:
    """The name by which clients reach a listening address: a host name for "all addresses", and IPv6 in brackets."""
    if host in {"", "0.0.0.0", "::"}:  # noqa: S104 - only compared, not bound to
        return socket.gethostname()
    return f"[{host}]" if ":" in host else host


def _log_dead_letter(queue: str, message: StoredMessage) -> None:
    log.info(
        "%s dead-lettered message %s: %s",
        queue,
        message.incoming.message_id or message.sequence_number,
        message.dead_letter_reason or "no reason given",
    )


def _cannot_listen(host: str, port: int, error: OSError | UnicodeError) -> str:
    if isinstance(error, UnicodeError):
        return f"{host!r} is not a host name. Choose an address of this machine with --host."
    if error.errno == errno.EADDRINUSE:
        return f"port {port} on {host} is in use. Choose another port with --port (0 for a free one), or stop the process that uses it."
    # asyncio prepends its own sentence, with the address, to the system's text.
    reason = os.strerror(error.errno) if error.errno and error.errno > 0 else error.strerror or error
    return f"cannot listen on {host}:{port}: {reason}. Choose an address of this machine with --host."
