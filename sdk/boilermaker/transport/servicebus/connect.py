"""How a connection of the SDK is made and ended. What its errors mean stands in `refusals`."""

import asyncio
import logging
import time
from typing import Any, Protocol

from azure.servicebus.aio import ServiceBusClient, ServiceBusReceiver, ServiceBusSender

from boilermaker.transport.servicebus.address import Address

# The SDK sends without a limit of time unless told; a bus that does not answer is a fault, not a wait.
TRY_TIMEOUT_SECONDS = 20.0
_REFUSAL_SECONDS = 2.0
# A bus that hangs, or a network that swallows everything, ends no connection: whoever waits would wait for ever.
SILENCE_SECONDS = 60.0
_CLOSE_SECONDS = 6.0  # a little more than the SDK takes at most to drain a link
_log = logging.getLogger("boilermaker.transport")
_sdk_log = logging.getLogger("azure.servicebus")


def client(address: Address, *, retries: int) -> ServiceBusClient:
    """A client that repeats a failed call `retries` times, after 0.4, 0.8, 1.6 ... seconds."""
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
    """Ask the service to say something at least every `SILENCE_SECONDS` (AMQP 1.0, 2.4.5), before the owner is opened.

    The SDK can, but has no public name for it. Without it nothing is asked, and silence is no sign.
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
    """End the SDK's keep-alive task, for which closing would wait up to a second. It has no public name."""
    handler: Any = getattr(owner, "_handler", None)
    task: asyncio.Task[None] | None = getattr(handler, "_keep_alive_thread", None)
    if task is not None:
        task.cancel()
        handler._keep_alive_thread = None  # noqa: SLF001


class Sockets:
    """The sockets under a sender or receiver, to be made before that is opened.

    The SDK forgets to close one whose connection was lost, or did not come about. It has no public name for any of them; where the
    private ones are gone, sockets are closed when they are garbage.
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
        """Close those that are still open, at once: whatever waits to be written to them is not waited for."""
        connections, self._connections = self._connections, []
        for connection in connections:
            writer: asyncio.StreamWriter | None = getattr(
                getattr(connection, "_transport", None), "writer", None
            )
            if writer is not None:
                writer.transport.abort()
        await asyncio.sleep(0)  # which the event loop then does


class Closable(Protocol):
    """Who reads or writes an attached link."""

    async def close(self) -> None: ...


async def disconnect(link: Closable, service: ServiceBusClient, sockets: Sockets) -> None:
    """Close an attached link and all under it; a connection that is gone cannot hold this up."""
    try:
        async with asyncio.timeout(_CLOSE_SECONDS):
            await link.close()
            await service.close()
    except Exception:  # noqa: BLE001  # it is gone either way
        _log.debug("closing a lost connection failed", exc_info=True)
    finally:
        await sockets.close()


async def confirm_attached(owner: ServiceBusReceiver | ServiceBusSender) -> None:
    """Raise what the service says if it refuses the link.

    A refused link is attached without a source or target, and detached at once with the reason (AMQP 1.0, 2.6.3).
    The SDK calls it open in between.
    """
    handler: Any = getattr(owner, "_handler", None)
    connection: Any = getattr(handler, "_connection", None)
    listen, state = (
        getattr(connection, "listen", None),
        getattr(getattr(handler, "_link", None), "get_state", None),
    )
    if listen is None or state is None:
        return  # another version of the SDK: the first use will tell
    deadline = time.monotonic() + _REFUSAL_SECONDS
    try:
        # Once in any case: some peers attach in full before they detach.
        await listen(wait=0.01)
        while state().value != 3 and time.monotonic() < deadline:  # LinkState.ATTACHED
            await listen(wait=0.1)
    except Exception as error:
        raise in_sdk_words(owner, error) from error


def in_sdk_words(owner: ServiceBusReceiver | ServiceBusSender, error: Exception) -> Exception:
    """An error of the SDK's AMQP layer as the SDK's own public error; what is none is a lost connection."""
    if not type(error).__module__.startswith("azure.servicebus"):
        return (
            error if isinstance(error, OSError) else ConnectionResetError(f"{type(error).__name__}: {error}")
        )
    convert: Any = getattr(getattr(owner, "_amqp_transport", None), "create_servicebus_exception", None)
    if convert is None:
        return error  # it has its condition
    converted: Exception = convert(_sdk_log, error)
    return converted


def max_message_size(sender: ServiceBusSender) -> int | None:
    """What the sender link says one message may have; None where it does not, or the SDK hides it."""
    limit: object = getattr(sender, "_max_message_size_on_link", None)
    return limit if isinstance(limit, int) and limit > 0 else None
