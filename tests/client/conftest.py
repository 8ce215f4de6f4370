"""Both buses: what a client does with event loops and threads is the same over AMQP and in memory."""

from collections.abc import Callable, Iterator
from itertools import count

import pytest

from boilermaker import AzureServiceBus, InMemoryServiceBus
from boilermaker.localbus.server import LocalServiceBus
from boilermaker.transport.port import Bus

_QUEUES = 60
_numbers = count()


@pytest.fixture(scope="module")
def local() -> Iterator[LocalServiceBus]:
    """A local Service Bus with queues to take."""
    with LocalServiceBus([f"queue-{number}" for number in range(_QUEUES)]) as bus:
        yield bus


@pytest.fixture
def queue() -> str:
    """A queue that no other test uses."""
    return f"queue-{next(_numbers)}"


@pytest.fixture(params=["amqp", "memory"])
def new_bus(request: pytest.FixtureRequest, local: LocalServiceBus) -> Callable[[], Bus]:
    """Makes a client of one namespace, the same whenever it is asked."""
    if request.param == "amqp":
        return lambda: AzureServiceBus.from_connection_string(local.connection_string)
    memory = InMemoryServiceBus()
    return lambda: memory
