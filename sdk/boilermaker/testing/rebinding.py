"""A worker, as its module makes it, on the bus of a test."""

from collections.abc import Generator
from contextlib import contextmanager
from typing import TypeVar

from boilermaker.app import Boilermaker
from boilermaker.client import Client
from boilermaker.transport.port import Bus

S = TypeVar("S")


@contextmanager
def on_bus(worker: Boilermaker[S], bus: Bus) -> Generator[Boilermaker[S], None, None]:
    """Let a worker publish to another bus and work on it; afterwards it has its own bus and its own state again.

    It is the very worker, not a copy: handlers that publish through it publish to that bus too. A test may set
    `worker.state` to what it likes.
    """
    kept = worker.bus, worker.client, worker.state
    worker.bus, worker.client = bus, Client(bus, registry=worker.registry)
    try:
        yield worker
    finally:
        worker.bus, worker.client, worker.state = kept
