"""Clients that misbehave: each loses its connection with a log line that says why, and everyone else is served on."""

import contextlib
import logging
import random
import socket
import struct
import threading
from collections.abc import Generator, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from typing import Any

import pytest
from azure.servicebus import ServiceBusClient
from azure.servicebus.exceptions import MessageSizeExceededError
from proton import Message
from proton.utils import BlockingConnection

from boilermaker.localbus.amqp.management import reply_to
from boilermaker.localbus.queue import Queue
from boilermaker.localbus.server import LocalServiceBus
from boilermaker.localbus.settings import QueueSettings
from localbus.raw import body_of, message
from localbus.sessions import Spoil, Turn, has_messages, in_messages, mutated, record, replay, say_last

_AMQP, _SASL = b"AMQP\x00\x01\x00\x00", b"AMQP\x03\x01\x00\x00"
_EMPTY_FRAME = struct.pack(">IBBH", 8, 2, 0, 0)
_MUTANTS = 150
_SEEDS = 2


@pytest.fixture
def bus() -> Iterator[LocalServiceBus]:
    """A bus of its own, so that its log is this test's."""
    orders = QueueSettings(name="orders", duplicate_detection_window=None, max_delivery_count=1000)
    with LocalServiceBus([orders, "others"]) as bus:
        yield bus


