"""Sending to Azure Service Bus: any number of coroutines wait here, one of them all speaks to the SDK.

The SDK's sender is "not coroutine-safe", and one message at a time costs a round trip each. So messages
queue up while a batch is under way, and leave together with the next one. An idle sender adds no delay.
"""

import asyncio
from collections import deque
from collections.abc import Sequence
from typing import Any, NamedTuple

from azure.servicebus import ServiceBusMessage, ServiceBusMessageBatch
from azure.servicebus.aio import ServiceBusClient, ServiceBusSender
from azure.servicebus.exceptions import MessageSizeExceededError

from boilermaker.errors import BusError, MessageTooLargeError
from boilermaker.transport.port import OutgoingMessage
from boilermaker.transport.servicebus_address import Address
from boilermaker.transport.servicebus_connect import (
    Socket,
    client,
    confirm_attached,
    max_message_size,
    stop_keep_alive,
    translate,
)


class _Call:
    """One call of `send` or `send_many`: it stops at its first failure, later messages of it are not sent."""

    __slots__ = ("error", "future", "left")

    def __init__(self, left: int) -> None:
        self.left = left
        self.error: BusError | None = None
        self.future: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def settle(self, error: BusError | None) -> None:
        self.left -= 1
        self.error = self.error or error
        if self.future.done() or (self.left and self.error is None):
            return
        if self.error is not None:
            self.future.set_exception(self.error)
        else:
            self.future.set_result(None)


class _Waiting(NamedTuple):
    message: ServiceBusMessage
    call: _Call


