"""Our transport beside the bare azure-servicebus client, on the same queue of the same bus, in one run."""

import asyncio
import contextlib
import time
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable

from azure.servicebus import ServiceBusMessage, ServiceBusReceivedMessage
from azure.servicebus.aio import ServiceBusClient, ServiceBusReceiver

from boilermaker.transport.port import Delivery, OutgoingMessage, Receiver
from boilermaker.transport.servicebus.bus import AzureServiceBus

BODY = b"x" * 400
IN_FLIGHT = 100


async def publish_raw(connection_string: str, queue: str, count: int) -> float:
    """Seconds for `count` sends from 100 coroutines, which have to take turns: the SDK allows one at a time."""
    turn = asyncio.Lock()
    async with (
        ServiceBusClient.from_connection_string(connection_string) as client,
        client.get_queue_sender(queue) as sender,
    ):

        async def publisher(number: int) -> None:
            for _ in range(number):
                async with turn:
                    await sender.send_messages(ServiceBusMessage(BODY, message_id=uuid.uuid4().hex))

        return await _timed(publisher(count // IN_FLIGHT) for _ in range(IN_FLIGHT))


async def publish_ours(connection_string: str, queue: str, count: int) -> float:
    """Seconds for `count` sends from 100 coroutines."""
    async with _bus(connection_string) as bus:
        sender = bus.sender(queue)
        await sender.open()

        async def publisher(number: int) -> None:
            for _ in range(number):
                await sender.send(OutgoingMessage(body=BODY, message_id=uuid.uuid4().hex))

        return await _timed(publisher(count // IN_FLIGHT) for _ in range(IN_FLIGHT))


async def handle_raw_in_turn(connection_string: str, queue: str, count: int) -> float:
    """Seconds to receive and complete `count` messages, one settlement at a time."""
    return await _handle_raw(connection_string, queue, count, _complete_in_turn)


async def handle_raw_gathered(connection_string: str, queue: str, count: int) -> float:
    """Seconds to receive and complete `count` messages, settled together with gather, as many programs do."""
    return await _handle_raw(connection_string, queue, count, _complete_together)


async def handle_raw_unwaited(connection_string: str, queue: str, count: int) -> float:
    """Seconds to receive and complete `count` messages without waiting for answers, as the SDK did before 7.15."""
    return await _handle_raw(connection_string, queue, count, _complete_unwaited)


async def handle_ours(connection_string: str, queue: str, count: int, *, is_confirmed: bool) -> float:
    """Seconds to receive and complete `count` messages with 100 in flight while more are received."""
    async with _bus(connection_string) as bus:
        receiver = bus.receiver(queue, prefetch=2 * IN_FLIGHT)
        await receiver.open()
        return await _timed([_pump(receiver, count, is_confirmed=is_confirmed)])


async def fill(connection_string: str, queue: str, count: int) -> None:
    """Put `count` messages into the queue."""
    async with _bus(connection_string) as bus:
        sender = bus.sender(queue)
        await sender.send_many(
            [OutgoingMessage(body=BODY, message_id=uuid.uuid4().hex) for _ in range(count)]
        )


async def _pump(receiver: Receiver, count: int, *, is_confirmed: bool) -> None:
    free, settling = asyncio.Semaphore(IN_FLIGHT), set[asyncio.Task[None]]()

    async def handle(delivery: Delivery) -> None:
        try:
            await receiver.complete(delivery, confirmed=is_confirmed)
        finally:
            free.release()

    while count > 0:
        deliveries = await receiver.receive(IN_FLIGHT, 5)
        for delivery in deliveries:
            await free.acquire()
            task = asyncio.create_task(handle(delivery))
            settling.add(task)
            task.add_done_callback(settling.discard)
        count -= len(deliveries)
    await asyncio.gather(*settling)


async def _handle_raw(
    connection_string: str,
    queue: str,
    count: int,
    complete: Callable[[ServiceBusReceiver, list[ServiceBusReceivedMessage]], Awaitable[None]],
) -> float:
    async with (
        ServiceBusClient.from_connection_string(connection_string) as client,
        client.get_queue_receiver(queue, prefetch_count=2 * IN_FLIGHT) as receiver,
    ):

        async def pump() -> None:
            left = count
            while left > 0:
                messages = await receiver.receive_messages(IN_FLIGHT, max_wait_time=5)
                await complete(receiver, messages)
                left -= len(messages)

        return await _timed([pump()])


async def _complete_in_turn(receiver: ServiceBusReceiver, messages: list[ServiceBusReceivedMessage]) -> None:
    for message in messages:
        await receiver.complete_message(message)


async def _complete_unwaited(receiver: ServiceBusReceiver, messages: list[ServiceBusReceivedMessage]) -> None:
    receiver._await_settlement_outcome = False
    for message in messages:
        await receiver.complete_message(message)


async def _complete_together(receiver: ServiceBusReceiver, messages: list[ServiceBusReceivedMessage]) -> None:
    await asyncio.gather(*(receiver.complete_message(message) for message in messages))


@contextlib.asynccontextmanager
async def _bus(connection_string: str) -> AsyncIterator[AzureServiceBus]:
    bus = AzureServiceBus.from_connection_string(connection_string)
    try:
        yield bus
    finally:
        await bus.close()


async def _timed(work: Iterable[Awaitable[None]]) -> float:
    started = time.perf_counter()
    await asyncio.gather(*work)
    return time.perf_counter() - started
