"""A worker and a producer on whatever SDK there is: workflows of two steps, while the connection is cut; then a stop at once."""

import asyncio
import json
import logging
import sys

from boilermaker import AzureServiceBus, Boilermaker
from boilermaker.transport.port import OutgoingMessage

FIRST, LAST = 40, 20


class Counts:
    """How many workflows have ended."""

    def __init__(self) -> None:
        self.ended: set[int] = set()
        self.runs = 0
        self.changed = asyncio.Event()

    async def until(self, count: int) -> None:
        """Wait until so many have ended."""
        async with asyncio.timeout(40):
            while len(self.ended) < count:
                self.changed.clear()
                await self.changed.wait()


async def begin(counts: Counts, number: int) -> None:
    """The first step."""


async def end(counts: Counts, number: int) -> None:
    """The second."""
    counts.ended.add(number)
    counts.runs += 1
    counts.changed.set()


async def main(connection_string: str) -> None:
    """Says `cut` and `look`, and awaits a line each time."""
    logging.basicConfig(level=logging.WARNING, stream=sys.stderr)
    counts = Counts()
    bus = AzureServiceBus.from_connection_string(connection_string)
    worker = Boilermaker(counts, bus, queue="jobs")
    worker.register_async(begin)
    worker.register_async(end)
    running = asyncio.create_task(worker.run(concurrency=10, grace_seconds=10))

    async def publish(numbers: range) -> None:
        for number in numbers:
            first = worker.create_task(begin, number)
            first.on_success = worker.create_task(end, number)
            await worker.publish_task(first)

    await publish(range(FIRST // 2))
    await counts.until(FIRST // 4)
    await _say("cut")
    await publish(range(FIRST // 2, FIRST))
    await counts.until(FIRST)
    await _say("look")  # until the queue is empty: what the cut has lost has come again
    await publish(range(FIRST, FIRST + LAST))
    await counts.until(FIRST + LAST)
    await publish_elsewhere(bus)
    worker.stop()
    ending = await running
    await worker.close()
    told = {"ended": len(counts.ended), "runs": counts.runs, "given_back": ending.given_back}
    sys.stdout.write(json.dumps(told) + "\n")


async def publish_elsewhere(bus: AzureServiceBus) -> None:
    """Looking goes through names of its own."""
    await bus.sender("other").send(OutgoingMessage(body=b"{}", message_id="looked at"))
    [seen] = await bus.receiver("other").peek(10)
    assert seen.message_id == "looked at"


async def _say(word: str) -> None:
    sys.stdout.write(word + "\n")
    sys.stdout.flush()
    await asyncio.to_thread(sys.stdin.readline)


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1]))
