"""The raw Service Bus client as tests use it: its sync and its async half behind one set of awaitable methods."""

import asyncio
import inspect
from collections.abc import Callable
from itertools import count
from typing import Any

import azure.servicebus
import azure.servicebus.aio
from azure.servicebus import ServiceBusMessage, ServiceBusReceivedMessage

HALVES: dict[str, Callable[..., Any]] = {
    "sync": azure.servicebus.ServiceBusClient.from_connection_string,
    "async": azure.servicebus.aio.ServiceBusClient.from_connection_string,
}
WAIT_SECONDS = 5.0
_ids = count()


class Awaited:
    """An object of either half: methods of the sync half are awaited like those of the async half."""

    def __init__(self, wrapped: Any) -> None:
        self.wrapped = wrapped

    def __getattr__(self, name: str) -> Any:
        value = getattr(self.wrapped, name)
        if not callable(value):
            return value

        async def call(*args: Any, **options: Any) -> Any:
            result = value(*args, **options)
            return await result if inspect.isawaitable(result) else result

        return call


class RawClient:
    """One connection of the unmodified client, and what was opened over it.

    Args:
        half: `sync` or `async`.
        connection_string: of the bus.
    """

    def __init__(self, half: str, connection_string: str) -> None:
        # The client asks again, after seconds, for much that no repeat can help.
        self._client = HALVES[half](connection_string, retry_total=0)
        self._opened: list[Any] = []  # the client itself keeps weak references only

    def sender(self, queue: str) -> Awaited:
        """A sender to a queue."""
        return self._opening(self._client.get_queue_sender(queue))

    def receiver(self, queue: str, **options: Any) -> Awaited:
        """A receiver from a queue; `options` are the client's own."""
        return self._opening(self._client.get_queue_receiver(queue, **options))

    async def close(self) -> None:
        """Close everything. It takes a second or two: the client drains links and joins threads that sleep."""
        if isinstance(self._client, azure.servicebus.ServiceBusClient):
            await asyncio.to_thread(self._close)
        else:
            for each in [*self._opened, self._client]:
                await each.close()

    def _close(self) -> None:
        for each in [*self._opened, self._client]:
            each.close()

    def _opening(self, wrapped: Any) -> Awaited:
        self._opened.append(wrapped)
        return Awaited(wrapped)


def message(body: Any = b"{}", **fields: Any) -> ServiceBusMessage:
    """A message with an id of its own."""
    return ServiceBusMessage(body, **{"message_id": f"raw-{next(_ids)}", **fields})


async def take(receiver: Awaited, wanted: int = 1) -> list[ServiceBusReceivedMessage]:
    """Exactly so many messages, in the order of their coming."""
    found: list[ServiceBusReceivedMessage] = []
    while len(found) < wanted:
        batch = await receiver.receive_messages(wanted - len(found), WAIT_SECONDS)
        assert batch, f"{len(found)} of {wanted} messages came"
        found.extend(batch)
    return found


async def take_one(receiver: Awaited) -> ServiceBusReceivedMessage:
    """The next message, waited for."""
    [found] = await take(receiver)
    return found


async def opened(link: Awaited) -> Awaited:
    """A sender or receiver that has connected, so that a short wait is a wait for messages alone."""
    enter = getattr(link.wrapped, "__aenter__", None) or link.wrapped.__enter__
    result = enter()
    if inspect.isawaitable(result):
        await result
    return link


async def nothing_comes(receiver: Awaited) -> bool:
    """Whether the queue has nothing to receive."""
    await opened(receiver)
    return not await receiver.receive_messages(1, 0.3)


def body_of(received: ServiceBusReceivedMessage) -> bytes:
    """A data body in one piece."""
    return b"".join(received.body)
