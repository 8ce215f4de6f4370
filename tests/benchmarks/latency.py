"""A TCP proxy that adds a fixed round trip, in a process of its own; told to, it cuts its connections.

    python -m tests.benchmarks.latency HOST PORT SECONDS

prints the port that it listens on. A line on its standard input cuts every connection without a word.
"""

import asyncio
import contextlib
import re
import subprocess
import sys
from collections import deque
from collections.abc import Generator
from typing import NamedTuple


class Proxied(NamedTuple):
    """A bus behind the proxy."""

    connection_string: str
    process: "subprocess.Popen[str]"

    def cut(self) -> None:
        """Cut every connection."""
        assert self.process.stdin is not None
        self.process.stdin.write("cut\n")
        self.process.stdin.flush()


@contextlib.contextmanager
def proxied(connection_string: str, round_trip_seconds: float) -> Generator[Proxied]:
    """The bus of this connection string, that much farther away."""
    found = re.search(r"sb://([^:/;]+):(\d+)", connection_string)
    assert found is not None, "a local bus names its port"
    command = [sys.executable, "-m", "tests.benchmarks.latency", found[1], found[2], str(round_trip_seconds)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            port = process.stdout.readline().strip()
            yield Proxied(connection_string.replace(f":{found[2]}", f":{port}", 1), process)
        finally:
            process.terminate()


class _Side(asyncio.Protocol):
    """One of the two connections of a pair: what it receives leaves by the other, half a round trip later."""

    def __init__(self, delay: float, pairs: "set[_Side]") -> None:
        self._delay = delay
        self._pairs = pairs
        self._loop = asyncio.get_running_loop()
        self._on_the_way: deque[tuple[float, bytes]] = deque()
        self._transport: asyncio.Transport | None = None
        self.other: _Side | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        self._pairs.add(self)

    def connection_lost(self, exc: Exception | None) -> None:
        del exc
        self._pairs.discard(self)
        if self.other is not None:
            self._loop.call_later(self._delay, self.other.abort)

    def data_received(self, data: bytes) -> None:
        self._on_the_way.append((self._loop.time() + self._delay, data))
        if len(self._on_the_way) == 1 and self.other is not None:
            self.begin()

    def begin(self) -> None:
        """The other side is there: hand on what has come, in its time."""
        if self._on_the_way:
            self._loop.call_at(self._on_the_way[0][0], self._arrive)

    def _arrive(self) -> None:
        assert self.other is not None
        now = self._loop.time()
        arrived: list[bytes] = []
        while self._on_the_way and self._on_the_way[0][0] <= now:
            arrived.append(self._on_the_way.popleft()[1])
        self.other.write(b"".join(arrived))
        self.begin()

    def write(self, data: bytes) -> None:
        if self._transport is not None and data:
            self._transport.write(data)

    def abort(self) -> None:
        if self._transport is not None:
            self._transport.abort()


class _Front(_Side):
    """The client's side; it calls the bus when the client has called."""

    def __init__(self, delay: float, pairs: set[_Side], host: str, port: int) -> None:
        super().__init__(delay, pairs)
        self._address = (host, port)
        self._calling: asyncio.Task[None] | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(transport)
        self._calling = self._loop.create_task(self._call())

    async def _call(self) -> None:
        back = _Side(self._delay, self._pairs)
        back.other = self
        try:
            await self._loop.create_connection(lambda: back, *self._address)
        except OSError:
            self.abort()
            return
        self.other = back
        self.begin()


async def _serve(host: str, port: int, round_trip_seconds: float) -> None:
    loop = asyncio.get_running_loop()
    pairs: set[_Side] = set()

    def cut() -> None:
        if sys.stdin.readline():
            for side in list(pairs):
                side.abort()
        else:
            loop.remove_reader(sys.stdin)

    loop.add_reader(sys.stdin, cut)
    server = await loop.create_server(lambda: _Front(round_trip_seconds / 2, pairs, host, port), "127.0.0.1")
    print(server.sockets[0].getsockname()[1], flush=True)  # noqa: T201 - how its caller learns the port
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(_serve(sys.argv[1], int(sys.argv[2]), float(sys.argv[3])))
