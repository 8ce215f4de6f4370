"""Scheduled messages that can be cancelled: management requests of the SDK, over a connection of their own.

A message that is sent with a time of its own is scheduled as well, and far cheaper, but the service does not tell its sequence
number then.
"""

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar

from azure.servicebus.aio import ServiceBusClient, ServiceBusSender
from azure.servicebus.exceptions import MessageNotFoundError

from boilermaker.errors import NotScheduledError
from boilermaker.transport.port import OutgoingMessage
from boilermaker.transport.servicebus.address import Address
from boilermaker.transport.servicebus.connect import client
from boilermaker.transport.servicebus.plain import built
from boilermaker.transport.servicebus.refusals import Doing, translate

T = TypeVar("T")


class Scheduler:
    """Schedules and cancels messages of one queue. Connects when it is first used."""

    def __init__(self, address: Address, queue: str) -> None:
        self._address = address
        self._queue = queue
        self._open: tuple[ServiceBusClient, ServiceBusSender] | None = None
        self._managing = asyncio.Lock()  # the SDK: "not guaranteed to be coroutine-safe"

    async def schedule(self, message: OutgoingMessage) -> int:
        """The sequence number of a message that is enqueued for later. See the port for errors.

        A request whose answer is lost is not repeated: the repeat would be dropped as a duplicate, and its number be unknown.
        """
        due = message.scheduled_enqueue_time
        if due is None:
            raise ValueError("a scheduled message has a time")
        [number] = await self._ask(lambda sender: sender.schedule_messages(built(message), due), "send to")
        return number

    async def cancel(self, sequence_number: int) -> None:
        """Remove a scheduled message. See the port for errors."""
        await self._ask(
            lambda sender: sender.cancel_scheduled_messages(sequence_number), "attach a sender to"
        )

    async def close(self) -> None:
        """Disconnect; using it again reconnects."""
        async with self._managing:
            await self._disconnect()

    async def _ask(self, ask: Callable[[ServiceBusSender], Awaitable[T]], doing: Doing) -> T:
        async with self._managing:
            try:
                return await ask(await self._sender())
            except MessageNotFoundError:
                raise NotScheduledError(
                    f"no scheduled message of queue {self._queue!r} has that sequence number: it is active by now, was "
                    "handled, or was cancelled before",
                    queue=self._queue,
                ) from None
            except BaseException as error:
                await self._disconnect()
                if not isinstance(error, Exception):
                    raise
                raise translate(error, self._queue, doing) from error

    async def _sender(self) -> ServiceBusSender:
        if self._open is None:
            service = client(self._address, retries=0)
            self._open = service, service.get_queue_sender(self._queue)
        return self._open[1]

    async def _disconnect(self) -> None:
        opened, self._open = self._open, None
        if opened is not None:
            service, sender = opened
            await sender.close()
            await service.close()
