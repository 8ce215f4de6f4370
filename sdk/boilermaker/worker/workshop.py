"""What handling a message needs, the same for all messages of a worker; and its patience with what does not work just now."""

import asyncio
import logging
import random
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

import msgspec

from boilermaker.client import Client
from boilermaker.errors import BusError, MessageTooLargeError, OutcomeStoreError
from boilermaker.store import OutcomeStore
from boilermaker.tasks.history import History
from boilermaker.tasks.options import DescribeError, Limits
from boilermaker.tasks.registry import Registry
from boilermaker.transport.port import Clock

log = logging.getLogger("boilermaker.app")

_SHORTEST_PAUSE, _LONGEST_PAUSE = 0.5, 30.0  # seconds between tries of what does not work
_T = TypeVar("_T")


class Patience:
    """Does what does not work just now again and again. Told once in the log, however many wait for it."""

    def __init__(self) -> None:
        self._waiting: dict[str, int] = {}

    @property
    def is_waiting(self) -> bool:
        """Whether something does not work now: the worker then takes no further messages."""
        return bool(self._waiting)

    async def until_it_works(self, what: str, do: Callable[[], Awaitable[_T]]) -> _T:
        """Do it until it is done.

        Raises:
            MessageTooLargeError: time does not help.
            OutcomeStoreError: likewise, the store refuses this record.
            Exception: what is no fault of the bus or of the outcome store.
        """
        try:
            return await do()
        except MessageTooLargeError:
            raise
        except (BusError, OutcomeStoreError) as error:
            if isinstance(error, OutcomeStoreError) and not error.is_transient:
                raise
            if what not in self._waiting:
                log.error("Cannot %s, waiting until it works: %s", what, error)  # noqa: TRY400 - the text says it all
        self._waiting[what] = self._waiting.get(what, 0) + 1
        try:
            return await self._again(what, do)
        finally:
            if (left := self._waiting.pop(what, 1) - 1) > 0:
                self._waiting[what] = left

    async def _again(self, what: str, do: Callable[[], Awaitable[_T]]) -> _T:
        wait = _SHORTEST_PAUSE
        while True:
            await asyncio.sleep(wait * (0.5 + random.random() / 2))  # noqa: S311 - spreads what waits
            wait = min(wait * 2, _LONGEST_PAUSE)
            try:
                done = await do()
            except MessageTooLargeError:
                raise
            except (BusError, OutcomeStoreError) as error:
                if isinstance(error, OutcomeStoreError) and not error.is_transient:
                    raise
                continue
            if self._waiting.get(what) == 1:
                log.info("Works again: %s", what)
            return done


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
