"""Opens and closes connections of the SDK. `refusals` interprets its errors."""

import asyncio
import logging
import time
from typing import Any, Protocol

from azure.servicebus.aio import ServiceBusClient, ServiceBusReceiver, ServiceBusSender

from boilermaker.transport.servicebus.address import Address

# By default the SDK sends without a timeout; a bus that does not answer is an error.
TRY_TIMEOUT_SECONDS = 20.0
_REFUSAL_SECONDS = 2.0
# A bus that hangs, or a network that drops all packets, does not end the connection: callers would wait forever.
SILENCE_SECONDS = 60.0
_CLOSE_SECONDS = 6.0  # slightly more than the SDK's maximum to drain a link
_log = logging.getLogger("boilermaker.transport")
_sdk_log = logging.getLogger("azure.servicebus")


def client(address: Address, *, retries: int) -> ServiceBusClient:
    """A client that retries a failed call `retries` times, after 0.4, 0.8, 1.6 ... seconds."""
    if address.connection_string is not None:
        return ServiceBusClient.from_connection_string(
            address.connection_string,
            retry_total=retries,
            retry_backoff_factor=0.2,
            retry_backoff_max=10,
            try_timeout=TRY_TIMEOUT_SECONDS,
        )
    return ServiceBusClient(
        address.host,
        address.credential() if address.credential else None,  # type: ignore[arg-type]  # checked by the SDK
        retry_total=retries,
        retry_backoff_factor=0.2,
        retry_backoff_max=10,
        try_timeout=TRY_TIMEOUT_SECONDS,
    )


def ask_for_heartbeats(owner: ServiceBusReceiver) -> None:
    """Request a heartbeat from the service at least every `SILENCE_SECONDS` (AMQP 1.0, 2.4.5). Call before opening the owner.

    The SDK has only a private name for it. If that is missing, no heartbeats are requested, and silence is not detected.
    """
    opened: Any = owner
    create: Any = getattr(opened, "_create_handler", None)
    if create is None:
        return

    def create_asking(*args: Any) -> None:
        create(*args)
        handler: Any = getattr(opened, "_handler", None)
        if hasattr(handler, "_idle_timeout"):
            handler._idle_timeout = SILENCE_SECONDS  # noqa: SLF001

    opened._create_handler = create_asking  # noqa: SLF001


def stop_keep_alive(owner: ServiceBusReceiver | ServiceBusSender) -> None:
    """Cancel the SDK's keep-alive task, for which closing would wait up to a second. Uses a private name."""
    handler: Any = getattr(owner, "_handler", None)
    task: asyncio.Task[None] | None = getattr(handler, "_keep_alive_thread", None)
    if task is not None:
        task.cancel()
        handler._keep_alive_thread = None  # noqa: SLF001


class Sockets:
    """The sockets of a sender or receiver. Create before opening it.

    The SDK does not close the socket of a connection that was lost or failed to open. It has only private names for sockets; if
    those are missing, sockets are closed by garbage collection.
    """

    def __init__(self, owner: ServiceBusReceiver | ServiceBusSender) -> None:
        self._connections: list[Any] = []
        opened: Any = owner
        create: Any = getattr(opened, "_create_handler", None)
        if create is None:
            return

        def create_watched(*args: Any) -> None:
            create(*args)
            handler: Any = getattr(opened, "_handler", None)
            connect = getattr(handler, "open_async", None)
            if connect is None:
                return

            async def connect_watched(*args: Any, **kwargs: Any) -> None:
                try:
                    await connect(*args, **kwargs)
                finally:
                    self._connections.append(getattr(handler, "_connection", None))

            handler.open_async = connect_watched

        opened._create_handler = create_watched  # noqa: SLF001

    async def close(self) -> None:
        """Abort all sockets that are still open, without waiting for pending writes."""
        connections, self._connections = self._connections, []
        for connection in connections:
            writer: asyncio.StreamWriter | None = getattr(
                getattr(connection, "_transport", None), "writer", None
            )
            if writer is not None:
                writer.transport.abort()
        await asyncio.sleep(0)  # the event loop closes them in its next turn


class Closable(Protocol):
    """The reader or writer of an attached link."""

    async def close(self) -> None: ...


async def disconnect(link: Closable, service: ServiceBusClient, sockets: Sockets) -> None:
    """Close an attached link, its client and its sockets; a lost connection cannot block this."""
    try:
        async with asyncio.timeout(_CLOSE_SECONDS):
            await link.close()
            await service.close()
    except Exception:  # noqa: BLE001  # it is closed either way
        _log.debug("closing a lost connection failed", exc_info=True)
    finally:
        await sockets.close()


async def confirm_attached(owner: ServiceBusReceiver | ServiceBusSender) -> None:
    """Raise the service's error if it rejects the link.

    A rejected link is attached without a source or target, and immediately detached with the reason (AMQP 1.0, 2.6.3).
    In between, the SDK reports it as open.
    """
    handler: Any = getattr(owner, "_handler", None)
    connection: Any = getattr(handler, "_connection", None)
    listen, state = (
        getattr(connection, "listen", None),
        getattr(getattr(handler, "_link", None), "get_state", None),
    )
    if listen is None or state is None:
        return  # another version of the SDK: the first use will raise the error
    deadline = time.monotonic() + _REFUSAL_SECONDS
    try:
        # At least once: some peers attach with source and target before they detach.
        await listen(wait=0.01)
        while state().value != 3 and time.monotonic() < deadline:  # LinkState.ATTACHED
            await listen(wait=0.1)
    except Exception as error:
        raise in_sdk_words(owner, error) from error


def in_sdk_words(owner: ServiceBusReceiver | ServiceBusSender, error: Exception) -> Exception:
    """Convert an error of the SDK's AMQP layer to the SDK's public error; any other error means a lost connection."""
    if not type(error).__module__.startswith("azure.servicebus"):
        return (
            error if isinstance(error, OSError) else ConnectionResetError(f"{type(error).__name__}: {error}")
        )
    convert: Any = getattr(getattr(owner, "_amqp_transport", None), "create_servicebus_exception", None)
    if convert is None:
        return error  # it carries its condition
    converted: Exception = convert(_sdk_log, error)
    return converted


def max_message_size(sender: ServiceBusSender) -> int | None:
    """The maximum message size that the sender link announces; None if it does not, or the SDK does not expose it."""
    limit: object = getattr(sender, "_max_message_size_on_link", None)
    return limit if isinstance(limit, int) and limit > 0 else None
