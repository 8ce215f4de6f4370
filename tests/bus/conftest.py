"""One suite over every bus: in memory, and the unmodified Service Bus client over a socket."""

from collections.abc import AsyncIterator, Iterator

import pytest

from boilermaker.localbus.server import LocalServiceBus
from bus.rigs import Rig, all_queues, amqp_rig, memory_rig


@pytest.fixture(scope="session")
def local_bus() -> Iterator[LocalServiceBus]:
    """A local Service Bus with some queues of each kind."""
    with LocalServiceBus(list(all_queues())) as bus:
        yield bus


@pytest.fixture(params=["memory", "amqp"])
async def rig(request: pytest.FixtureRequest) -> AsyncIterator[Rig]:
    """The bus under test."""
    if request.param == "memory":
        rig, close = memory_rig()
    else:
        local: LocalServiceBus = request.getfixturevalue("local_bus")
        rig, close = amqp_rig(local.connection_string)
    yield rig
    await close()
