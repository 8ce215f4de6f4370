"""A bus to talk to over real sockets, with the weaknesses that the tests are about."""

from collections.abc import AsyncIterator, Iterator
from datetime import timedelta
from itertools import count

import pytest

from boilermaker.localbus.server import LocalServiceBus
from boilermaker.localbus.settings import QueueSettings
from boilermaker.transport.servicebus.bus import AzureServiceBus
from transport.wires import Wire

_QUEUES = 100
_numbers = count()


@pytest.fixture(scope="session")
def namespace() -> Iterator[LocalServiceBus]:
    """A local bus with a queue for each test, and some that are odd."""
    queues = [QueueSettings(name=f"queue-{number}") for number in range(_QUEUES)]
    brief = [
        QueueSettings(name=f"brief-{number}", lock_duration=timedelta(seconds=1)) for number in range(_QUEUES)
    ]
    odd = [
        QueueSettings(name="sess", requires_session=True),
        QueueSettings(name="partitioned", partitioned=True),
        QueueSettings(name="large", max_message_size=100 * 1024 * 1024),
    ]
    with LocalServiceBus([*queues, *brief, *odd]) as namespace:
        yield namespace


@pytest.fixture
async def bus(namespace: LocalServiceBus) -> AsyncIterator[AzureServiceBus]:
    """Our transport, connected to the namespace."""
    bus = AzureServiceBus.from_connection_string(namespace.connection_string)
    yield bus
    await bus.close()


@pytest.fixture
async def wire(namespace: LocalServiceBus) -> AsyncIterator[Wire]:
    """A connection to the namespace that can be cut."""
    wire = Wire(namespace.port)
    await wire.connect()
    yield wire
    await wire.disconnect()


@pytest.fixture
async def wired_bus(namespace: LocalServiceBus, wire: Wire) -> AsyncIterator[AzureServiceBus]:
    """Our transport, connected through the wire."""
    bus = AzureServiceBus.from_connection_string(
        namespace.connection_string.replace(f":{namespace.port}", f":{wire.port}")
    )
    yield bus
    await bus.close()


@pytest.fixture
def queue(request: pytest.FixtureRequest) -> str:
    """A queue that no other test uses; `brief`, asked for by name, has locks of one second."""
    return f"{getattr(request, 'param', 'queue')}-{next(_numbers)}"
