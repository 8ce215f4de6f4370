"""What a real client says to the bus, recorded, and said again with faults in it."""

import contextlib
import random
import socket
import struct
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from azure.servicebus import ServiceBusClient

from boilermaker.localbus.server import LocalServiceBus

_HEADER = b"AMQP"
_TRANSFER = b"\x00\x53\x14"
_PATIENCE_SECONDS = 1.0
_HANG_UP_SECONDS = 10.0

Spoil = Callable[[bytes], bytes]


@dataclass(frozen=True, kw_only=True)
class Turn:
    """What a client said in one piece, and how many frames of the bus it had seen before."""

    heard: int
    said: bytes


class _Heard:
    """Counts frames in the bytes that come from the bus; protocol headers count as frames."""

    def __init__(self) -> None:
        self.frames = 0
        self._rest = b""

    def add(self, data: bytes) -> None:
        self._rest += data
        while len(self._rest) >= 8:
            size = 8 if self._rest.startswith(_HEADER) else int.from_bytes(self._rest[:4], "big")
            if len(self._rest) < size:
                return
            self._rest = self._rest[size:]
            self.frames += 1


def record(bus: LocalServiceBus, use: Callable[[ServiceBusClient], None]) -> list[Turn]:
    """What a real client says over its one connection while it is used like this."""
    turns: list[Turn] = []
    with socket.create_server(("127.0.0.1", 0)) as proxy:
        port = proxy.getsockname()[1]
        there = socket.create_connection(("127.0.0.1", bus.port))
        pump = threading.Thread(target=_carry, args=(proxy, there, turns))
        pump.start()
        address = bus.connection_string.replace(f":{bus.port}", f":{port}")
        with ServiceBusClient.from_connection_string(address, retry_total=0) as client:
            use(client)
        pump.join()
    return turns


def _carry(proxy: socket.socket, there: socket.socket, turns: list[Turn]) -> None:
    here, _ = proxy.accept()
    heard = _Heard()

    def answer() -> None:
        with contextlib.suppress(OSError):  # the client has hung up without waiting for the last words
            while data := there.recv(65536):
                heard.add(data)
                here.sendall(data)
            here.shutdown(socket.SHUT_WR)

    answers = threading.Thread(target=answer)
    answers.start()
    with contextlib.suppress(OSError):  # the bus hung up first
        while data := here.recv(65536):
            turns.append(Turn(heard=heard.frames, said=data))
            there.sendall(data)
        there.shutdown(socket.SHUT_WR)
    answers.join()
    here.close()
    there.close()


def replay(port: int, turns: Sequence[Turn], spoil: Spoil, *, at: int) -> None:
    """Say it again, each turn after the answers that it followed; the turn `at` spoiled, and the rest without waiting."""
    heard = _Heard()
    with (
        socket.create_connection(("127.0.0.1", port), timeout=_PATIENCE_SECONDS) as client,
    ):
        client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)  # turns are short, and follow each other
        for turn in turns[:at]:
            _hear(client, heard, turn.heard)
            client.sendall(turn.said)
        _hear(client, heard, turns[at].heard)
        say_last(client, spoil(turns[at].said) + b"".join(turn.said for turn in turns[at + 1 :]))


def say_last(client: socket.socket, data: bytes) -> None:
    """Say this and nothing more, and wait until the bus hangs up; it may do so before it has read everything."""
    client.settimeout(_HANG_UP_SECONDS)
    try:
        client.sendall(data)
        client.shutdown(socket.SHUT_WR)
        while client.recv(65536):
            pass
    except TimeoutError:
        raise
    except OSError:  # it hung up first
        pass


def _hear(client: socket.socket, heard: _Heard, wanted: int) -> None:
    with contextlib.suppress(TimeoutError):  # what the bus says depends a little on what is in its queues
        while heard.frames < wanted and (data := client.recv(65536)):
            heard.add(data)


def mutated(data: bytes, chance: random.Random) -> bytes:
    """With some bytes changed, lost or added."""
    changed = bytearray(data)
    for _ in range(chance.choice([1, 1, 2, 5])):
        at = chance.randrange(len(changed)) if changed else 0
        match chance.choice(["change", "change", "change", "lose", "add"]):
            case "change" if changed:
                changed[at] = chance.randrange(256)
            case "lose":
                del changed[at : at + chance.randrange(1, 9)]
            case _:
                changed[at:at] = chance.randbytes(chance.randrange(1, 9))
    return bytes(changed)


def has_messages(turn: Turn) -> bool:
    """Whether a message is sent in this turn."""
    return any(_payload_at(frame) for frame in _frames(turn.said))


def in_messages(data: bytes, spoil: Spoil) -> bytes:
    """Frames as they were, but for the message that a transfer carries; its frame gets the size that it then has."""
    return b"".join(_with_payload(frame, spoil) for frame in _frames(data))


def _with_payload(frame: bytes, spoil: Spoil) -> bytes:
    at = _payload_at(frame)
    if not at:
        return frame
    payload = spoil(frame[at:])
    return struct.pack(">I", at + len(payload)) + frame[4:at] + payload


def _frames(data: bytes) -> list[bytes]:
    found: list[bytes] = []
    while data:
        size = 8 if data.startswith(_HEADER) else int.from_bytes(data[:4], "big")
        found.append(data[:size])
        data = data[size:]
    return found


def _payload_at(frame: bytes) -> int:
    """Where a transfer's message begins; 0 where this is no transfer."""
    if frame[8:11] != _TRANSFER:
        return 0
    match frame[11]:
        case 0xC0:  # a list with a size of one byte
            return 13 + frame[12]
        case 0xD0:  # a list with a size of four
            return 16 + int.from_bytes(frame[12:16], "big")
        case _:
            return 0
