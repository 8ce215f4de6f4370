"""`boilermaker worker`: a process that runs tasks from a real bus, until it is told to stop."""

import asyncio
import contextlib
import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from boilermaker import retries
from boilermaker.app import Boilermaker
from boilermaker.localbus.server import LocalServiceBus
from boilermaker.transport.servicebus.bus import AzureServiceBus

Run = Callable[..., "subprocess.CompletedProcess[str]"]
Write = Callable[[str, str], Path]

SERVICE = """
from boilermaker.app import Boilermaker
from boilermaker.transport.servicebus.bus import AzureServiceBus

worker = Boilermaker(None, AzureServiceBus.from_env(), queue="accounts")


@worker.task
async def greet(state, name: str) -> str:
    return "hello " + name
"""


@pytest.fixture
def namespace() -> Iterator[LocalServiceBus]:
    """A local bus with two queues."""
    with LocalServiceBus(["accounts", "other"]) as namespace:
        yield namespace


async def greet(state: None, name: str) -> str:
    """The publisher's own declaration of the worker's task."""
    raise NotImplementedError


async def _publish(namespace: LocalServiceBus, queue: str) -> None:
    bus = AzureServiceBus.from_connection_string(namespace.connection_string)
    async with Boilermaker(None, bus, queue=queue).register_async(greet) as publisher:
        await publisher.apply_async(greet, "Ada")


@contextlib.contextmanager
def _worker(folder: Path, namespace: LocalServiceBus, *arguments: str) -> Iterator["subprocess.Popen[str]"]:
    with subprocess.Popen(
        [sys.executable, "-m", "boilermaker.cli", "worker", "service:worker", *arguments],
        cwd=folder,
        env={**os.environ, "SERVICE_BUS_CONNECTION_STRING": namespace.connection_string},
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        try:
            yield process
        finally:
            process.kill()


@pytest.mark.parametrize(("arguments", "queue"), [((), "accounts"), (("--queue", "other"), "other")])
def test_a_worker_runs_what_is_published_until_it_is_told_to_stop(
    write: Write, tmp_path: Path, namespace: LocalServiceBus, arguments: tuple[str, ...], queue: str
) -> None:
    """Its lines are JSON, in the documentation's words; SIGTERM ends it with exit status 0."""
    write("service.py", SERVICE)
    with _worker(tmp_path, namespace, "--concurrency", "7", *arguments) as process:
        assert process.stderr is not None
        events = (json.loads(line)["event"] for line in process.stderr)
        assert "Registered background function fn=greet" == next(events)
        assert (
            f"Working on queue={queue} with 1 tasks, 7 at a time; settlement confirmed, locks renewed for 3600s, "
            "given up after 5 deliveries"
        ) == next(events)
        asyncio.run(_publish(namespace, queue))
        assert "[greet] Begin Task sequence_number=1" == next(events)
        assert next(events).startswith("[greet] Completed Task sequence_number=1 in 0.")
        process.send_signal(signal.SIGTERM)
        assert ["Stopped after 1 messages"] == list(events)
        assert 0 == process.wait(20)


def test_a_queue_that_is_not_there_ends_the_worker(
    run: Run, write: Write, namespace: LocalServiceBus
) -> None:
    """It cannot heal by itself: an exit status of its own, and what to do."""
    write("service.py", SERVICE)

    done = run(
        "worker",
        "service:worker",
        "--queue",
        "absent",
        SERVICE_BUS_CONNECTION_STRING=namespace.connection_string,
    )

    assert 4 == done.returncode
    assert "Error: there is no queue 'absent': create it, or correct the name" in done.stderr
    assert "Traceback" not in done.stderr


def test_without_a_bus_the_worker_says_what_to_set(run: Run, write: Write) -> None:
    """The variables, not a traceback of the service's import."""
    write("service.py", SERVICE)

    done = run("worker", "service:worker", SERVICE_BUS_CONNECTION_STRING="", SERVICE_BUS_NAMESPACE_URL="")

    assert 1 == done.returncode
    assert "SERVICE_BUS_CONNECTION_STRING" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    "arguments", [("--concurrency", "0"), ("--log-format", "xml"), ("--grace", "-1"), ("--unknown",)]
)
def test_wrong_options_are_refused(run: Run, write: Write, arguments: tuple[str, ...]) -> None:
    """Exit status 2, before anything is imported."""
    write("service.py", "raise SystemExit('imported')")

    done = run("worker", "service:worker", *arguments)

    assert 2 == done.returncode
    assert "imported" not in done.stderr