@pytest.mark.parametrize(
    ("sent", "said"),
    [
        (bytes(range(200, 250)), "expected an AMQP header"),
        (b"GET / HTTP/1.1\r\n\r\n", "expected an AMQP header"),
        (b"\x16\x03\x01" + bytes(200), "expected an AMQP header"),
        (b"AMQP\x00\x02\x00\x00", "expected an AMQP 1.0 header"),
        (_SASL + struct.pack(">IBBH", 16, 2, 1, 0) + b"garbage!", "expected a SASL init"),
        (_SASL + struct.pack(">IBBH", 2**32 - 1, 2, 1, 0), "expected a SASL frame"),
        (_AMQP + struct.pack(">IBBH", 3, 2, 0, 0), "malformed frame"),
        (_AMQP + struct.pack(">IBBH", 2**32 - 1, 2, 0, 0) + bytes(100), "malformed frame"),
        (_AMQP + struct.pack(">IBBH", 4096, 2, 0, 0) + b"half", "in the middle of a frame"),
        (_AMQP + _EMPTY_FRAME * 100_000, "disconnected without closing the connection"),
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
    session = record(bus, _send)
    [at] = [number for number, turn in enumerate(session) if b"$cbs" in turn.said][:1]
    replay(bus.port, session, lambda said: said.replace(b"$cbs", b"$c\xffs"), at=at)

    assert "a text is not UTF-8" in caplog.text
    assert _is_served(bus)


@pytest.mark.parametrize("seed", range(_SEEDS))
def test_senders_with_random_faults_end_with_their_own_connection(
    bus: LocalServiceBus, caplog: pytest.LogCaptureFixture, seed: int
):
    """A real session with bytes changed, lost and added, a hundred times; none shows a defect."""
    chance, session = random.Random(seed), record(bus, _send)
    _replay_spoiled(bus, session, range(len(session)), lambda said: mutated(said, chance), chance)

    assert "defect" not in caplog.text


@pytest.mark.parametrize("seed", range(_SEEDS))
def test_receivers_with_random_faults_end_with_their_own_connection(
    bus: LocalServiceBus, caplog: pytest.LogCaptureFixture, seed: int
):
    """Flows, settlements and requests to the management link, spoiled anywhere."""
    with _client(bus) as client, client.get_queue_sender("orders") as sender:
        sender.send_messages([message() for _ in range(3 * _MUTANTS)])
    chance, session = random.Random(seed), record(bus, _receive)
    _replay_spoiled(bus, session, range(len(session)), lambda said: mutated(said, chance), chance)

    assert "defect" not in caplog.text


@pytest.mark.parametrize("seed", range(_SEEDS))
def test_messages_with_random_faults_are_refused_without_a_word_about_the_protocol(
    bus: LocalServiceBus, caplog: pytest.LogCaptureFixture, seed: int
):
    """Their frames are sound, so that decoding sees them; whatever is no message is refused as such."""
    chance, session = random.Random(seed), record(bus, _send)
    with_messages = [number for number, turn in enumerate(session) if has_messages(turn)]
    _replay_spoiled(
        bus, session, with_messages, lambda said: in_messages(said, lambda one: mutated(one, chance)), chance
    )

    assert "the bytes are not an AMQP message" in caplog.text
    assert "violated the AMQP protocol" not in caplog.text
    assert "defect" not in caplog.text


def test_a_request_whose_properties_are_no_map_is_answered():
    """As one for an operation that is not known."""
    request: Any = Message(body={})
    request.properties = 1.5

    reply = reply_to(request, Queue(QueueSettings(name="orders")), datetime.now(UTC))

    assert 501 == reply.properties["statusCode"]


def test_a_message_of_many_megabytes_is_refused_and_not_kept(bus: LocalServiceBus):
    """It is read to its end; a real client is served meanwhile."""
    body = bytes(32 * 2**20)
    with (
        _client_beside(bus),
        _client(bus) as client,
        client.get_queue_sender("orders") as sender,
        pytest.raises(MessageSizeExceededError, match="larger than"),
    ):
        sender.send_messages(message(body))

    assert 0 == bus.counts()["orders"].active


def test_a_thousand_links_of_one_client_disturb_nobody(bus: LocalServiceBus):
    """Each has credit for one message, and gets one."""
    address = f"127.0.0.1:{bus.port}"
    with _client_beside(bus), contextlib.closing(BlockingConnection(address, timeout=20)) as connection:
        receivers = [connection.create_receiver("orders", name=f"{n}", credit=1) for n in range(1000)]
        sender = connection.create_sender("orders")
        for number in range(1000):
            sender.send(Message(body=str(number)))

        got: list[Any] = [each.receive(timeout=20) for each in receivers]
        assert {str(number) for number in range(1000)} == {each.body for each in got}


def _say(port: int, data: bytes) -> None:
    """Send these bytes and nothing more, and wait until the bus hangs up."""
    with socket.create_connection(("127.0.0.1", port)) as client:
        say_last(client, data)


def _replay_spoiled(
    bus: LocalServiceBus, session: list[Turn], where: Sequence[int], spoil: Spoil, chance: random.Random
) -> None:
    """Replay a session many times, spoiled in one of these turns, while a real client is served."""
    with _client_beside(bus):
        for _ in range(_MUTANTS):
            replay(bus.port, session, spoil, at=chance.choice(where))


def _client(bus: LocalServiceBus) -> ServiceBusClient:
    return ServiceBusClient.from_connection_string(bus.connection_string, retry_total=0)


def _is_served(bus: LocalServiceBus) -> bool:
    """Whether a real client can send and receive."""
    with _client(bus) as client:
        with client.get_queue_sender("others") as sender:
            sender.send_messages(message(b"alive"))
        with client.get_queue_receiver("others", receive_mode="receiveanddelete") as receiver:
            return [b"alive"] == [body_of(each) for each in receiver.receive_messages(1, 5)]


@contextlib.contextmanager
def _client_beside(bus: LocalServiceBus) -> Generator[None]:
    """A real client that sends and receives until the block ends, over one connection each, and misses nothing."""
    is_over = threading.Event()

    def send_and_receive() -> int:
        with (
            _client(bus) as client,
            client.get_queue_sender("others") as sender,
            client.get_queue_receiver("others") as receiver,
        ):
            served = 0
            while not is_over.wait(0.02) or not served:
                sender.send_messages(message(b"alive"))
                [got] = receiver.receive_messages(1, 5)
                receiver.complete_message(got)
                served += 1
            return served

    with ThreadPoolExecutor() as threads:
        running = threads.submit(send_and_receive)
        try:
            yield
        finally:
            is_over.set()
        assert running.result(10) > 0


def _send(client: ServiceBusClient) -> None:
    with client.get_queue_sender("orders") as sender:
        sender.send_messages([message(b"x" * 50, subject="s", application_properties={"k": 1}), message("y")])


def _receive(client: ServiceBusClient) -> None:
    with client.get_queue_receiver("orders") as receiver:
        for held in receiver.receive_messages(2, 5):
            receiver.renew_message_lock(held)
            receiver.abandon_message(held)
        receiver.peek_messages(5)
