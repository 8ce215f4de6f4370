"""Worker and publisher in processes of their own, through the real Service Bus client, over sockets."""

import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Generator, Iterator
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from boilermaker.localbus.server import LocalServiceBus
from boilermaker.localbus.settings import QueueSettings

DEADLINE_SECONDS = 20.0

SERVICE = """
import asyncio
import os
from pathlib import Path

from boilermaker import AzureServiceBus, Boilermaker, failure, retries
from boilermaker.failure import FailureInfo
from boilermaker import Limits

worker = Boilermaker(
    Path("seen.txt"), AzureServiceBus.from_env(), queue="accounts", limits=Limits(max_deliveries=2)
)


def note(state: Path, text: str) -> None:
    with state.open("a") as file:
        file.write(text + "\\n")


@worker.task(policy=retries.NoRetry())
async def create_user(state: Path, email: str) -> int:
    note(state, f"create {email}")
    return len(email)


@worker.task(policy=retries.RetryPolicy(2, 0.1, 0.1, retries.RetryMode.Fixed))
async def welcome(state: Path, user_id: int) -> None:
    note(state, f"welcome {user_id}")
    if state.read_text().count("welcome") == 1:
        raise retries.RetryException("the mail server is busy")


@worker.task(policy=retries.NoRetry())
async def kill(state: Path) -> None:
    note(state, "kill")
    os._exit(9)


@worker.task(policy=retries.NoRetry())
async def wait(state: Path) -> None:
    note(state, "waiting")
    await asyncio.sleep(1)
    note(state, "waited")


@worker.task(policy=retries.NoRetry())
async def wait_for_word(state: Path) -> None:
    note(state, "waiting")
    while not Path("word.txt").exists():
        await asyncio.sleep(0.02)
    note(state, "waited")


@worker.task(policy=retries.NoRetry())
async def meet(state: Path, number: int) -> None:
    note(state, f"pid {os.getpid()}")
    while len({line for line in state.read_text().splitlines() if line.startswith("pid ")}) < 2:
        await asyncio.sleep(0.02)


@worker.task(policy=retries.NoRetry())
async def end(state: Path, number: int) -> None:
    note(state, f"end {number}")


@worker.task(policy=retries.NoRetry())
async def told(state: Path, cause: FailureInfo) -> None:
    note(state, f"told {cause.task} {cause.reason}")
"""

PRODUCER = """
import asyncio
import sys

import service
from boilermaker import failure

worker = service.worker


def signup():
    user = worker.create_task(service.create_user, "a@b.org")
    return user >> worker.create_task(service.welcome, user.result.placeholder())


def single(function):
    task = worker.create_task(function)
    task.on_failure = worker.create_task(service.told, failure.cause.placeholder())
    return task


def meetings():
    return [
        worker.create_task(service.meet, number) >> worker.create_task(service.end, number) for number in range(40)
    ]


async def publish():
    async with worker:
        if sys.argv[1] == "meetings":
            await worker.client.publish_many(meetings())
            return
        await worker.publish_task(signup() if sys.argv[1] == "signup" else single(getattr(service, sys.argv[1])))


asyncio.run(publish())
"""


