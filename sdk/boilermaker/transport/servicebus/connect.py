"""How a connection of the SDK is made and ended, and what its errors mean here."""

import asyncio
import logging
import struct
import time
from typing import Any, Protocol

from azure.core.exceptions import ClientAuthenticationError
from azure.servicebus import exceptions as sdk
from azure.servicebus.aio import ServiceBusClient, ServiceBusReceiver, ServiceBusSender

from boilermaker.errors import (
    BusError,
    LockLostError,
    MessageTooLargeError,
    QueueNotFoundError,
    SessionQueueError,
)
from boilermaker.transport.servicebus.address import Address, redact

# The SDK sends without a limit of time unless told; a bus that does not answer is a fault, not a wait.
TRY_TIMEOUT_SECONDS = 20.0
_REFUSAL_SECONDS = 2.0
# A bus that hangs, or a network that swallows everything, ends no connection: whoever waits would wait for ever.
SILENCE_SECONDS = 60.0
_CLOSE_SECONDS = 6.0  # a little more than the SDK takes at most to drain a link
_log = logging.getLogger("boilermaker.transport")
_sdk_log = logging.getLogger("azure.servicebus")

_RIGHTS = {
    "send to": "the role 'Azure Service Bus Data Sender', or a key with the Send right",
    "receive from": "the role 'Azure Service Bus Data Receiver', or a key with the Listen right",
}
_TRANSIENT = (
    sdk.ServiceBusServerBusyError,
    sdk.ServiceBusConnectionError,
    sdk.ServiceBusCommunicationError,
    sdk.OperationTimeoutError,
    sdk.ServiceBusQuotaExceededError,  # heals once messages are taken out, or connections closed
    sdk.MessagingEntityDisabledError,  # heals once an operator enables it
    OSError,
    TimeoutError,
)
_BROKEN = (TypeError, ValueError, LookupError, AttributeError, struct.error)
_NO_QUEUE = {"amqp:not-found", "amqp:resource-deleted"}
# What the service answers to a request that it will not take the next time either (AMQP 1.0, 2.8.15-2.8.18; Service Bus). All other
# conditions are of a link, a session, a connection or a moment: another try may go well.
_FINAL = {
    *_NO_QUEUE,
    "amqp:decode-error",
    "amqp:invalid-field",
    "amqp:not-allowed",
    "amqp:not-implemented",
    "amqp:precondition-failed",
    "amqp:unauthorized-access",
    "amqp:link:message-size-exceeded",
    "com.microsoft:argument-error",
    "com.microsoft:argument-out-of-range",
    "com.microsoft:auth-failed",
    "com.microsoft:message-lock-lost",
    "com.microsoft:message-not-found",
}
_REFUSED = (
    sdk.ServiceBusAuthenticationError,
    sdk.ServiceBusAuthorizationError,
    ClientAuthenticationError,
)


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
        opened._handler._idle_timeout = SILENCE_SECONDS  # noqa: SLF001

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
            handler = opened._handler  # noqa: SLF001
            connect = handler.open_async

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
    link: Any = getattr(handler, "_link", None)
    if link is None:
        return  # another version of the SDK: the first use will tell
    deadline = time.monotonic() + _REFUSAL_SECONDS
    try:
        # Once in any case: some peers attach in full before they detach.
        await handler._connection.listen(wait=0.01)  # noqa: SLF001
        while link.get_state().value != 3 and time.monotonic() < deadline:  # LinkState.ATTACHED
            await handler._connection.listen(wait=0.1)  # noqa: SLF001
    except Exception as error:
        raise in_sdk_words(owner, error) from error


def in_sdk_words(owner: ServiceBusReceiver | ServiceBusSender, error: Exception) -> Exception:
    """An error of the SDK's AMQP layer as the SDK's own public error; what is none is a lost connection."""
    if not type(error).__module__.startswith("azure.servicebus"):
        return (
            error if isinstance(error, OSError) else ConnectionResetError(f"{type(error).__name__}: {error}")
        )
    sdk_transport: Any = owner._amqp_transport  # noqa: SLF001  # pyright: ignore[reportPrivateUsage]
    converted: Exception = sdk_transport.create_servicebus_exception(_sdk_log, error)
    return converted


def max_message_size(sender: ServiceBusSender) -> int | None:
    """What the sender link says one message may have; None where it does not, or the SDK hides it."""
    limit: object = getattr(sender, "_max_message_size_on_link", None)
    return limit if isinstance(limit, int) and limit > 0 else None


def condition_of(error: BaseException) -> str:
    """The AMQP error condition that an error of the SDK carries, such as `amqp:not-found`; empty without one."""
    found: object = getattr(error, "_condition", None) or getattr(error, "condition", None)
    return found.decode(errors="replace") if isinstance(found, bytes) else str(found or "")


def _is_passing(error: BaseException, inner: object) -> bool:
    """Whether the SDK's error hides that the bus is not itself just now.

    It calls every token that is not taken a refusal, also where the service says that it is busy; and an answer that is
    no AMQP fails in its decoder, in whatever way.
    """
    status: object = getattr(inner, "status_code", None)
    if isinstance(status, int):
        return status >= 500 or status in {408, 429}
    return isinstance(error, sdk.ServiceBusError) and isinstance(inner, _BROKEN)


def translate(error: BaseException, queue: str, doing: str) -> BusError:
    """What an error of the SDK is in our words.

    Args:
        error: whatever was raised.
        queue: the queue concerned.
        doing: "send to", "receive from", "settle a message of" or "renew a lock of".
    """
    if isinstance(error, BusError):
        return error
    condition, text = condition_of(error), redact(str(error))
    inner: object = getattr(error, "inner_exception", None)
    what = f"cannot {doing} queue {queue!r}"
    if isinstance(error, sdk.MessageLockLostError) or "message-lock-lost" in condition:
        return LockLostError(
            f"{what}: its lock is lost, the message comes again ({text})",
            queue=queue,
        )
    if isinstance(error, sdk.MessagingEntityNotFoundError) or condition in _NO_QUEUE:
        name = queue.partition("/$")[0]  # a sub-queue comes and goes with its queue
        return QueueNotFoundError(
            f"there is no queue {name!r}: create it, or correct the name ({text})", queue=queue
        )
    if isinstance(error, sdk.MessageSizeExceededError) or "message-size-exceeded" in condition:
        return MessageTooLargeError(f"queue {queue!r} refuses a message of this size ({text})", queue=queue)
    if "session" in text.lower() and condition in {"amqp:not-allowed", "amqp:not-implemented"}:
        return SessionQueueError(
            f"queue {queue!r} requires sessions, which Boilermaker does not use: "
            "create a queue with sessions disabled (it cannot be changed later) and use that one",
            queue=queue,
        )
    if _is_passing(error, inner):
        return BusError(f"{what}: {text}", queue=queue, is_transient=True)
    if isinstance(error, _REFUSED) or isinstance(inner, _REFUSED) or condition == "amqp:unauthorized-access":
        right = _RIGHTS.get(doing, _RIGHTS["receive from"])
        return BusError(f"not authorized to {doing} queue {queue!r}: it takes {right} ({text})", queue=queue)
    is_transient = (
        isinstance(error, _TRANSIENT)
        or isinstance(inner, _TRANSIENT)
        or (condition != "" and condition not in _FINAL)
    )
    return BusError(f"{what}: {text}", queue=queue, is_transient=is_transient)
