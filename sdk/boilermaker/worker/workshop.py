"""`Workshop`: everything that handling a message needs and that is the same for all messages of a worker."""

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
    """Everything that handling a message needs and that is the same for all messages of a worker.

    Attributes:
        queue: the worker's own queue.
        queues: the queues that the worker may publish to.
        history: earlier contracts of the worker.
        is_confirmed: whether completing waits for the broker's acknowledgement; dead-lettering always does.
        outcomes: the store in which verdicts are saved before they are published, if any.
        patience: retries what currently does not work, queues and the outcome store.
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
