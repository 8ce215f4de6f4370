"""A bus that is not itself when a worker connects: what passes is waited out, what does not is told."""

import gc
from collections.abc import Iterator

import pytest

from boilermaker.errors import BusError
from boilermaker.localbus.server import LocalServiceBus
from boilermaker.transport.servicebus.bus import AzureServiceBus


@pytest.fixture
def local() -> Iterator[LocalServiceBus]:
    """A bus of its own."""
    with LocalServiceBus(["jobs"]) as local:
        yield local
    gc.collect()  # a socket that was forgotten is found here, and not in the middle of another test


@pytest.mark.parametrize(
    ("fault", "is_transient"),
    [
        ("connect=garbage", True),
        ("connect=cut", True),
        ("attach=busy", True),
        ("attach=internal", True),
        ("entity=disabled", True),
        ("token=busy", True),
        ("token=internal", True),
        ("token=unauthorized", False),
        ("attach=unauthorized", False),
        ("attach=missing", False),
    ],
)
async def test_what_passes_is_told_from_what_does_not(
    local: LocalServiceBus, fault: str, is_transient: bool
) -> None:
    """A worker ends at the latter, with what to do. No socket is left open: the SDK forgets those of what it could not open."""
    bus = AzureServiceBus.from_connection_string(local.connection_string)
    with local.faults.add(fault), pytest.raises(BusError) as caught:
        await bus.receiver("jobs").open()
    assert caught.value.is_transient is is_transient
    await bus.close()
