"""Runs the documentation's samples: their source as it stands, top-level `await` included, on a bus of the test's."""

import ast
import asyncio
import inspect
import logging
from collections.abc import Callable
from pathlib import Path
from typing import Any

from boilermaker import AzureServiceBus, Boilermaker, InMemoryServiceBus

SAMPLES = Path(__file__).parent / "samples"
_DEADLINE_SECONDS = 15.0
_ENDS = ("Completed Task", "Failed Task", "Retrying Task")


class Events(logging.Handler):
    """What `boilermaker.app` has logged, and who waits for more of it."""

    def __init__(self) -> None:
        super().__init__()
        self.lines: list[str] = []
        self._came = asyncio.Event()

    def emit(self, record: logging.LogRecord) -> None:
        """Keep the line."""
        self.lines.append(record.getMessage())
        self._came.set()

    @property
    def ended(self) -> int:
        """How many executions have come to an end."""
        return sum(any(end in line for end in _ENDS) for line in self.lines)

    async def until(self, is_so: Callable[[], bool]) -> None:
        """Wait for it, looking again after each line."""
        async with asyncio.timeout(_DEADLINE_SECONDS):
            while not is_so():
                self._came.clear()
                await self._came.wait()


class Stage:
    """One bus, and the names that samples have defined so far."""

    def __init__(self, bus: AzureServiceBus | InMemoryServiceBus, events: Events) -> None:
        self.names: dict[str, Any] = {"service_bus_client": bus, "__name__": "sample"}
        self.events = events
        self._bus = bus

    async def play(self, *samples: str) -> None:
        """Run samples one after the other, in one namespace, as a reader would paste them."""
        for sample in samples:
            path = SAMPLES / f"{sample}.py"
            # Whatever `from __future__` this module may have is none of the sample's.
            code = compile(
                path.read_text(), str(path), "exec", ast.PyCF_ALLOW_TOP_LEVEL_AWAIT, dont_inherit=True
            )
            running = eval(code, self.names)
            if inspect.iscoroutine(running):
                await running

    @property
    def worker(self) -> Boilermaker[Any]:
        """The sample's worker."""
        return self.names["worker"]

    @property
    def state(self) -> Any:
        """The sample's state."""
        return self.names["app_state"]

    async def work(self, executions: int) -> None:
        """Let the worker do exactly so many executions and settle them."""
        if isinstance(self._bus, InMemoryServiceBus):
            await self.worker.drain()
        else:
            working = asyncio.create_task(self.worker.run())
            await self.events.until(lambda: self.events.ended >= executions or working.done())
            self.worker.stop()
            await working
        assert executions == self.events.ended, self.events.lines

    async def dead_letters(self) -> list[str | None]:
        """The reasons of what is in the dead-letter queue."""
        receiver = self._bus.receiver(f"{self.worker.queue}/$deadletterqueue")
        await receiver.open()
        found: list[str | None] = []
        while batch := await receiver.receive(10, 0.3):
            found += [delivery.properties.get("DeadLetterReason") for delivery in batch]
        await receiver.close()
        return found
