"""Clients that misbehave: each loses its connection with a log line that says why, and everyone else is served on."""

import contextlib
import logging
import random
import socket
import struct
import threading
from collections.abc import Iterator

import pytest
from azure.servicebus import ServiceBusClient

from boilermaker.localbus.server import LocalServiceBus
from localbus.raw import body_of, message

_AMQP, _SASL = b"AMQP\x00\x01\x00\x00", b"AMQP\x03\x01\x00\x00"
_EMPTY_FRAME = struct.pack(">IBBH", 8, 2, 0, 0)
_MUTANTS = 2000
_SEEDS = 4


@pytest.fixture
def bus() -> Iterator[LocalServiceBus]:
    """A bus of its own, so that its log is this test's."""
    with LocalServiceBus(["orders"]) as bus:
        yield bus


@pytest.mark.parametrize(
    ("sent", "said"),
    [
        (bytes(range(200, 250)), "this is no AMQP"),
        (b"GET / HTTP/1.1\r\n\r\n", "this is no AMQP"),
        (b"\x16\x03\x01" + bytes(200), "this is no AMQP"),
        (b"AMQP\x00\x02\x00\x00", "this is no AMQP 1.0 header"),
        (_SASL + struct.pack(">IBBH", 16, 2, 1, 0) + b"garbage!", "a SASL init belongs here"),
        (_SASL + struct.pack(">IBBH", 2**32 - 1, 2, 1, 0), "this is no SASL frame"),
        (_AMQP + struct.pack(">IBBH", 3, 2, 0, 0), "malformed frame"),
        (_AMQP + struct.pack(">IBBH", 2**32 - 1, 2, 0, 0) + bytes(100), "malformed frame"),
        (_AMQP + struct.pack(">IBBH", 4096, 2, 0, 0) + b"half", "in the middle of a frame"),
        (_AMQP + _EMPTY_FRAME * 100_000, "vanished"),
    ],
    ids=[
        "garbage", "http", "tls", "version", "sasl nonsense", "sasl 4 GB", "frame of 3", "frame of 4 GB",
        "half a frame", "flood",
    ],
)  # fmt: skip
def test_whoever_speaks_no_amqp_is_cut_off_with_the_reason(
    bus: LocalServiceBus, caplog: pytest.LogCaptureFixture, sent: bytes, said: str
):
    """What came is told in the log; the end of the connection is told to the client."""
    caplog.set_level(logging.INFO, "boilermaker.local")
    _say(bus.port, sent)

    assert said in caplog.text
    assert "defect" not in caplog.text


@pytest.mark.parametrize("sent", [b"AMQ", _AMQP, _AMQP + struct.pack(">IBBH", 2**32 - 1, 2, 0, 0)])
def test_who_falls_silent_disturbs_nobody(bus: LocalServiceBus, sent: bytes):
    """A hundred connections that stop in the middle of something, while a client sends and receives."""
    silent = [socket.create_connection(("127.0.0.1", bus.port)) for _ in range(100)]
    for each in silent:
        each.sendall(sent)

    assert _is_served(bus)
    for each in silent:
        each.close()


def test_a_text_that_is_not_utf_8_is_the_clients_fault(
    bus: LocalServiceBus, caplog: pytest.LogCaptureFixture
):
    """An address, here; the log does not call it a defect of the bus."""
    recorded = _recorded(bus)
    _say(bus.port, recorded.replace(b"$cbs", b"$c\xffs"))

    assert "a text that is not UTF-8" in caplog.text
    assert _is_served(bus)


@pytest.mark.parametrize("seed", range(_SEEDS))
def test_sessions_with_random_faults_end_with_their_own_connection(
    bus: LocalServiceBus, caplog: pytest.LogCaptureFixture, seed: int
):
    """A real session with bytes changed, lost and added, by the thousand; none shows a defect."""
    caplog.set_level(logging.WARNING, "boilermaker.local")
    recorded, chance = _recorded(bus), random.Random(seed)
    for _ in range(_MUTANTS // _SEEDS):
        _say(bus.port, _mutated(recorded, chance))

    assert "defect" not in caplog.text
    assert _is_served(bus)


def _say(port: int, data: bytes) -> None:
    """Send these bytes and nothing more, and wait until the bus hangs up."""
    with socket.create_connection(("127.0.0.1", port), timeout=5) as client:
        try:
            client.sendall(data)
            client.shutdown(socket.SHUT_WR)
            while client.recv(65536):
                pass
        except ConnectionError:  # it hung up before it had read everything
            pass


def _is_served(bus: LocalServiceBus) -> bool:
    """Whether a real client can send and receive."""
    with ServiceBusClient.from_connection_string(bus.connection_string, retry_total=0) as client:
        with client.get_queue_sender("orders") as sender:
            sender.send_messages(message(b"alive"))
        with client.get_queue_receiver("orders", receive_mode="receiveanddelete") as receiver:
            return b"alive" in [body_of(each) for each in receiver.receive_messages(100, 5)]


def _mutated(data: bytes, chance: random.Random) -> bytes:
    changed = bytearray(data)
    for _ in range(chance.choice([1, 1, 2, 5])):
        at = chance.randrange(len(changed))
        match chance.choice(["change", "change", "change", "lose", "add"]):
            case "change":
                changed[at] = chance.randrange(256)
            case "lose":
                del changed[at : at + chance.randrange(1, 9)]
            case _:
                changed[at:at] = chance.randbytes(chance.randrange(1, 9))
    return bytes(changed)


def _recorded(bus: LocalServiceBus) -> bytes:
    """What a real client says while it sends two messages."""
    said = bytearray()
    with socket.create_server(("127.0.0.1", 0)) as proxy:
        port = proxy.getsockname()[1]
        there = socket.create_connection(("127.0.0.1", bus.port))
        pumps = threading.Thread(target=_carry, args=(proxy, there, said))
        pumps.start()
        address = bus.connection_string.replace(f":{bus.port}", f":{port}")
        with (
            ServiceBusClient.from_connection_string(address, retry_total=0) as client,
            client.get_queue_sender("orders") as sender,
        ):
            sender.send_messages(
                [message(b"x" * 50, subject="s", application_properties={"k": 1}), message("y")]
            )
        pumps.join()
    return bytes(said)


def _carry(proxy: socket.socket, there: socket.socket, said: bytearray) -> None:
    here, _ = proxy.accept()

    def answer() -> None:
        with contextlib.suppress(OSError):  # the client has hung up without waiting for the last words
            while data := there.recv(65536):
                here.sendall(data)
            here.shutdown(socket.SHUT_WR)

    answers = threading.Thread(target=answer)
    answers.start()
    try:
        while data := here.recv(65536):
            said.extend(data)
            there.sendall(data)
        there.shutdown(socket.SHUT_WR)
    except OSError:  # the bus hung up first
        pass
    answers.join()
    here.close()
    there.close()
