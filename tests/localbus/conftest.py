"""The local Service Bus over real sockets, and the raw client in both halves."""

import asyncio
from collections.abc import AsyncIterator, Iterator

import pytest
import pytest_asyncio

from boilermaker.localbus.server import LocalServiceBus
from bus.rigs import all_queues
from localbus.raw import HALVES, RawClient


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


@pytest_asyncio.fixture(params=list(HALVES), loop_scope="session")
async def client(
    request: pytest.FixtureRequest, namespace: LocalServiceBus, closing: set[asyncio.Task[None]]
) -> AsyncIterator[RawClient]:
    """The unmodified client: once its sync half, once its async half."""
    client = RawClient(request.param, namespace.connection_string)
    yield client
    closing.add(asyncio.create_task(client.close()))
