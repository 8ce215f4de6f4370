"""Every sample on every bus: in memory, and the local Service Bus over AMQP."""

import logging
from collections.abc import AsyncIterator, Iterator
from itertools import count

import pytest

from boilermaker import AzureServiceBus, InMemoryServiceBus
from boilermaker.localbus.server import LocalServiceBus
from spec.staging import Events, Stage

_QUEUES = [f"samples-{number}" for number in range(100)]
_numbers = count()


@pytest.fixture(scope="session")
def local_bus() -> Iterator[LocalServiceBus]:
    """A local Service Bus with a queue for each test."""
    with LocalServiceBus(_QUEUES) as bus:
        yield bus


@pytest.fixture
def events() -> Iterator[Events]:
    """What the worker logs."""
    events = Events()
    log = logging.getLogger("boilermaker.app")
    level = log.level
    log.setLevel(logging.INFO)
    log.addHandler(events)
    yield events
    log.removeHandler(events)
    log.setLevel(level)


@pytest.fixture(params=["memory", "amqp"])
async def stage(request: pytest.FixtureRequest, events: Events) -> AsyncIterator[Stage]:
    """A bus whose default queue no other test uses."""
    queue = _QUEUES[next(_numbers)]
    if request.param == "memory":
        bus: AzureServiceBus | InMemoryServiceBus = InMemoryServiceBus(queue, default_queue=queue)
    else:
        local: LocalServiceBus = request.getfixturevalue("local_bus")
        bus = AzureServiceBus.from_connection_string(f"{local.connection_string};EntityPath={queue}")
    yield Stage(bus, events)
    await bus.close()
