"""What the tests of clients share: a task to publish, a count of what has arrived, and threads that must end."""

import asyncio
import threading
from collections.abc import Callable, Coroutine
from typing import Any

from boilermaker.stub import Payload, Task, TaskStub
from boilermaker.transport.port import Bus, Receiver

SECONDS = 30.0


class NotePayload(Payload):
    """Arguments of `note`."""

    text: str


def note(queue: str, text: str) -> Task[None]:
    """A task as a stub builds it."""
    stub: TaskStub[None] = TaskStub("note", NotePayload, None, queue=queue, digest="0" * 16)
    return stub(text=text)


async def arrived(bus: Bus, queue: str, at_least: int) -> list[str]:
    """Workflow ids of what has come to a queue, in order, once there are that many."""
    receiver = bus.receiver(queue)
    try:
        async with asyncio.timeout(SECONDS):
            while True:
                found = await _ids(receiver)
                if len(found) >= at_least:
                    return found
                await asyncio.sleep(0.01)
    finally:
        await receiver.close()


async def _ids(receiver: Receiver) -> list[str]:
    found: list[str] = []
    after = 0
    while messages := await receiver.peek(1000, after + 1):
        found += [str(message.message_id) for message in messages]
        after = messages[-1].sequence_number
    return found


def in_threads(*works: Callable[[], Any]) -> list[Any]:
    """Run each in a thread of its own, all at once; what they return or raise, in order. None may hang."""
    results: list[Any] = [TimeoutError(f"still running after {SECONDS} s")] * len(works)

    def keep(index: int, work: Callable[[], Any]) -> None:
        try:
            results[index] = work()
        except BaseException as error:  # noqa: BLE001 - the test looks at it
            results[index] = error

    threads = [threading.Thread(target=keep, args=pair, daemon=True) for pair in enumerate(works)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(SECONDS)
    return results


def run(coroutine: Callable[[], Coroutine[Any, Any, Any]]) -> Callable[[], Any]:
    """A thread's work: a coroutine in an event loop of its own."""
    return lambda: asyncio.run(coroutine())
