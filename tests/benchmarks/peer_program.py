"""boilermaker-servicebus doing what `worker_program` does. Runs in that package's own environment, not in ours."""

import asyncio
import json
import logging
import os
import sys
import time

from aio_azure_clients_toolbox import ManagedAzureServiceBusSender
from azure.servicebus import ServiceBusMessage
from azure.servicebus.aio import ServiceBusClient
from boilermaker.sample import STATIC_DEBUG_TASK

from boilermaker import Boilermaker

WHAT, CONNECTION_STRING, QUEUE, COUNT = *sys.argv[1:4], int(sys.argv[4])
STEPS = int(sys.argv[5]) if len(sys.argv) > 5 else 1


class Meter:
    def __init__(self):
        self.times = []


async def noop(meter, number):
    meter.times.append(time.time())
    if len(meter.times) == COUNT:
        report(meter.times[-1] - meter.times[0])


def report(seconds):
    json.dump({"seconds": seconds, "count": COUNT}, sys.stdout)
    sys.stdout.flush()
    os._exit(0)  # its worker has no other end than a signal


def workflow(app):
    tasks = [app.create_task(noop, number) for number in range(STEPS)]
    return app.chain(*tasks) if STEPS > 1 else tasks[0]


async def fill(app):
    """In batches, by the SDK: publishing is measured elsewhere."""
    async with (
        ServiceBusClient.from_connection_string(CONNECTION_STRING) as client,
        client.get_queue_sender(QUEUE) as sender,
    ):
        for first in range(0, COUNT, 10):
            tasks = [workflow(app) for _ in range(min(10, COUNT - first))]
            await sender.send_messages(
                [ServiceBusMessage(task.model_dump_json(), message_id=str(task.task_id)) for task in tasks]
            )
    report(1)


async def publish(app):
    turn = asyncio.Lock()  # its coroutines share a sender of the SDK, which breaks when two use it at once

    async def publisher(number):
        for _ in range(number):
            async with turn:
                await app.publish_task(workflow(app))

    await app.publish_task(workflow(app))  # connects
    started = time.perf_counter()
    await asyncio.gather(*(publisher(COUNT // 100) for _ in range(100)))
    report(time.perf_counter() - started)


def main():
    logging.basicConfig(level=logging.INFO)
    logging.getLogger("azure").setLevel(logging.ERROR)
    meter = Meter()  # 1.x holds a weak reference
    bus = ManagedAzureServiceBusSender(
        "unused",
        QUEUE,
        connection_string=CONNECTION_STRING,
        ready_message=STATIC_DEBUG_TASK.model_dump_json(),
    )
    app = Boilermaker(meter, bus).register_async(noop)
    work = {"work": app.run, "fill": lambda: fill(app), "publish": lambda: publish(app)}[WHAT]
    asyncio.run(work())


main()
