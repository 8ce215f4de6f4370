"""Retries what currently does not work: publishing to a queue, and the outcome store.

Only messages that need a failing queue wait for it. Deliveries whose handlers have run wait here; their locks are renewed, and
they do not occupy a slot for handlers (see `loop`). Deliveries whose handlers have not run are put off (see `handle`). What is
published is decided in `publish`.
"""

import asyncio
import logging
import random
import time
from collections.abc import Awaitable, Callable, Generator
from contextlib import contextmanager
from typing import TypeVar

from boilermaker.errors import BusError, MessageRefusedError, OutcomeStoreError

log = logging.getLogger("boilermaker.app")

_SHORTEST_PAUSE, _LONGEST_PAUSE = 0.5, 30.0  # seconds between retries
_SHORTEST_WAIT, _LONGEST_WAIT = 5.0, 300.0  # seconds for which messages are put off
_STALE_SECONDS = _LONGEST_WAIT + 60.0  # a queue that was not tried for longer is no longer reported
_T = TypeVar("_T")
_K = TypeVar("_K")


class Trouble:
    """A queue that messages cannot be published to.

    Attributes:
        error: the latest error.
        since: when the first error occurred, monotonic.
        seen: when the queue was last tried, monotonic.
    """

    __slots__ = ("error", "seen", "since")

    def __init__(self, error: BusError) -> None:
        self.error = error
        self.since = self.seen = time.monotonic()

    @property
    def wait_seconds(self) -> float:
        """How long to put off messages that need the queue: about as long as it has not worked."""
        age = time.monotonic() - self.since
        return min(max(age, _SHORTEST_WAIT), _LONGEST_WAIT) * (0.75 + random.random() / 2)  # noqa: S311 - jitter