TALKING = """
import logging
from boilermaker import AzureServiceBus, Boilermaker

log = logging.getLogger("shop.orders")
worker = Boilermaker(None, AzureServiceBus.from_env(), queue="accounts")


@worker.task
async def greet(state, name: str) -> str:
    log.info("greeting")
    raise ValueError(f"cannot greet {name}")


@worker.task
def shout(state, name: str) -> None:
    log.info("shouting")
"""


def _lines(
    process: "subprocess.Popen[str]", is_last: Callable[[list[dict[str, object]]], bool]
) -> list[dict[str, object]]:
    assert process.stderr is not None
    lines: list[dict[str, object]] = []
    for line in process.stderr:
        lines.append(json.loads(line))
        if is_last(lines):
            return lines
    raise AssertionError(lines)


async def shout(state: None, name: str) -> str:
    """The publisher's own declaration of the worker's task."""
    raise NotImplementedError


def test_lines_of_three_tries_can_be_followed(
    write: Write, tmp_path: Path, namespace: LocalServiceBus
) -> None:
    """The application's own lines are there, with the ids of what they are about; the exception's text only on request."""
    write("service.py", TALKING)

    async def publish() -> str:
        bus = AzureServiceBus.from_connection_string(namespace.connection_string)
        async with Boilermaker(None, bus, queue="accounts").register_async(greet) as publisher:
            policy = retries.RetryPolicy(3, 0, 0, retries.RetryMode.Fixed)
            return await publisher.publish_task(publisher.create_task(greet, "Ada").options(policy=policy))

    for arguments, is_told in ((), False), (("--errors", "full"), True):
        with _worker(tmp_path, namespace, "--log-level", "debug", *arguments) as process:
            workflow = asyncio.run(publish())
            lines = _lines(process, lambda lines: sum("outcome" in line for line in lines) == 3)
        own = [line for line in lines if line["logger"] == "shop.orders"]
        assert [("greeting", workflow, attempt) for attempt in (1, 2, 3)] == [
            (line["event"], line["workflow"], line["attempt"]) for line in own
        ]
        assert {line["logger"] for line in lines} <= {
            "boilermaker.app",
            "shop.orders",
            "boilermaker.transport",
        }
        ends = [line for line in lines if "outcome" in line]
        # The line of an attempt is written once the next is published, which may be quicker.
        assert {1: "retrying", 2: "retrying", 3: "failed"} == {
            line["attempt"]: line["outcome"] for line in ends
        }
        assert ["RetriesExhausted"] == [line["reason"] for line in ends if "reason" in line]
        assert is_told == any("cannot greet Ada" in str(line.get("exception")) for line in lines)
        assert is_told == ("cannot greet Ada" in json.dumps(lines))


def test_a_plain_handler_logs_with_the_fields_too(
    write: Write, tmp_path: Path, namespace: LocalServiceBus
) -> None:
    """It runs in a thread."""
    write("service.py", TALKING)

    async def publish() -> str:
        bus = AzureServiceBus.from_connection_string(namespace.connection_string)
        async with Boilermaker(None, bus, queue="accounts").register_async(shout) as publisher:
            return await publisher.publish_task(publisher.create_task(shout, "Ada"))

    with _worker(tmp_path, namespace) as process:
        workflow = asyncio.run(publish())
        line = _lines(process, lambda lines: lines[-1]["event"] == "shouting")[-1]

    assert ("shouting", workflow, "shout") == (line["event"], line["workflow"], line["task"])


def test_a_logger_without_a_level_is_refused(run: Run, write: Write) -> None:
    """The message says the form."""
    write("service.py", SERVICE)
    done = run("worker", "service:worker", "--log", "azure")
    assert done.returncode == 2
    assert "LOGGER=LEVEL" in done.stderr
