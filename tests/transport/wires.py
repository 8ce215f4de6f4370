"""What the tests of the transport share: a wire that can be cut, and messages with ids of their own."""

import asyncio
import contextlib
from itertools import count
from typing import Any

from proton import Condition, Endpoint

from boilermaker.localbus.server import LocalServiceBus
from boilermaker.transport.port import OutgoingMessage

_numbers = count(1)


def next_number() -> int:
    """A number that nobody else has in this process."""
    return next(_numbers)


def message(body: bytes = b"{}", message_id: str | None = None) -> OutgoingMessage:
    """A message with an id of its own."""
    return OutgoingMessage(body=body, message_id=message_id or f"m{next_number()}")


def end(namespace: LocalServiceBus, queue: str, what: str) -> None:
    """Let the bus end the links to a queue, or their sessions or connections, each with a reason."""

    def end_all() -> None:
        bus: Any = namespace
        for wire in list(bus._front._clients):
            link = wire.connection.link_head(Endpoint.LOCAL_ACTIVE)
            while link is not None:
                if queue in {link.source.address, link.target.address}:
                    ended = {"link": link, "session": link.session, "connection": wire.connection}[what]
                    ended.condition = Condition("amqp:connection:forced", "the test ends it")
                    ended.close()
                    wire.flush_soon()
                    break
                link = link.next(Endpoint.LOCAL_ACTIVE)

    namespace._call(end_all)


class Wire:
    """A TCP proxy in front of the bus: it can be cut, and it can be away."""

    def __init__(self, to_port: int) -> None:
        self._to_port = to_port
        self._server: asyncio.Server | None = None
        self._pipes: set[asyncio.Task[None]] = set()
        self.port = 0

    async def connect(self) -> None:
        """Accept connections, again on the same port."""
        self._server = await asyncio.start_server(self._accept, "127.0.0.1", self.port)
        self.port = self._server.sockets[0].getsockname()[1]

    async def cut(self) -> None:
        """Break every connection, as a restart of the service does."""
        pipes, self._pipes = self._pipes, set()
        for pipe in pipes:
            pipe.cancel()
        await asyncio.gather(*pipes, return_exceptions=True)

    async def disconnect(self) -> None:
        """Break every connection and refuse new ones."""
        if self._server is not None:
            self._server.close()
        await self.cut()

    def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.ensure_future(self._carry(reader, writer))
        self._pipes.add(task)
        task.add_done_callback(self._pipes.discard)

    async def _carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        there, back = await asyncio.open_connection("127.0.0.1", self._to_port)
        try:
            await asyncio.gather(_pump(reader, back), _pump(there, writer))
        finally:
            for each in (writer, back):
                each.transport.abort()


async def _pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with contextlib.suppress(ConnectionError):
        while data := await reader.read(65536):
            writer.write(data)
            await writer.drain()
        writer.close()