class AzureSender:
    """A `Sender` for one queue."""

    def __init__(self, address: Address, queue: str) -> None:
        self._address = address
        self._queue = queue
        self._client: ServiceBusClient | None = None
        self._sender: ServiceBusSender | None = None
        self._socket: Socket | None = None
        self._opening = asyncio.Lock()
        self._waiting: deque[_Waiting] = deque()
        self._flusher: asyncio.Task[None] | None = None
        self._max_message_size = 0

    @property
    def max_message_size(self) -> int:
        """Bytes that one message may have; 0 before `open`."""
        return self._max_message_size

    async def open(self) -> None:
        """Connect; connected already, do nothing. Raises QueueNotFoundError, SessionQueueError, BusError."""
        await self._connected()

    async def send(self, message: OutgoingMessage) -> None:
        """Return once the bus has accepted the message. See the port for errors."""
        await self.send_many((message,))

    async def send_many(self, messages: Sequence[OutgoingMessage]) -> None:
        """Send in order, as few batches as the size allows, together with what others send.

        Stops at the first failure: what comes after it in `messages` was not sent, unless it shared the
        failure's batch. See the port for errors.
        """
        if not messages:
            return
        built = [_build(message, self._queue) for message in messages]
        call = _Call(len(built))
        self._waiting.extend(_Waiting(message, call) for message in built)
        if self._flusher is None:
            self._flusher = asyncio.create_task(self._flush(), name=f"send to {self._queue}")
        await call.future

    async def close(self) -> None:
        """Wait for what is under way, then disconnect. Closing twice is fine; sending again reconnects."""
        if self._flusher is not None:
            await asyncio.wait([self._flusher])
        async with self._opening:
            sender, self._sender = self._sender, None
            service, self._client = self._client, None
            if sender is not None:
                stop_keep_alive(sender)
                await sender.close()
            if self._socket is not None:
                await self._socket.close_if_lost()
            if service is not None:
                await service.close()

    async def _connected(self) -> ServiceBusSender:
        async with self._opening:
            if self._sender is not None:
                return self._sender
            self._client = self._client or client(self._address, retries=3)
            sender = self._client.get_queue_sender(self._queue)
            try:
                await sender.__aenter__()
                await confirm_attached(sender)
                batch = await sender.create_message_batch()
            except BaseException as error:
                stop_keep_alive(sender)
                await sender.close()
                if not isinstance(error, Exception):
                    raise
                raise translate(error, self._queue, "send to") from error
            self._max_message_size = max_message_size(sender) or batch.max_size_in_bytes
            self._sender, self._socket = sender, Socket(sender)
            return sender

    async def _flush(self) -> None:
        """Send until nothing waits. Every message taken is settled, whatever happens."""
        taken: list[_Waiting] = []
        try:
            while self._waiting:
                taken = self._take_all()
                sender = await self._connected()
                while taken:
                    taken = await self._send_some(sender, taken)
        except Exception as error:  # noqa: BLE001  # whatever it is, all who wait learn it
            _fail([*taken, *self._take_all()], translate(error, self._queue, "send to"))
        except BaseException:
            stopped = BusError(f"sending to queue {self._queue!r} was stopped", queue=self._queue)
            _fail([*taken, *self._take_all()], stopped)
            raise
        finally:
            self._flusher = None

    def _take_all(self) -> list[_Waiting]:
        taken = list(self._waiting)
        self._waiting.clear()
        return taken

    async def _send_some(self, sender: ServiceBusSender, waiting: list[_Waiting]) -> list[_Waiting]:
        """Send the longest head of `waiting` that one batch takes; returns the rest."""
        if len(waiting) == 1 and not waiting[0].call.future.done():  # the idle case: no batch to build
            waiting[0].call.settle(await self._try(sender, waiting[0].message))
            return []
        batch, packed, rest = await self._pack(sender, waiting)
        if not packed:
            return rest
        error = await self._try(sender, batch if len(packed) > 1 else packed[0].message)
        refusals = (BusError, MessageTooLargeError)
        if error is not None and not error.is_transient and len(packed) > 1 and type(error) in refusals:
            # Refused as a whole (a batch is atomic), perhaps for one of them: each learns its own fate.
            for each in packed:
                if each.call.error is None:
                    each.call.settle(await self._try(sender, each.message))
            return rest
        for each in packed:
            each.call.settle(error)
        return rest

    async def _pack(
        self, sender: ServiceBusSender, waiting: list[_Waiting]
    ) -> tuple[ServiceBusMessageBatch, list[_Waiting], list[_Waiting]]:
        batch = await sender.create_message_batch()
        packed: list[_Waiting] = []
        for index, each in enumerate(waiting):
            if each.call.future.done():  # failed before, or its caller gave up waiting
                continue
            try:
                batch.add_message(each.message)
            except MessageSizeExceededError:
                if packed:
                    return batch, packed, waiting[index:]
                # Too large for a batch, perhaps not for a message (they differ on Premium): it goes alone.
                return batch, [each], waiting[index + 1 :]
            except Exception as error:  # noqa: BLE001  # it cannot be encoded; the others can
                each.call.settle(translate(error, self._queue, "send to"))
                continue
            packed.append(each)
        return batch, packed, []

    async def _try(
        self, sender: ServiceBusSender, message: ServiceBusMessage | ServiceBusMessageBatch
    ) -> BusError | None:
        if isinstance(message, ServiceBusMessage) and self._is_too_large(message):
            return MessageTooLargeError(
                f"queue {self._queue!r} takes messages of {self._max_message_size:,} bytes, "
                "all properties included; this one is larger. Send a reference to large data instead of the data.",
                queue=self._queue,
            )
        try:
            await sender.send_messages(message)
        except Exception as error:  # noqa: BLE001  # whatever it is, the callers learn it
            return translate(error, self._queue, "send to")
        finally:
            if self._socket is not None:
                await self._socket.close_if_lost()
        return None

    def _is_too_large(self, message: ServiceBusMessage) -> bool:
        """Bodies are one `data` section here. The service counts properties too and has the last word."""
        body = message.raw_amqp_message.body
        return sum(len(section) for section in body) > self._max_message_size


def _build(message: OutgoingMessage, queue: str) -> ServiceBusMessage:
    properties: dict[str | bytes, Any] = dict(message.properties.items())
    try:
        return ServiceBusMessage(
            message.body,
            message_id=message.message_id,
            subject=message.subject or None,
            content_type=message.content_type or None,
            correlation_id=message.correlation_id or None,
            application_properties=properties or None,
            scheduled_enqueue_time_utc=message.scheduled_enqueue_time,
        )
    except (TypeError, ValueError) as error:
        raise translate(error, queue, "send to") from error


def _fail(waiting: Sequence[_Waiting], error: BusError) -> None:
    for each in waiting:
        each.call.settle(error)
