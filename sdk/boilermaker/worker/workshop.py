"""What handling a message needs, the same for all messages of a worker."""

import logging
from typing import Any

import msgspec

from boilermaker.client import Client
from boilermaker.store import OutcomeStore
from boilermaker.tasks.history import History
from boilermaker.tasks.options import DescribeError, Limits
from boilermaker.tasks.registry import Registry
from boilermaker.transport.port import Clock
from boilermaker.worker.patience import Patience

log = logging.getLogger("boilermaker.app")


class Workshop(msgspec.Struct, frozen=True, kw_only=True):
    """What handling a message needs, the same for all messages of a worker.

    Attributes:
        queue: the worker's own.
        queues: those that the worker may publish to.
        history: contracts before the worker's own.
        is_confirmed: whether completing waits for the bus's answer; everything else always does.
        outcomes: where verdicts are saved before they are published, if anywhere.
        patience: with queues and outcome stores that do not work just now.
    """

    registry: Registry
    state: Any
    client: Client
    clock: Clock
    limits: Limits
    queue: str
    queues: frozenset[str]
    history: History
    describe_error: DescribeError | None = None
    is_confirmed: bool = True
    outcomes: OutcomeStore | None = None
    patience: Patience = msgspec.field(default_factory=Patience)
