"""Schedules messages that can be cancelled, through the SDK's management requests on a separate connection.

Sending a message with a scheduled enqueue time is far cheaper, but the service does not return its sequence number then.
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
    """Schedules and cancels messages of one queue. Connects on first use."""

    def __init__(self, address: Address, queue: str) -> None:
        self._address = address
        self._queue = queue
        self._open: tuple[ServiceBusClient, ServiceBusSender] | None = None
        self._managing = asyncio.Lock()  # the SDK: "not guaranteed to be coroutine-safe"

    async def schedule(self, message: OutgoingMessage) -> int:
        """Schedule a message; returns its sequence number. See the port for errors.

        A request whose answer is lost is not retried: the retry would be dropped as a duplicate, without a number.
        """
        due = message.scheduled_enqueue_time
        if due is None:
            raise ValueError("a scheduled message needs scheduled_enqueue_time")
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
                    f"no scheduled message of queue {self._queue!r} has that sequence number: it is already active, was "
                    "handled, or was cancelled",
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
