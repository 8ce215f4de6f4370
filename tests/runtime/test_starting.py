"""What a worker does before its first message comes."""

import asyncio
import logging

from boilermaker import AzureServiceBus, Boilermaker
from boilermaker.localbus.server import LocalServiceBus


class _Lines(logging.Handler):
    """What was logged, for a coroutine of another thread's loop to wait for."""

    def __init__(self, wanted: str) -> None:
        super().__init__()
        self._wanted = wanted
        self._loop = asyncio.get_running_loop()
        self.came = asyncio.Event()

    def emit(self, record: logging.LogRecord) -> None:
        """Tell who waits."""
        if record.getMessage().endswith(self._wanted):
            self._loop.call_soon_threadsafe(self.came.set)


async def test_a_worker_connects_for_publishing_when_it_starts() -> None:
    """The first callback of a worker does not wait half a second for a connection."""
    local_log = logging.getLogger("boilermaker.local")
    local_log.setLevel(logging.INFO)
    lines = _Lines("sends to accounts")
    local_log.addHandler(lines)
    try:
        with LocalServiceBus(["accounts"]) as local:
            bus = AzureServiceBus.from_connection_string(local.connection_string)
            worker = Boilermaker(None, bus, queue="accounts")
            working = asyncio.create_task(worker.run())
            async with asyncio.timeout(15):
                await lines.came.wait()
            worker.stop()
            await working
    finally:
        local_log.removeHandler(lines)
        local_log.setLevel(logging.NOTSET)
