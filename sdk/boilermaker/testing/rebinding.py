"""Connects a module's worker to the bus of a test."""

from collections.abc import Generator
from contextlib import contextmanager
from typing import TypeVar

from boilermaker.app import Boilermaker
from boilermaker.client import Client
from boilermaker.transport.port import Bus

S = TypeVar("S")


@contextmanager
def on_bus(worker: Boilermaker[S], bus: Bus) -> Generator[Boilermaker[S], None, None]:
    """Connect a worker to another bus; afterwards its own bus and state are restored.

    The worker is not copied: handlers that publish through it publish to that bus too. A test may set `worker.state`.
    """
    kept = worker.bus, worker.client, worker.state
    worker.bus, worker.client = bus, Client(bus, registry=worker.registry)
    try:
        yield worker
    finally:
        worker.bus, worker.client, worker.state = kept
