"""The local Service Bus over real sockets, and the raw client in both halves."""

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Iterator

import pytest
import pytest_asyncio

from boilermaker.localbus.server import LocalServiceBus
from bus.rigs import all_queues
from localbus.raw import HALVES, RawClient

_AHEAD = 3


@pytest.fixture(scope="session")
def namespace() -> Iterator[LocalServiceBus]:
    """A local Service Bus with some queues of each kind."""
    with LocalServiceBus(list(all_queues())) as bus:
        yield bus


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def closing(namespace: LocalServiceBus) -> AsyncIterator[set[asyncio.Task[None]]]:
    """Closes clients beside the tests that follow, and is done before the bus goes."""
    tasks: set[asyncio.Task[None]] = set()
    yield tasks
    await asyncio.gather(*tasks)


class ClientsAhead:
    """Clients that are opening links while the tests before theirs still run: opening is sleep, hardly work."""

    def __init__(self, connection_string: str) -> None:
        self._connection_string = connection_string
        self._opening: dict[str, deque[asyncio.Task[RawClient]]] = {half: deque() for half in HALVES}

    async def take(self, half: str) -> RawClient:
        """The next client of this half, with its links open."""
        waiting = self._opening[half]
        while len(waiting) <= _AHEAD:
            waiting.append(asyncio.create_task(self._open(half)))
        return await waiting.popleft()

    async def close(self) -> None:
        """Close those that no test wanted."""
        clients = await asyncio.gather(*(task for waiting in self._opening.values() for task in waiting))
        await asyncio.gather(*(client.close() for client in clients))

    async def _open(self, half: str) -> RawClient:
        client = RawClient(half, self._connection_string)
        await client.open_ahead()
        return client


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def clients(namespace: LocalServiceBus) -> AsyncIterator[ClientsAhead]:
    """Where tests take their clients."""
    clients = ClientsAhead(namespace.connection_string)
    yield clients
    await clients.close()


@pytest_asyncio.fixture(loop_scope="session")
async def client(
    request: pytest.FixtureRequest, clients: ClientsAhead, closing: set[asyncio.Task[None]]
) -> AsyncIterator[RawClient]:
    """The unmodified client: its async half, and its sync half too where a test asks for `both_halves`."""
    client = await clients.take(getattr(request, "param", "async"))
    yield client
    closing.add(asyncio.create_task(client.close()))
