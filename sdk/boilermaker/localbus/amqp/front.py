"""The AMQP 1.0 front of the queues: what azure-servicebus clients connect to.

`wire` runs one qpid-proton engine per client; `client`, `links` and `management` serve its requests; `messages` converts
between bytes and queue messages; `namespace` decides which receiver gets which message.
"""

import asyncio
from collections.abc import Mapping

from boilermaker.localbus.amqp.client import Client
from boilermaker.localbus.amqp.namespace import Namespace
from boilermaker.localbus.amqp.wire import Wire
from boilermaker.localbus.faults import REFUSALS, Fault, Faults
from boilermaker.localbus.queue import Queue

_CLOSE_SECONDS = 0.2


class Front:
    """Serves queues to AMQP clients. Everything here runs in the event loop's thread.

    Args:
        queues: by name.
        loop: the event loop.
        faults: the faults to inject.
    """

    def __init__(self, queues: Mapping[str, Queue], loop: asyncio.AbstractEventLoop, faults: Faults) -> None:
        self._namespace = Namespace(queues, loop)
        self._loop = loop
        self._faults = faults
        self._clients: dict[Wire, Client] = {}

    async def listen(self, host: str, port: int) -> asyncio.Server:
        """Accept clients. Raises OSError if the address or port is not available."""
        return await self._loop.create_server(self._make_wire, host, port, backlog=1024)

    def drop_connections(self) -> None:
        """Abort all connections without closing them, as a network failure does."""
        for wire in list(self._clients):
            wire.abort()

    def links(self) -> int:
        """Number of links of all clients."""
        return sum(client.links for client in self._clients.values())

    def apply_now(self, fault: Fault) -> None:
        """Apply a fault on `now`, or the immediate part of one on `entity`."""
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
        """Close all connections with a reason, wait briefly until clients have received it, and abort the rest."""
        for wire in list(self._clients):
            wire.announce_close()
        until = self._loop.time() + _CLOSE_SECONDS
        while self._clients and self._loop.time() < until:  # noqa: ASYNC110  # the wait is short, and no event announces its end
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
