"""`boilermaker local`: what it says to wrong use, and how it stops."""

import contextlib
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from datetime import timedelta

import pytest
from azure.servicebus import ServiceBusClient, ServiceBusMessage
from click.testing import CliRunner

from boilermaker.cli.fault import fault
from boilermaker.localbus.command import local, parse_queue
from boilermaker.localbus.server import LocalServiceBus
from boilermaker.localbus.settings import QueueSettings

_SECONDS = 20


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--queue", "-x"], "'-x' is not a valid queue name"),
        (["--queue", "a:foo=1"], "`foo` is not a setting; use lock, max-delivery"),
        (["--queue", "a:lock=soon"], "a:lock=soon: lock: 'soon' is not a duration; use for example 30s"),
        (["--queue", "a:lock=99999999999d"], "is not a duration"),
        (["--queue", "a:lock=10m"], "at most 5 minutes"),
        (["--queue", "a:max-delivery=x"], "max-delivery: 'x' is not a number"),
        (["--queue", "a:size=big"], "size: 'big' is not a size; use for example 256KB"),
        (["--queue", "a", "--queue", "A"], "two queues have the same name"),
        (["--queue", "a", "--fault", "a=b"], "a=b: `a` is not an operation; use one of connect,"),
        (["--queue", "a", "--fault", "send=busy,queue=b"], "no queue `b`; the queues are a"),
        (["--queue", "a", "--port", "65536"], "65536 is not in the range"),
        (["--queue", "a", "--host", "a..b"], "'a..b' is not a host name"),
        ([], "Missing option '--queue'"),
    ],
)
def test_wrong_use_is_told_in_a_line(arguments: list[str], said: str) -> None:
    """With a status that is not 0, and without a traceback."""
    done = CliRunner().invoke(local, arguments)

    assert done.exit_code in {1, 2}
    assert said in done.output
    assert isinstance(done.exception, SystemExit)


def test_a_port_in_use_is_told_with_what_to_do() -> None:
    """Another one, or a free one."""
    with LocalServiceBus(["a"]) as bus:
        done = CliRunner().invoke(local, ["--queue", "a", "--port", str(bus.port)])

    assert done.exit_code == 1
    assert f"port {bus.port} on 127.0.0.1 is in use. Choose another port with --port (0" in done.output


def test_every_setting_of_a_queue_is_taken() -> None:
    """In the units that people write."""
    expected = QueueSettings(
        name="a",
        lock_duration=timedelta(seconds=30),
        max_delivery_count=5,
        duplicate_detection_window=None,
        default_time_to_live=timedelta(hours=1),
        max_message_size=64 * 1024,
    )

    assert parse_queue("a:partitioned=on").partitioned
    assert expected == parse_queue("a:lock=30s, max-delivery=5, dedup=off, ttl=1h, size=64KB")


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_it_stops_when_told_to(number: signal.Signals) -> None:
    """It says what is lost, with status 0."""
    command = [sys.executable, "-u", "-m", "boilermaker.cli", "local", "--queue", "a", "--port", "0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        started = "".join(process.stdout.readline() for _ in range(5))
        process.send_signal(number)
        rest, errors = process.communicate(timeout=_SECONDS)

    assert "Press Ctrl-C to stop." in started
    assert re.search(r"Endpoint=sb://127.0.0.1:\d+;", started)
    assert (0, "") == (process.returncode, errors)
    assert "a: 0 active, 0 scheduled, 0 dead letters deleted\n" == rest


def test_another_process_makes_its_faults() -> None:
    """Those of the command line stand from the start; others come through the port that it tells."""
    command = [
        sys.executable, "-u", "-m", "boilermaker.cli", "local", "--queue", "a", "--port", "0",
        "--fault", "send=busy,chance=0.5", "--seed", "3", "--control-port", "0",
    ]  # fmt: skip
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        started = "".join(process.stdout.readline() for _ in range(6))
        found = re.search(r"BOILERMAKER_CONTROL='(http://127.0.0.1:\d+)'", started)
        assert found is not None
        done = CliRunner().invoke(fault, ["settle=lose"], env={"BOILERMAKER_CONTROL": found[1]})
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=_SECONDS)

    assert "send=busy,chance=0.5   struck 0 times\nsettle=lose   struck 0 times\n" == done.output
    assert 0 == process.returncode


def test_ids_with_newlines_forge_no_log_lines() -> None:
    """A message id is whatever its sender likes."""
    with _running() as (process, connection_string):
        with ServiceBusClient.from_connection_string(connection_string, retry_total=0) as client:
            with client.get_queue_sender("a") as sender:
                sender.send_messages(ServiceBusMessage(b"x", message_id="one\n12:00:00  forged\x1b[31m"))
            with client.get_queue_receiver("a") as receiver:
                [held] = receiver.receive_messages(1, 5)
                receiver.dead_letter_message(held, reason="why\nforged")
        process.send_signal(signal.SIGTERM)
        _, errors = process.communicate(timeout=_SECONDS)

    [line] = [line for line in errors.splitlines() if "dead-lettered" in line]
    assert line.endswith(r"a dead-lettered message one\u000a12:00:00  forged\u001b[31m: why\u000aforged")


@pytest.mark.parametrize("host", ["0.0.0.0", "127.0.0.1"])
def test_the_endpoint_that_is_printed_can_be_used(host: str) -> None:
    """A bus that listens on all addresses is named by this machine's host name."""
    with _running("--host", host) as (process, connection_string):
        assert "//0.0.0.0" not in connection_string
        with (
            ServiceBusClient.from_connection_string(connection_string, retry_total=0) as client,
            client.get_queue_sender("a") as sender,
        ):
            sender.send_messages(ServiceBusMessage(b"x"))
        process.send_signal(signal.SIGTERM)
        rest, _ = process.communicate(timeout=_SECONDS)

    assert "a: 1 active" in rest


@contextlib.contextmanager
def _running(*options: str) -> Iterator[tuple["subprocess.Popen[str]", str]]:
    command = [
        sys.executable,
        "-u",
        "-m",
        "boilermaker.cli",
        "local",
        "--queue",
        "a",
        "--port",
        "0",
        *options,
    ]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        started = "".join(process.stdout.readline() for _ in range(5))
        found = re.search(r"SERVICE_BUS_CONNECTION_STRING='(.*)'", started)
        assert found, started
        yield process, found[1]
