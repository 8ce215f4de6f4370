"""Azure Service Bus, and whatever speaks its AMQP: where a bus comes from and who may use it.

Nothing of azure is imported here. The siblings that need it (`send`, `receive`) are
loaded when a sender or a receiver is asked for: importing stubs and building tasks costs nothing of it.
"""

import asyncio
import importlib
import os
from collections.abc import Mapping
from importlib.util import find_spec
from typing import Any, Protocol

from boilermaker.errors import ConfigurationError
from boilermaker.transport.clock import ServiceClock
from boilermaker.transport.port import Clock, Receiver, Sender
from boilermaker.transport.servicebus.address import Address, from_connection_string, from_namespace

CONNECTION_STRING = "SERVICE_BUS_CONNECTION_STRING"
NAMESPACE_URL = "SERVICE_BUS_NAMESPACE_URL"
QUEUE = "SERVICE_BUS_QUEUE"
QUEUE_OF_1X = "SERVICE_BUS_QUEUE_NAME"  # what boilermaker-servicebus 1.x reads

_NOWHERE = Address("nowhere")  # what `from_env` makes a bus of where the environment names none


class _Closable(Protocol):
    async def close(self) -> None: ...


class _DefaultCredential:
    """One credential for all connections, made when the first is opened: it caches tokens."""

    def __init__(self) -> None:
        self._made: Any = None

    def get(self) -> Any:
        if self._made is None:
            self._made = importlib.import_module("azure.identity.aio").DefaultAzureCredential()
        return self._made

    async def close(self) -> None:
        made, self._made = self._made, None
        if made is not None:
            await made.close()


class AzureServiceBus:
    """A Service Bus namespace on Azure, or the local bus. Making one opens no connection.

    Args:
        fully_qualified_namespace: `<name>.servicebus.windows.net`; a URL of it will do.
        credential: an asynchronous token credential of azure-identity, or one of azure-core's key credentials.
            The caller closes it.
        queue: the queue meant where none is named.

    Raises:
        ConfigurationError: the namespace is no host name.
    """

    def __init__(self, fully_qualified_namespace: str, credential: Any, *, queue: str | None = None) -> None:
        self._address = from_namespace(fully_qualified_namespace, credential=lambda: credential)
        self._queue = queue or None
        self._clock = ServiceClock()
        self._credential: _Closable | None = None
        self._open: list[_Closable] = []

    @classmethod
    def from_connection_string(cls, connection_string: str, *, queue: str | None = None) -> "AzureServiceBus":
        """A bus for a connection string, as the Azure portal and `boilermaker local` show it.

        Args:
            connection_string: its `EntityPath`, if it has one, becomes the default queue.
            queue: the default queue; wins over `EntityPath`.

        Raises:
            ConfigurationError: the string is none. The message names the part, never its value.
        """
        return cls._at(from_connection_string(connection_string), queue)

    @classmethod
    def from_env(cls, environ: Mapping[str, str] = os.environ) -> "AzureServiceBus":
        """A bus for what the environment names.

        `SERVICE_BUS_CONNECTION_STRING`, or `SERVICE_BUS_NAMESPACE_URL` with azure-identity's
        `DefaultAzureCredential` (extra `azure`); `SERVICE_BUS_QUEUE` is the default queue, or
        `SERVICE_BUS_QUEUE_NAME` where that is not set.

        Where neither is set, `sender` and `receiver` raise: a module that makes a bus can be imported on a machine without
        one, to check its contract or to test it.

        Raises:
            ConfigurationError: both are set, one is malformed, or azure-identity is not installed.
        """
        connection_string, namespace = environ.get(CONNECTION_STRING), environ.get(NAMESPACE_URL)
        queue = environ.get(QUEUE) or environ.get(QUEUE_OF_1X)
        if connection_string and namespace:
            raise ConfigurationError(
                f"both {CONNECTION_STRING} and {NAMESPACE_URL} are set: unset the one not meant"
            )
        if connection_string:
            return cls._at(from_connection_string(connection_string), queue)
        if not namespace:
            return cls._at(_NOWHERE, queue)
        # Looked for now, imported when a connection is opened.
        if find_spec("azure") is None or find_spec("azure.identity") is None:
            raise ConfigurationError(
                f"{NAMESPACE_URL} needs azure-identity to sign in: pip install 'boilermaker-sdk[azure]'"
            )
        credential = _DefaultCredential()
        bus = cls._at(from_namespace(namespace, credential=credential.get), queue)
        bus._credential = credential  # noqa: SLF001  # ours to close
        return bus

    @classmethod
    def _at(cls, address: Address, queue: str | None) -> "AzureServiceBus":
        bus = cls(address.host, None, queue=queue or address.entity)
        bus._address = address
        return bus

    @property
    def default_queue(self) -> str | None:
        """The queue meant where none is named."""
        return self._queue

    @property
    def clock(self) -> Clock:
        """The service's time: what its messages state, and the machine's own clock until one has come."""
        return self._clock

    def check_configured(self) -> None:
        """Whether there is a namespace to connect to.

        Raises:
            ConfigurationError: the environment named none when the bus was made by `from_env`.
        """
        if self._address is _NOWHERE:
            raise ConfigurationError(
                "no Service Bus is configured: set "
                f"{CONNECTION_STRING} (as the portal or `boilermaker local` shows it), or "
                f"{NAMESPACE_URL} (<name>.servicebus.windows.net, signed in by DefaultAzureCredential); "
                f"{QUEUE} names the default queue"
            )

    def sender(self, queue: str) -> Sender:
        """A sender with a connection of its own, opened by its first use.

        Raises:
            ConfigurationError: see `check_configured`.
        """
        self.check_configured()
        sender: Sender = _load("send").AzureSender(self._address, queue)
        self._open.append(sender)
        return sender

    def receiver(self, queue: str, *, prefetch: int = 0) -> Receiver:
        """A receiver with a connection of its own, opened by its first use.

        Args:
            queue: a queue's name, or `<queue>/$deadletterqueue`.
            prefetch: messages to hold in the client, locked, ahead of being asked for.

        Raises:
            ConfigurationError: see `check_configured`.
        """
        self.check_configured()
        receiver: Receiver = _load("receive").AzureReceiver(self._address, queue, prefetch, self._clock)
        self._open.append(receiver)
        return receiver

    def forget(self, sender: Sender) -> None:
        """Drop a sender whose event loop is closed: its sockets are closed with it, once nothing refers to them."""
        if sender in self._open:
            self._open.remove(sender)

    async def close(self) -> None:
        """Close every sender and receiver made here, and the credential that `from_env` made."""
        await asyncio.gather(*(each.close() for each in self._open))
        if self._credential is not None:
            await self._credential.close()

    def __repr__(self) -> str:
        return f"<AzureServiceBus {self._address.host} queue={self._queue!r}>"


def _load(sibling: str) -> Any:
    """The one place where importing waits for a connection to be wanted (the design's rule for azure)."""
    return importlib.import_module(f"boilermaker.transport.servicebus.{sibling}")
