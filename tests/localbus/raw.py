"""The raw Service Bus client as tests use it: its sync and its async half behind one set of awaitable methods."""

import asyncio
import inspect
from collections.abc import Callable
from itertools import count
from typing import Any

import azure.servicebus
import azure.servicebus.aio
import pytest
from azure.servicebus import ServiceBusMessage, ServiceBusReceivedMessage

from bus.rigs import new_queue

HALVES: dict[str, Callable[..., Any]] = {
    "sync": azure.servicebus.ServiceBusClient.from_connection_string,
    "async": azure.servicebus.aio.ServiceBusClient.from_connection_string,
}
WAIT_SECONDS = 5.0
_ids = count()

both_halves = pytest.mark.parametrize("client", list(HALVES), indirect=True)
"""For tests of what the halves do each in their own way; the bus is the same for both."""


class Awaited:
    """An object of either half: methods of the sync half are awaited like those of the async half."""

    def __init__(self, wrapped: Any) -> None:
        self.wrapped = wrapped

    def __getattr__(self, name: str) -> Any:
        value = getattr(self.wrapped, name)
        if not callable(value):
            return value

        async def call(*args: Any, **options: Any) -> Any:
            # In a thread, so that links that are opened ahead, or closed afterwards, go on meanwhile.
            return await asyncio.to_thread(value, *args, **options)

        return value if inspect.iscoroutinefunction(value) else call


class RawClient:
    """The unmodified client, and what was opened with it. Each sender and each receiver has a connection of its own.

    Args:
        half: `sync` or `async`.
        connection_string: of the bus.

    Attributes:
        queue: a queue of its own; what connects to it first finds that already done (see `open_ahead`).
    """

    def __init__(self, half: str, connection_string: str) -> None:
        # The client asks again, after seconds, for much that no repeat can help.
        self._client = HALVES[half](connection_string, retry_total=0)
        self._opened: list[Any] = []  # the client itself keeps weak references only
        self.queue = new_queue()
        self._ahead: dict[str, Awaited] = {}

    async def open_ahead(self) -> None:
        """Connect a sender and a receiver to `queue`: to open one is half a second of the client's own sleep."""
        sender, receiver = self.sender(self.queue), self.receiver(self.queue)
        await asyncio.gather(opened(sender), opened(receiver))
        self._ahead = {"sender": sender, "receiver": receiver}

    def sender(self, queue: str) -> Awaited:
        """A sender to a queue."""
        found = self._ahead.pop("sender", None) if queue == self.queue else None
        return found or self._opening(self._client.get_queue_sender(queue))

    def receiver(self, queue: str, **options: Any) -> Awaited:
        """A receiver from a queue; `options` are the client's own."""
        found = self._ahead.pop("receiver", None) if queue == self.queue and not options else None
        return found or self._opening(self._client.get_queue_receiver(queue, **options))

    async def close(self) -> None:
        """Close everything. It takes a second or two: the client drains links and joins threads that sleep."""
        if isinstance(self._client, azure.servicebus.ServiceBusClient):
            await asyncio.to_thread(self._close)
        else:
            await asyncio.gather(*(each.close() for each in self._opened))
            await self._client.close()

    def _close(self) -> None:
        for each in [*self._opened, self._client]:
            each.close()

    def _opening(self, wrapped: Any) -> Awaited:
        self._opened.append(wrapped)
        return Awaited(wrapped)


def message(body: Any = b"{}", **fields: Any) -> ServiceBusMessage:
    """A message with an id of its own."""
    named: dict[str, Any] = {"message_id": f"raw-{next(_ids)}", **fields}
    return ServiceBusMessage(body, **named)


async def take(receiver: Awaited, wanted: int = 1) -> list[Any]:
    """Exactly so many messages, in the order of their coming.

    They are the client's `ServiceBusReceivedMessage`, whose types call almost everything optional.
    """
    found: list[Any] = []
    while len(found) < wanted:
        batch = await receiver.receive_messages(wanted - len(found), WAIT_SECONDS)
        assert batch, f"{len(found)} of {wanted} messages came"
        found.extend(batch)
    return found


async def take_one(receiver: Awaited) -> Any:
    """The next message, waited for."""
    [found] = await take(receiver)
    return found


async def opened(link: Awaited) -> Awaited:
    """A sender or receiver that has connected, so that a short wait is a wait for messages alone."""
    if hasattr(link.wrapped, "__aenter__"):
        await link.wrapped.__aenter__()
    else:
        await asyncio.to_thread(link.wrapped.__enter__)
    return link


async def nothing_comes(receiver: Awaited) -> bool:
    """Whether the queue has nothing to receive."""
    await opened(receiver)
    return not await receiver.receive_messages(1, 0.3)


def body_of(received: ServiceBusReceivedMessage) -> bytes:
    """A data body in one piece."""
    return b"".join(received.body)
