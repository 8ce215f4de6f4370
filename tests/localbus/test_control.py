"""Faults from another process: over HTTP, and by `boilermaker fault`."""

import json
import socket
import urllib.error
import urllib.request
from collections.abc import Iterator
from typing import Any

import pytest
from azure.servicebus import ServiceBusClient
from azure.servicebus.exceptions import ServiceBusServerBusyError
from click.testing import CliRunner, Result

from boilermaker.cli.fault import fault
from boilermaker.localbus.control import ControlPort
from boilermaker.localbus.server import LocalServiceBus
from localbus.raw import message


@pytest.fixture
def bus() -> Iterator[LocalServiceBus]:
    """A bus of its own."""
    with LocalServiceBus(["orders"]) as bus:
        yield bus


@pytest.fixture
def control(bus: LocalServiceBus) -> Iterator[ControlPort]:
    """Its control port."""
    with ControlPort(bus) as control:
        yield control


def _ask(control: ControlPort, method: str, path: str, body: bytes | None = None) -> tuple[int, Any]:
    request = urllib.request.Request(control.url + path, data=body, method=method)
    try:
        with urllib.request.urlopen(request, timeout=5) as answer:
            return answer.status, json.load(answer)
    except urllib.error.HTTPError as error:
        with error:
            return error.code, json.load(error)


def _command(control: ControlPort, *arguments: str) -> Result:
    return CliRunner().invoke(fault, ["--control", control.url, *arguments])


def test_a_command_makes_a_client_fail_and_heals_it(bus: LocalServiceBus, control: ControlPort):
    """Active faults are listed with how often they struck."""
    said = _command(control, "send=busy,queue=orders", "renew=delay,seconds=1")
    assert (
        "send=busy,queue=orders   struck 0 times\nrenew=delay,seconds=1.0   struck 0 times\n" == said.output
    )
    with (
        ServiceBusClient.from_connection_string(bus.connection_string, retry_total=0) as client,
        client.get_queue_sender("orders") as sender,
    ):
        with pytest.raises(ServiceBusServerBusyError):
            sender.send_messages(message(b"x"))
        assert "send=busy,queue=orders   struck 1 times" in _command(control).output
        assert "no active faults\n" == _command(control, "--clear").output
        sender.send_messages(message(b"x"))

    assert (200, 1) == (200, _ask(control, "GET", "/queues")[1]["orders"]["active"])


def test_what_is_no_fault_is_told(control: ControlPort):
    """With what there is; exit status 1."""
    said = _command(control, "settle=never")

    assert 1 == said.exit_code
    assert "`settle` can be busy" in said.output


def test_where_no_bus_answers_the_command_says_how_to_start_one():
    """A port that nobody listens on, one of something else, and what is no URL."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        said = CliRunner().invoke(fault, ["--control", f"http://127.0.0.1:{free.getsockname()[1]}"])
    assert 1 == said.exit_code
    assert "boilermaker local --control-port" in said.output
    assert "must be a URL such as" in CliRunner().invoke(fault, ["--control", "localhost:5673"]).output


@pytest.mark.parametrize(
    ("method", "path", "body", "status", "said"),
    [
        ("POST", "/faults", b"eat=lunch", 400, "`eat` is not an operation"),
        ("POST", "/faults", b"\xff\xfe", 400, "utf-8"),
        ("POST", "/faults", b"", 400, "one fault per line"),
        ("POST", "/faults", b"x" * 100_000, 400, "one fault per line"),
        ("POST", "/queues", b"send=busy", 404, "not found: the endpoints are /faults and /queues"),
        ("GET", "/", None, 404, "not found: the endpoints are /faults and /queues"),
        ("DELETE", "/queues", None, 404, "not found: the endpoints are /faults and /queues"),
    ],
)
def test_what_cannot_be_is_answered_with_what_can(
    bus: LocalServiceBus,
    control: ControlPort,
    method: str,
    path: str,
    body: bytes | None,
    status: int,
    said: str,
):
    """And nothing stands afterwards."""
    code, answer = _ask(control, method, path, body)

    assert (status, True) == (code, said in answer["error"])
    assert () == bus.faults.standing


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({}, 200),
        ({"Host": "localhost:5673"}, 200),
        ({"Host": "bus"}, 200),  # another container of the same network
        ({"Host": "host.docker.internal:5673"}, 200),
        ({"Host": "192.168.1.7:5673"}, 200),
        ({"Host": "[::1]:5673"}, 200),
        ({"Host": "evil.example"}, 403),
        ({"Host": "127.0.0.1.evil.example"}, 403),
        ({"Host": "["}, 403),
        ({"Host": ""}, 403),
        ({"Origin": "https://evil.example"}, 403),
        ({"Origin": "null"}, 403),
        ({"Origin": "http://127.0.0.1:5673"}, 403),
    ],
)
@pytest.mark.parametrize("method", ["GET", "POST", "DELETE"])
def test_requests_of_web_pages_are_refused(
    control: ControlPort, bus: LocalServiceBus, method: str, headers: dict[str, str], status: int
) -> None:
    """Nothing happens on behalf of a page that a developer has open; a name may have been pointed at this machine."""
    standing = bus.faults.add("send=busy")
    body = b"settle=lose" if method == "POST" else None
    request = urllib.request.Request(f"{control.url}/faults", data=body, method=method, headers=headers)
    try:
        with urllib.request.urlopen(request, timeout=5) as answer:
            found = answer.status
    except urllib.error.HTTPError as error:
        found = error.code

    assert status == (200 if found == 201 else found)
    if status == 403:
        assert (standing,) == bus.faults.standing
