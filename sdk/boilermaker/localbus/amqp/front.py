"""The AMQP 1.0 front of the queues: what azure-servicebus clients connect to.

One engine of qpid-proton for each client (`wire`), what a client may ask for (`client`, `links`,
`management`), messages between bytes and queue (`messages`), and who gets which message (`namespace`).
"""

import asyncio
from collections.abc import Mapping

from boilermaker.localbus.amqp.client import Client
from boilermaker.localbus.amqp.namespace import Namespace
from boilermaker.localbus.amqp.wire import Wire
from boilermaker.localbus.faults import REFUSALS, Fault, Faults
from boilermaker.localbus.queue import Queue

_GOODBYE_SECONDS = 0.2


class Front:
    """Serves queues to AMQP clients. Everything here runs in the event loop's thread.

    Args:
        queues: by name.
        loop: the event loop.
        faults: what goes wrong on demand.
    """

    def __init__(self, queues: Mapping[str, Queue], loop: asyncio.AbstractEventLoop, faults: Faults) -> None:
        self._namespace = Namespace(queues, loop)
        self._loop = loop
        self._faults = faults
        self._clients: dict[Wire, Client] = {}

    async def listen(self, host: str, port: int) -> asyncio.Server:
        """Accept clients. Raises OSError where it cannot listen there."""
        return await self._loop.create_server(self._make_wire, host, port, backlog=1024)

    def drop_connections(self) -> None:
        """Cut all connections without a word, as a network does."""
        for wire in list(self._clients):
            wire.abort()

    def links(self) -> int:
        """How many links all clients hold."""
        return sum(client.links for client in self._clients.values())

    def suffer(self, fault: Fault) -> None:
        """Do what a fault asks for at once: all of one on `now`, the beginning of one on `entity`."""
        if fault.do == "lock-lost":
            self._namespace.lose_locks(fault.queue)
        elif fault.on == "entity" or fault.do == "detach":
            why = REFUSALS["internal" if fault.do == "detach" else fault.do]
            for client in list(self._clients.values()):
                client.detach_all(fault.queue, why)
        elif fault.do == "cut":
            self.drop_connections()
        elif fault.do == "freeze":
            for wire in list(self._clients):
                wire.freeze(fault.seconds)

    async def close(self) -> None:
        """Tell all clients that the namespace goes, give them a moment to hear it, and hang up."""
        for wire in list(self._clients):
            wire.say_goodbye()
        until = self._loop.time() + _GOODBYE_SECONDS
        while self._clients and self._loop.time() < until:  # noqa: ASYNC110  # an end in sight, and nobody to tell of it
            await asyncio.sleep(0.01)
        self.drop_connections()
        await asyncio.sleep(0)

    def _make_wire(self) -> Wire:
        return Wire(self._loop, self._make_client, self._forget)

    def _make_client(self, wire: Wire) -> Client:
        client = self._clients[wire] = Client(self._namespace, wire, self._faults, self._loop)
        return client

    def _forget(self, wire: Wire) -> None:
        self._clients.pop(wire, None)
