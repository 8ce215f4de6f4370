"""Workers that are replaced again and again, by processes and signals: no delivery is burnt, and each ends in good time."""

import asyncio
import contextlib
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Generator, Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from boilermaker import AzureServiceBus, Boilermaker
from boilermaker.localbus.server import LocalServiceBus
from boilermaker.localbus.settings import QueueSettings

DEADLINE_SECONDS = 20.0
MESSAGES = 30

SERVICE = """
import asyncio

from boilermaker import AzureServiceBus, Boilermaker

worker = Boilermaker(None, AzureServiceBus.from_env(), queue="jobs")


@worker.task
async def wait(state: None, number: int) -> None:
    with open("begun.txt", "a") as file:
        file.write("begun\\n")
    await asyncio.Event().wait()


@worker.task
async def stubborn(state: None, number: int) -> None:
    with open("begun.txt", "a") as file:
        file.write("begun\\n")
    while True:
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            pass
"""


async def wait(state: None, number: int) -> None:
    """The publisher's own declaration."""
    raise NotImplementedError


async def stubborn(state: None, number: int) -> None:
    """The publisher's own declaration."""
    raise NotImplementedError


@pytest.fixture
def bus() -> Iterator[LocalServiceBus]:
    """One queue; a message that is delivered twice is counted."""
    with LocalServiceBus([QueueSettings(name="jobs", lock_duration=timedelta(minutes=5))]) as bus:
        yield bus


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Where the worker runs."""
    (tmp_path / "service.py").write_text(SERVICE)
    return tmp_path


def _publish(bus: LocalServiceBus, function: Callable[..., object], count: int) -> None:
    async def publish() -> None:
        there = AzureServiceBus.from_connection_string(bus.connection_string)
        async with Boilermaker(None, there, queue="jobs").register_many_async([wait, stubborn]) as publisher:
            tasks = [publisher.create_task(function, number) for number in range(count)]  # type: ignore[arg-type, var-annotated]
            await publisher.client.publish_many(tasks)

    asyncio.run(publish())


@contextlib.contextmanager
def _worker(folder: Path, connection_string: str, *options: str) -> Generator["subprocess.Popen[bytes]"]:
    command = (sys.executable, "-m", "boilermaker.cli", "worker", "service:worker", "--log-format", "console")
    with (
        (folder / "log.txt").open("w") as log,
        subprocess.Popen(
            [*command, *options],
            cwd=folder,
            env={**os.environ, "SERVICE_BUS_CONNECTION_STRING": connection_string},
            stderr=log,
        ) as process,
    ):
        try:
            yield process
        finally:
            process.kill()


def _until(is_so: Callable[[], bool]) -> None:
    """Wait for another process: there is nothing to be woken by."""
    deadline = time.monotonic() + DEADLINE_SECONDS
    while not is_so():
        assert time.monotonic() < deadline, "it did not come to pass"
        time.sleep(0.02)


def _begun(folder: Path) -> int:
    path = folder / "begun.txt"
    return len(path.read_text().splitlines()) if path.exists() else 0


def _log(folder: Path) -> str:
    return (folder / "log.txt").read_text()


def test_ten_deploys_in_a_row_leave_the_delivery_counts_as_they_were(
    folder: Path, bus: LocalServiceBus
) -> None:
    """Handlers outlast every grace, more wait in the worker and in the queue: all are free at once, and none is counted."""
    _publish(bus, wait, MESSAGES)
    for deploy in range(1, 11):
        with _worker(folder, bus.connection_string, "--concurrency", "10", "--grace", "0.1") as process:
            _until(lambda deploy=deploy: _begun(folder) == deploy * 10)  # type: ignore[misc]
            process.send_signal(signal.SIGTERM)
            assert process.wait(DEADLINE_SECONDS) == 3
        messages = bus.queues["jobs"].messages()
        assert len(messages) == MESSAGES
        assert {(message.delivery_count, message.locked_until) for message in messages} == {(0, None)}


def test_a_second_signal_hurries(folder: Path, bus: LocalServiceBus) -> None:
    """The grace of a minute is not waited for."""
    _publish(bus, wait, 1)
    with _worker(folder, bus.connection_string, "--grace", "60") as process:
        _until(lambda: _begun(folder) == 1)
        process.send_signal(signal.SIGTERM)
        _until(lambda: "Stopping: waiting up to 60s for 1 running tasks" in _log(folder))
        process.send_signal(signal.SIGINT)
        assert process.wait(5) == 3
    [message] = bus.queues["jobs"].messages()
    assert (message.delivery_count, message.locked_until) == (0, None)


def test_a_handler_that_will_not_end_does_not_keep_the_process(folder: Path, bus: LocalServiceBus) -> None:
    """It is cancelled, named after five seconds, and ends with the process; its message is free."""
    _publish(bus, stubborn, 1)
    with _worker(folder, bus.connection_string, "--grace", "0") as process:
        _until(lambda: _begun(folder) == 1)
        process.send_signal(signal.SIGTERM)
        assert process.wait(10) == 3
    assert "1 handlers did not end within 5s of being cancelled: stubborn" in _log(folder)
    [message] = bus.queues["jobs"].messages()
    assert (message.delivery_count, message.locked_until) == (0, None)


def test_a_bus_that_does_not_answer_does_not_keep_a_worker_from_stopping(folder: Path) -> None:
    """It takes connections and says nothing; the client's own limits are twenty seconds a try."""
    with socket.create_server(("127.0.0.1", 0)) as silent:
        port = silent.getsockname()[1]
        there = (
            f"Endpoint=sb://127.0.0.1:{port};SharedAccessKeyName=k;SharedAccessKey=c2VjcmV0;"
            "UseDevelopmentEmulator=true"
        )
        with _worker(folder, there) as process:
            _until(lambda: "Working on queue=jobs" in _log(folder))
            process.send_signal(signal.SIGTERM)
            assert process.wait(10) == 0


def test_a_bus_that_goes_away_does_not_keep_a_worker_from_stopping(folder: Path) -> None:
    """Running handlers cannot be given back: said, and the locks expire. Exit status 3, in good time."""
    with LocalServiceBus([QueueSettings(name="jobs")]) as bus:
        _publish(bus, wait, 10)
        with _worker(folder, bus.connection_string, "--grace", "0.1") as process:
            _until(lambda: _begun(folder) == 10)
            bus.stop()
            _until(lambda: "Receiving failed" in _log(folder))
            process.send_signal(signal.SIGTERM)
            assert process.wait(15) == 3
    assert _log(folder).count("Receiving failed") == 1
    assert _log(folder).count("Not all of 10 messages could be released") == 1
