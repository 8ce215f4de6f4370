"""Worker processes that are paused for longer than a lock lasts, as by a debugger, a hypervisor or a full disk."""

import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path

from boilermaker.localbus.server import LocalServiceBus
from boilermaker.localbus.settings import QueueSettings

_SERVICE = """
import asyncio
import sys
from pathlib import Path

from boilermaker import AzureServiceBus, Boilermaker

worker = Boilermaker(Path("seen.txt"), AzureServiceBus.from_env(), queue="accounts")


def note(state, text):
    with state.open("a") as file:
        file.write(text + "\\n")


@worker.task
async def work(state: Path) -> None:
    note(state, "work")
    await asyncio.sleep(0.5)


@worker.task
async def after(state: Path) -> None:
    note(state, "after")


async def publish() -> None:
    async with worker:
        await worker.publish_task(worker.create_task(work) >> worker.create_task(after))


if __name__ == "__main__":
    asyncio.run(publish())
"""


def _until(is_so: Callable[[], bool]) -> None:
    """Wait for another process: there is nothing to be woken by."""
    deadline = time.monotonic() + 20
    while not is_so():
        assert time.monotonic() < deadline, "it did not come to pass"
        time.sleep(0.01)


@contextlib.contextmanager
def _worker(folder: Path, environment: dict[str, str]) -> Iterator["subprocess.Popen[str]"]:
    command = [sys.executable, "-m", "boilermaker.cli", "worker", "service:worker"]
    with subprocess.Popen(command, cwd=folder, env=environment, stderr=subprocess.PIPE, text=True) as process:
        try:
            yield process
        finally:
            process.kill()


def test_a_worker_that_was_paused_does_not_publish_what_another_will(tmp_path: Path) -> None:
    """Its lock has expired meanwhile. It asks the bus before it publishes, and what its handler came to is dropped."""
    (tmp_path / "service.py").write_text(_SERVICE)
    seen = tmp_path / "seen.txt"
    with LocalServiceBus([QueueSettings(name="accounts", lock_duration=timedelta(seconds=2))]) as bus:
        environment = {**os.environ, "SERVICE_BUS_CONNECTION_STRING": bus.connection_string}
        subprocess.run([sys.executable, "service.py"], cwd=tmp_path, env=environment, check=True, timeout=20)
        with _worker(tmp_path, environment) as process:
            _until(lambda: seen.exists() and "work" in seen.read_text())
            process.send_signal(signal.SIGSTOP)
            _until(lambda: bus.queues["accounts"].messages()[0].delivery_count == 1)
            process.send_signal(signal.SIGCONT)
            _until(lambda: "after" in seen.read_text() and bus.counts()["accounts"].active == 0)
            process.send_signal(signal.SIGTERM)
            _, told = process.communicate(timeout=20)

    assert seen.read_text().splitlines() == ["work", "work", "after"]
    assert process.returncode == 0
    assert "its handler has ended, nothing is published" in told
