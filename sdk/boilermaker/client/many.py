"""`publish_many`: workflows in groups of a few hundred, sent in as few batches as their sizes allow, each with its own result.

How messages are packed into batches is in `transport`.
"""

import asyncio
import itertools
from collections import deque
from collections.abc import Awaitable, Callable, Iterable, Iterator, Sequence

from boilermaker.client.sealing import Publishable, checked_id, seal
from boilermaker.errors import BusError, PublishManyError
from boilermaker.retries import Delay
from boilermaker.transport.port import Clock, OutgoingMessage, Sender
from boilermaker.workflow.plan import Plan

CHUNK = 500
"""Workflows in a group: planned, sealed and handed to their senders together."""

_UNDER_WAY = 2  # groups at a time: some are being sent while the next is prepared
_TURN = 32  # workflows planned in one iteration of the event loop

_Planned = tuple[str, Plan]
_Sealed = tuple[str, tuple[Sender, OutgoingMessage] | BusError]
_Fates = list[tuple[str, BusError | None]]


class Many:
    """One call of `publish_many`.

    Args:
        flatten: makes the plan of a workflow.
        sender: returns the open sender to a queue.
        clock: the bus's clock.
        delay: how long, or until when, the first tasks wait.
        progress: called repeatedly with the number of workflows published so far.
        before: ids of workflows of the same call that were published before; included in errors and progress.
    """

    def __init__(
        self,
        *,
        flatten: Callable[[Publishable], Plan],
        sender: Callable[[str], Awaitable[Sender]],
        clock: Clock,
        delay: Delay | None,
        progress: Callable[[int], object] | None,
        before: Sequence[str] = (),
    ) -> None:
        self._flatten = flatten
        self._sender = sender
        self._clock = clock
        self._delay = delay
        self._progress = progress
        self._before = before
        self._published: list[str] = []
        self._under_way: deque[asyncio.Task[_Fates]] = deque()

    async def publish(self, items: Iterable[Publishable], ids: Iterable[str] | None) -> list[str]:
        """Publish all of them; returns their ids. Raises as `Client.publish_many`."""
        taken, given = iter(items), None if ids is None else iter(ids)
        try:
            while planned := await self._plan_some(taken, given):
                sealed = await self._sealed(planned)
                if len(self._under_way) == _UNDER_WAY:
                    await self._count_first(planned)
                self._under_way.append(asyncio.create_task(_send_all(sealed)))
            while self._under_way:
                await self._count_first()
        except BaseException as error:
            while self._under_way:  # a later item raised
                await self._count_first()
            # PublishManyError says more; after a cancellation it is unknown what was still sent.
            if not isinstance(error, PublishManyError | asyncio.CancelledError):
                error.add_note(f"publish_many: the first {self._count:,} workflows were published, no others")
            raise
        return self._published

    @property
    def _count(self) -> int:
        return len(self._before) + len(self._published)

    async def _plan_some(self, taken: Iterator[Publishable], given: Iterator[str] | None) -> list[_Planned]:
        """The next group; groups that are being sent make progress meanwhile."""
        planned: list[_Planned] = []
        for item in itertools.islice(taken, CHUNK):
            planned.append((next_id(given), self._flatten(item)))
            if not len(planned) % _TURN:
                await asyncio.sleep(0)
        return planned

    async def _sealed(self, planned: Sequence[_Planned]) -> list[_Sealed]:
        """Messages, each with the sender to its queue or the error that opening it raised."""
        senders = {
            queue: await self._opened(queue) for queue in {s[0].resolved.queue: None for _, s in planned}
        }
        sealed: list[_Sealed] = []
        for workflow, steps in planned:
            sender = senders[steps[0].resolved.queue]
            if isinstance(sender, BusError):
                sealed.append((workflow, sender))
            else:
                sealed.append((workflow, (sender, seal(steps, workflow, self._delay, sender, self._clock))))
            if not len(sealed) % _TURN:
                await asyncio.sleep(0)
        return sealed

    async def _opened(self, queue: str) -> Sender | BusError:
        """The open sender to a queue, or why it could not be opened; nothing was sent then, so that error is not transient."""
        try:
            return await self._sender(queue)
        except BusError as error:
            return BusError(str(error), queue=queue) if error.is_transient else error

    async def _count_first(self, waiting: Sequence[_Planned] = ()) -> None:
        """Await the group that was sent first.

        Raises:
            PublishManyError: not all of it was published. The error also covers the groups sent after it, and reports
                those in `waiting` as not sent.
        """
        fates = await self._under_way.popleft()
        if any(error is not None for _, error in fates):
            while self._under_way:
                fates += await self._under_way.popleft()
        self._published += [workflow for workflow, error in fates if error is None]
        if failed := {workflow: error for workflow, error in fates if error is not None}:
            for workflow, steps in waiting:
                queue = steps[0].resolved.queue
                failed[workflow] = BusError(
                    "not sent, because workflows before it were not published", queue=queue
                )
            raise PublishManyError([*self._before, *self._published], failed)
        if self._progress is not None:
            self._progress(self._count)


async def _send_all(sealed: Sequence[_Sealed]) -> _Fates:
    """The result of each: its error, or None if the broker acknowledged it."""
    fates: _Fates = [
        (workflow, to_send if isinstance(to_send, BusError) else None) for workflow, to_send in sealed
    ]
    sendings: dict[Sender, list[tuple[int, OutgoingMessage]]] = {}
    for index, (_, to_send) in enumerate(sealed):
        if not isinstance(to_send, BusError):
            sender, message = to_send
            sendings.setdefault(sender, []).append((index, message))
    found = await asyncio.gather(
        *(sender.send_many([message for _, message in sending]) for sender, sending in sendings.items())
    )
    for sending, errors in zip(sendings.values(), found, strict=True):
        for (index, _), error in zip(sending, errors, strict=True):
            fates[index] = (fates[index][0], error)
    return fates


def next_id(ids: Iterator[str] | None) -> str:
    """The id of the next workflow; generated if none are given.

    Raises:
        ValueError: there are fewer ids than items, or the id is invalid.
    """
    if ids is None:
        return checked_id(None)
    try:
        return checked_id(next(ids))
    except StopIteration:
        raise ValueError("publish_many() was given fewer ids than items") from None


def pieces(
    items: Iterable[Publishable], ids: Iterable[str] | None
) -> Iterator[tuple[list[Publishable], list[str]]]:
    """Items and their ids, one group at a time: each group can be published again under the same ids."""
    taken, given = iter(items), None if ids is None else iter(ids)
    while piece := list(itertools.islice(taken, CHUNK)):
        yield piece, [next_id(given) for _ in piece]