class Patience:
    """Retries operations until they succeed. Logs a failure once, however many deliveries wait for it.

    Args:
        give_up_seconds: how long to retry after an error that the bus reports as permanent, such as a queue that does not exist.
        crowd: the number of waiting deliveries from which on further ones are put off before their handlers run.
    """

    def __init__(self, *, give_up_seconds: float = 0, crowd: int = 100) -> None:
        self._give_up_seconds = give_up_seconds
        self.crowd = crowd
        self._store_waits: dict[str, int] = {}
        self._queue_waits: dict[str, int] = {}
        self._deliveries: dict[int, int] = {}
        self._troubles: dict[str, Trouble] = {}
        self._working: set[str] = set()
        self._probes: dict[str, asyncio.Task[None]] = {}

    @property
    def is_paused(self) -> bool:
        """Whether the outcome store does not work: all messages need it, so the worker receives no more."""
        return bool(self._store_waits)

    @property
    def waiting(self) -> int:
        """How many deliveries wait for a queue."""
        return len(self._deliveries)

    @property
    def waits_for(self) -> tuple[str, ...]:
        """What does not work, as text. May be called from any thread."""
        now = time.monotonic()
        queues = [
            name
            for name, trouble in list(self._troubles.items())
            if name in self._queue_waits or now - trouble.seen < _STALE_SECONDS
        ]
        return (*(f"the queue {name}" for name in sorted(queues)), *list(self._store_waits))

    # ---- the outcome store

    async def until_it_works(self, what: str, do: Callable[[], Awaitable[_T]]) -> _T:
        """Read from the outcome store, or write to it, until that succeeds.

        Raises:
            OutcomeStoreError: the error is permanent: the store rejects this record.
        """
        try:
            return await do()
        except OutcomeStoreError as error:
            if not error.is_transient:
                raise
            if what not in self._store_waits:
                log.error("Cannot %s, retrying until it works: %s", what, error)  # noqa: TRY400 - the text is enough
        with _counted(self._store_waits, what):
            pause = _SHORTEST_PAUSE
            while True:
                pause = await _sleep(pause)
                try:
                    done = await do()
                except OutcomeStoreError as error:
                    if not error.is_transient:
                        raise
                    continue
                if self._store_waits.get(what) == 1:
                    log.info("Works again: %s", what)
                return done

    # ---- queues

    async def until_published(
        self, queue: str, publish: Callable[[], Awaitable[None]], delivery: object
    ) -> None:
        """Publish to a queue until that succeeds.

        Args:
            queue: the queue to publish to.
            publish: publishes.
            delivery: the delivery that waits meanwhile; counted once, however many queues it waits for.

        Raises:
            MessageRefusedError: the queue rejects this message permanently.
            BusError: the queue has failed with permanent errors for `give_up_seconds`.
        """
        try:
            await publish()
        except MessageRefusedError:
            raise
        except BusError as error:
            self._fails(queue, error)
        else:
            if queue not in self._working:
                self._works(queue)
            return
        with _counted(self._queue_waits, queue), _counted(self._deliveries, id(delivery)):
            await self._publish_again(queue, publish)

    async def _publish_again(self, queue: str, publish: Callable[[], Awaitable[None]]) -> None:
        loop = asyncio.get_running_loop()
        pause, hopeless_since = _SHORTEST_PAUSE, None
        while True:
            error = self._troubles[queue].error
            if error.is_transient:
                hopeless_since = None
            else:
                hopeless_since = hopeless_since or loop.time()
                if loop.time() - hopeless_since >= self._give_up_seconds:
                    raise error
            pause = await _sleep(pause)
            try:
                await publish()
            except MessageRefusedError:
                self._works(queue)
                raise
            except BusError as again:
                self._fails(queue, again)
            else:
                self._works(queue)
                return

    async def trouble_with(self, queue: str, connect: Callable[[], Awaitable[object]]) -> Trouble | None:
        """What is wrong with a queue that a message may need later; None if it works.

        If the queue was not used before, or did not work, this connects to it; concurrent calls share one attempt.
        """
        if queue in self._working:
            return None
        if queue not in self._queue_waits:  # otherwise a waiting delivery retries it anyway
            probe = self._probes.get(queue)
            if probe is None:
                probe = self._probes[queue] = asyncio.create_task(self._probe(queue, connect))
                probe.add_done_callback(lambda _: self._probes.pop(queue, None))
            await asyncio.shield(probe)
        return self._troubles.get(queue)

    def known_trouble_with(self, queue: str) -> Trouble | None:
        """What is wrong with a queue that deliveries wait for; does not connect."""
        return self._troubles.get(queue) if queue in self._queue_waits else None

    def close(self) -> None:
        """Cancel pending connection attempts."""
        for probe in self._probes.values():
            probe.cancel()

    async def _probe(self, queue: str, connect: Callable[[], Awaitable[object]]) -> None:
        try:
            await connect()
        except BusError as error:
            self._fails(queue, error)
        else:
            self._works(queue)

    def _fails(self, queue: str, error: BusError) -> None:
        self._working.discard(queue)
        trouble = self._troubles.get(queue)
        if trouble is None:
            self._troubles[queue] = Trouble(error)
            log.error("Cannot publish to `%s`, messages for it wait until it works: %s", queue, error)
        else:
            trouble.error, trouble.seen = error, time.monotonic()

    def _works(self, queue: str) -> None:
        self._working.add(queue)
        if self._troubles.pop(queue, None) is not None:
            log.info("Publishing to `%s` works again", queue)


@contextmanager
def _counted(counts: dict[_K, int], what: _K) -> Generator[None, None, None]:
    """Count one more waiter for `what` within the context."""
    counts[what] = counts.get(what, 0) + 1
    try:
        yield
    finally:
        left = counts.pop(what) - 1
        if left:
            counts[what] = left


async def _sleep(pause: float) -> float:
    """Sleep for about `pause` seconds; returns how long to sleep the next time."""
    await asyncio.sleep(pause * (0.5 + random.random() / 2))  # noqa: S311 - jitter
    return min(pause * 2, _LONGEST_PAUSE)
