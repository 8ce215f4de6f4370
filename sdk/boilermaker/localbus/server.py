"""The local Service Bus as a thing to start and stop: queues, a socket, a thread."""

import socket
import threading
from collections.abc import Callable, Sequence
from types import TracebackType
from typing import Any, Self

from proton.reactor import ApplicationEvent, Container, EventInjector

from boilermaker.errors import ConfigurationError
from boilermaker.localbus.amqp import Front
from boilermaker.localbus.messages import Counts
from boilermaker.localbus.queue import Queue
from boilermaker.localbus.settings import QueueSettings

_STOP_SECONDS = 5.0


class LocalServiceBus:
    """A Service Bus namespace on this machine that unmodified Service Bus clients talk to.

        with LocalServiceBus(["accounts"]) as bus:
            client = ServiceBusClient.from_connection_string(bus.connection_string)

    Args:
        queues: names, or settings.
        port: 0 takes a free one.

    Raises:
        ConfigurationError: a name that Service Bus would refuse, or two queues of one name.
    """

    def __init__(
        self, queues: Sequence[QueueSettings | str], *, host: str = "127.0.0.1", port: int = 0
    ) -> None:
        try:
            settings = [QueueSettings(name=q) if isinstance(q, str) else q for q in queues]
        except ValueError as error:
            raise ConfigurationError(str(error)) from None
        self.queues = {one.name: Queue(one) for one in settings}
        if len({name.lower() for name in self.queues}) != len(settings):
            raise ConfigurationError("two queues have the same name; Service Bus does not tell case apart")
        self.host = host
        self.port = port
        self._thread: threading.Thread | None = None
        self._injector: Any = None

    @property
    def connection_string(self) -> str:
        """What clients connect with; the key is no secret, every key is taken."""
        return (
            f"Endpoint=sb://{self.host}:{self.port};SharedAccessKeyName=local;SharedAccessKey=local;"
            "UseDevelopmentEmulator=true"
        )

    def start(self) -> Self:
        """Listen, in a thread of its own.

        Raises:
            ConfigurationError: the port is in use, or the host is not this machine's.
        """
        self.port = _free_port(self.host, self.port)
        front = Front(f"{self.host}:{self.port}", self.queues)
        container = Container(front)
        self._injector = EventInjector()
        container.selectable(self._injector)
        listening = threading.Event()
        front.started = listening.set
        self._thread = threading.Thread(target=container.run, name="boilermaker-local-bus", daemon=True)
        self._thread.start()
        listening.wait(_STOP_SECONDS)
        return self

    def stop(self) -> None:
        """Close connections and stop listening. Stopping twice is fine."""
        if self._thread is not None:
            self._trigger("stop_asked")
            self._thread.join(_STOP_SECONDS)
            self._thread = None

    def drop_connections(self) -> None:
        """Cut every connection without a word, as a network does."""
        self._trigger("drop_asked")

    def counts(self) -> dict[str, Counts]:
        """By queue: how many messages are active, locked, scheduled and dead-lettered."""
        counted: dict[str, Counts] = self._call(
            lambda: {name: queue.counts() for name, queue in self.queues.items()}
        )
        return counted

    def _call(self, function: Callable[[], Any]) -> Any:
        if self._thread is None:
            return function()
        done = threading.Event()
        result: list[Any] = []

        def run() -> None:
            result.append(function())
            done.set()

        self._trigger("call_asked", run)
        if not done.wait(_STOP_SECONDS):
            raise ConfigurationError("the local bus does not answer")
        return result[0]

    def _trigger(self, name: str, subject: object = None) -> None:
        self._injector.trigger(ApplicationEvent(name, subject=subject))

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()


def _free_port(host: str, port: int) -> int:
    """The port to listen on, tried out first: proton tells of a taken port too late to say so well."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            raise ConfigurationError(
                f"cannot listen on {host}:{port}: {error.strerror}. Choose another port with --port, or stop what uses it."
            ) from None
        return int(probe.getsockname()[1])