@pytest.fixture
def bus() -> Iterator[LocalServiceBus]:
    """One queue whose locks are short, so that what a dead worker held comes again soon."""
    with LocalServiceBus([QueueSettings(name="accounts", lock_duration=timedelta(seconds=2))]) as bus:
        yield bus


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Where worker and producer run."""
    (tmp_path / "service.py").write_text(SERVICE)
    (tmp_path / "producer.py").write_text(PRODUCER)
    return tmp_path


def _environment(bus: LocalServiceBus) -> dict[str, str]:
    return {**os.environ, "SERVICE_BUS_CONNECTION_STRING": bus.connection_string}


def _publish(folder: Path, bus: LocalServiceBus, what: str) -> None:
    subprocess.run(
        [sys.executable, "producer.py", what],
        cwd=folder,
        env=_environment(bus),
        check=True,
        timeout=DEADLINE_SECONDS,
    )


@contextlib.contextmanager
def _worker(folder: Path, bus: LocalServiceBus, *options: str) -> Generator["subprocess.Popen[bytes]"]:
    command = (sys.executable, "-m", "boilermaker.cli", "worker", "service:worker", "--log-level", "warning")
    with subprocess.Popen(
        [*command, *options],
        cwd=folder,
        env=_environment(bus),
    ) as process:
        try:
            yield process
        finally:
            process.kill()


def _seen(folder: Path) -> list[str]:
    path = folder / "seen.txt"
    return path.read_text().splitlines() if path.exists() else []


def _until(is_so: Callable[[], bool]) -> None:
    """Wait for another process: there is nothing to be woken by."""
    deadline = time.monotonic() + DEADLINE_SECONDS
    while not is_so():
        assert time.monotonic() < deadline, "it did not come to pass"
        time.sleep(0.05)


def _stop(process: "subprocess.Popen[bytes]") -> int:
    process.send_signal(signal.SIGTERM)
    return process.wait(DEADLINE_SECONDS)


def _dead_letters(bus: LocalServiceBus) -> int:
    return bus.counts()["accounts"].dead_letter


def test_a_workflow_runs_across_processes_with_a_result_and_a_retry(
    folder: Path, bus: LocalServiceBus
) -> None:
    """What the first step returns reaches the second; SIGTERM then ends the worker with exit status 0."""
    _publish(folder, bus, "signup")
    with _worker(folder, bus) as process:
        _until(lambda: len(_seen(folder)) == 3)
        status = _stop(process)

    assert ["create a@b.org", "welcome 7", "welcome 7"] == _seen(folder)
    assert 0 == status
    assert 0 == _dead_letters(bus)


def test_a_handler_that_kills_its_worker_is_given_up_and_its_failure_handler_told(
    folder: Path, bus: LocalServiceBus
) -> None:
    """Restarted again and again, as a supervisor does; the third delivery is not run: `DeliveriesExhausted`."""
    _publish(folder, bus, "kill")
    for _ in range(2):
        with _worker(folder, bus) as process:
            assert 9 == process.wait(DEADLINE_SECONDS)
    with _worker(folder, bus) as process:
        _until(lambda: "told kill DeliveriesExhausted" in _seen(folder) and _dead_letters(bus) == 1)
        status = _stop(process)

    assert ["kill", "kill", "told kill DeliveriesExhausted"] == _seen(folder)
    assert 0 == status


def test_a_running_handler_finishes_when_its_worker_is_told_to_stop(
    folder: Path, bus: LocalServiceBus
) -> None:
    """SIGTERM in the middle of a task: it runs to its end and is settled, exit status 0."""
    _publish(folder, bus, "wait")
    with _worker(folder, bus) as process:
        _until(lambda: _seen(folder) == ["waiting"])
        status = _stop(process)

    assert ["waiting", "waited"] == _seen(folder)
    assert 0 == status
    counts = bus.counts()["accounts"]
    assert (0, 0) == (counts.active, counts.dead_letter)


def _locked_until(bus: LocalServiceBus) -> datetime:
    [message] = bus.queues["accounts"].messages()
    assert message.locked_until is not None
    return message.locked_until


def _until_renewed(bus: LocalServiceBus) -> None:
    before = _locked_until(bus)
    _until(lambda: _locked_until(bus) > before)


def test_the_lock_is_renewed_before_and_while_the_worker_stops(folder: Path, bus: LocalServiceBus) -> None:
    """SIGTERM to a worker whose handler outlasts its lock: it runs once, to its end, and the worker ends at once then."""
    _publish(folder, bus, "wait_for_word")
    with _worker(folder, bus) as process:
        _until(lambda: _seen(folder) == ["waiting"])
        _until_renewed(bus)
        process.send_signal(signal.SIGTERM)
        _until_renewed(bus)
        _until_renewed(bus)
        assert process.poll() is None
        (folder / "word.txt").touch()
        status = process.wait(5)

    assert ["waiting", "waited"] == _seen(folder)
    assert 0 == status
    counts = bus.counts()["accounts"]
    assert (0, 0, 0) == (counts.active, counts.locked, counts.dead_letter)


def test_a_handler_that_outlasts_the_grace_is_given_back_in_time(folder: Path, bus: LocalServiceBus) -> None:
    """The worker ends with the grace, exit status 3; the message is free at once, and no delivery was counted."""
    _publish(folder, bus, "wait_for_word")
    with _worker(folder, bus, "--grace", "0.5") as process:
        _until(lambda: _seen(folder) == ["waiting"])
        _until_renewed(bus)
        process.send_signal(signal.SIGTERM)
        status = process.wait(5)

    assert ["waiting"] == _seen(folder)
    assert 3 == status
    counts = bus.counts()["accounts"]
    assert (1, 0, 0) == (counts.active, counts.locked, counts.dead_letter)
    [message] = bus.queues["accounts"].messages()
    assert 0 == message.delivery_count


def test_two_workers_share_a_queue_and_every_workflow_ends_once(folder: Path, bus: LocalServiceBus) -> None:
    """The first step waits until two processes have met: neither worker can do the work alone."""
    _publish(folder, bus, "meetings")
    with (
        _worker(folder, bus, "--concurrency", "4") as one,
        _worker(folder, bus, "--concurrency", "4") as other,
    ):
        _until(lambda: len([line for line in _seen(folder) if line.startswith("end ")]) >= 40)
        statuses = _stop(one), _stop(other)

    seen = _seen(folder)
    assert {f"pid {one.pid}", f"pid {other.pid}"} == {line for line in seen if line.startswith("pid ")}
    assert sorted(f"end {number}" for number in range(40)) == sorted(
        line for line in seen if line.startswith("end ")
    )
    assert (0, 0) == statuses
    counts = bus.counts()["accounts"]
    assert (0, 0) == (counts.active, counts.dead_letter)
