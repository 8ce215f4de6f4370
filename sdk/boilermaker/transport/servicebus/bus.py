"""Azure Service Bus and compatible AMQP services: creates a bus from credentials, a connection string or the environment.

This module does not import azure. The modules that do (`send`, `receive`) are loaded when a sender or a receiver is
created, so importing stubs and building tasks stays cheap.
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

_NOWHERE = Address("nowhere")  # the address of a bus from `from_env` if the environment names none


class _Closable(Protocol):
    async def close(self) -> None: ...


class _DefaultCredential:
    """One credential for all connections, created when the first opens. It caches tokens."""

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
    """A Service Bus namespace on Azure, or the local bus. Creating one opens no connection.

    Args:
        fully_qualified_namespace: `<name>.servicebus.windows.net`, or a URL of it.
        credential: an asynchronous token credential of azure-identity, or one of azure-core's key credentials.
            The caller closes it.
        queue: the default queue.

    Raises:
        ConfigurationError: the namespace is not a host name.
    """

    def __init__(self, fully_qualified_namespace: str, credential: Any, *, queue: str | None = None) -> None:
        self._address = from_namespace(fully_qualified_namespace, credential=lambda: credential)
        self._queue = queue or None
        self._clock = ServiceClock()
        self._credential: _Closable | None = None
        self._open: list[_Closable] = []

    @classmethod
    def from_connection_string(cls, connection_string: str, *, queue: str | None = None) -> "AzureServiceBus":
        """Create a bus from a connection string, as the Azure portal and `boilermaker local` show it.

        Args:
            connection_string: its `EntityPath`, if it has one, becomes the default queue.
            queue: the default queue; overrides `EntityPath`.

        Raises:
            ConfigurationError: the string is malformed. The error names the part, never its value.
        """
        return cls._at(from_connection_string(connection_string), queue)

    @classmethod
    def from_env(cls, environ: Mapping[str, str] = os.environ) -> "AzureServiceBus":
        """Create a bus from environment variables.

        `SERVICE_BUS_CONNECTION_STRING`, or `SERVICE_BUS_NAMESPACE_URL` with azure-identity's
        `DefaultAzureCredential` (extra `azure`); `SERVICE_BUS_QUEUE` is the default queue, or
        `SERVICE_BUS_QUEUE_NAME` if that is not set.

        If no namespace is configured, only `sender` and `receiver` raise. So a module that creates a bus can be imported without
        any configuration, to check its contract or to test it.

        Raises:
            ConfigurationError: both are set, one is malformed, or azure-identity is not installed.
        """
        connection_string, namespace = environ.get(CONNECTION_STRING), environ.get(NAMESPACE_URL)
        queue = environ.get(QUEUE) or environ.get(QUEUE_OF_1X)
        if connection_string and namespace:
            raise ConfigurationError(
                f"both {CONNECTION_STRING} and {NAMESPACE_URL} are set: unset one of them"
            )
        if connection_string:
            return cls._at(from_connection_string(connection_string), queue)
        if not namespace:
            return cls._at(_NOWHERE, queue)
        # Checked now, imported when a connection is opened.
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
        """The default queue."""
        return self._queue

    @property
    def clock(self) -> Clock:
        """The service's time, estimated from its messages; the machine's clock until one has arrived."""
        return self._clock

    def check_configured(self) -> None:
        """Check that a namespace is configured.

        Raises:
            ConfigurationError: the bus was created by `from_env`, and the environment named no namespace.
        """
        if self._address is _NOWHERE:
            raise ConfigurationError(
                "no Service Bus is configured: set "
                f"{CONNECTION_STRING} (as the portal or `boilermaker local` shows it), or "
                f"{NAMESPACE_URL} (<name>.servicebus.windows.net, signed in by DefaultAzureCredential); "
                f"{QUEUE} names the default queue"
            )

    def sender(self, queue: str) -> Sender:
        """Create a sender with its own connection, opened on first use.

        Raises:
            ConfigurationError: see `check_configured`.
        """
        self.check_configured()
        sender: Sender = _load("send").AzureSender(self._address, queue)
        self._open.append(sender)
        return sender

    def receiver(self, queue: str, *, prefetch: int = 0) -> Receiver:
        """Create a receiver with its own connection, opened on first use.

        Args:
            queue: a queue's name, or `<queue>/$deadletterqueue`.
            prefetch: number of messages to prefetch, which are locked while they wait in the client.

        Raises:
            ConfigurationError: see `check_configured`.
        """
        self.check_configured()
        receiver: Receiver = _load("receive").AzureReceiver(self._address, queue, prefetch, self._clock)
        self._open.append(receiver)
        return receiver

    def forget(self, sender: Sender) -> None:
        """Drop a sender whose event loop is closed. Its sockets close once nothing refers to them."""
        if sender in self._open:
            self._open.remove(sender)

    async def close(self) -> None:
        """Close every sender and receiver of this bus, and the credential that `from_env` created."""
        await asyncio.gather(*(each.close() for each in self._open))
        if self._credential is not None:
            await self._credential.close()

    def __repr__(self) -> str:
        return f"<AzureServiceBus {self._address.host} queue={self._queue!r}>"


def _load(sibling: str) -> Any:
    """Import a module that needs azure. This is the only place with lazy imports of azure."""
    return importlib.import_module(f"boilermaker.transport.servicebus.{sibling}")
