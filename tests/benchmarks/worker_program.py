"""This worker, or its publisher, in a process of its own: does one thing as the arguments say and prints a figure as JSON.

Log lines go to standard error as `boilermaker worker` writes them; `--quiet` leaves them out.
"""

import argparse
import asyncio
import json
import sys
import time

from boilermaker import AzureServiceBus, Boilermaker, chain
from boilermaker.cli import logs
from boilermaker.workflow.task import Task


class Meter:
    """When handlers ran."""

    def __init__(self) -> None:
        self.times: list[float] = []
        self.waits: list[float] = []
        self.wanted = 0
        self.done = asyncio.Event()

    def note(self) -> None:
        """A handler runs."""
        self.times.append(time.time())
        if len(self.times) == self.wanted:
            self.done.set()


async def noop(meter: Meter, number: int) -> None:
    """Next to nothing."""
    meter.note()


async def timed(meter: Meter, at: float) -> None:
    """Published at `at`."""
    meter.waits.append(time.time() - at)
    meter.note()


def _worker(connection_string: str, queue: str, *, is_optimistic: bool) -> Boilermaker[Meter]:
    bus = AzureServiceBus.from_connection_string(connection_string)
    return Boilermaker(Meter(), bus, queue=queue, optimistic=is_optimistic).register_many_async([noop, timed])


async def work(worker: Boilermaker[Meter], count: int, seconds: float) -> dict[str, object]:
    """Handle `count` messages, or as many as come in `seconds`."""
    worker.state.wanted = count
    running = asyncio.create_task(worker.run(grace_seconds=1))
    try:
        async with asyncio.timeout(seconds):
            await worker.state.done.wait()
    except TimeoutError:
        pass  # what was handled by then is the answer
    times = worker.state.times[:]
    worker.stop()
    worker.stop()
    await running
    return {"seconds": times[-1] - times[0], "count": len(times), "times": times, "waits": worker.state.waits}


async def fill(worker: Boilermaker[Meter], count: int, steps: int) -> dict[str, object]:
    """Put workflows of `steps` steps into the queue."""
    async with worker:
        await worker.client.sender(worker.queue)
        started = time.perf_counter()
        await worker.client.publish_many(_workflow(worker, number, steps) for number in range(count))
        return {"seconds": time.perf_counter() - started, "count": count}


async def publish(worker: Boilermaker[Meter], count: int) -> dict[str, object]:
    """Publish tasks one by one from 100 coroutines."""

    async def publisher(number: int) -> None:
        for _ in range(number):
            await worker.client.publish(_workflow(worker, 1, 1))

    async with worker:
        await worker.client.sender(worker.queue)
        started = time.perf_counter()
        await asyncio.gather(*(publisher(count // 100) for _ in range(100)))
        return {"seconds": time.perf_counter() - started, "count": count}


async def pace(worker: Boilermaker[Meter], count: int, rate: float) -> dict[str, object]:
    """Publish tasks at a steady rate a second, each with the time when it was published."""
    async with worker, asyncio.TaskGroup() as publishing:
        await worker.client.sender(worker.queue)
        started = time.perf_counter()
        for number in range(count):
            if (early := started + number / rate - time.perf_counter()) > 0.001:
                await asyncio.sleep(early)
            publishing.create_task(worker.client.publish(worker.create_task(timed, time.time())))
    return {"seconds": time.perf_counter() - started, "count": count}


def _workflow(worker: Boilermaker[Meter], number: int, steps: int) -> Task[None]:
    tasks = [worker.create_task(noop, number) for _ in range(steps)]
    return chain(*tasks) if steps > 1 else tasks[0]


async def _main(given: argparse.Namespace) -> dict[str, object]:
    worker = _worker(given.connection_string, given.queue, is_optimistic=given.optimistic)
    match given.what:
        case "work":
            return await work(worker, given.count, given.seconds)
        case "fill":
            return await fill(worker, given.count, given.steps)
        case "publish":
            return await publish(worker, given.count)
        case "pace":
            return await pace(worker, given.count, given.rate)
        case other:
            raise ValueError(other)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("what")
    parser.add_argument("connection_string")
    parser.add_argument("queue")
    parser.add_argument("count", type=int)
    parser.add_argument("--seconds", type=float, default=300)
    parser.add_argument("--steps", type=int, default=1)
    parser.add_argument("--rate", type=float, default=100)
    parser.add_argument("--optimistic", action="store_true")
    parser.add_argument("--quiet", action="store_true")
    arguments = parser.parse_args()
    logs.configure("json", "error" if arguments.quiet else "info")
    json.dump(asyncio.run(_main(arguments)), sys.stdout)
