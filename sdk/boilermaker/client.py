"""Publishing: a workflow goes in, checked and sealed; one message comes out on the queue of its first task."""

import asyncio
import itertools
import secrets
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from types import TracebackType
from typing import Any, Self

from boilermaker.envelope import codec, outgoing
from boilermaker.errors import BusError, PublishError, PublishManyError, WorkflowTooLargeError
from boilermaker.retries import Seconds, seconds
from boilermaker.tasks.registry import Registry, resolve_stub
from boilermaker.telemetry import trace
from boilermaker.transport.port import Bus, OutgoingMessage, Sender
from boilermaker.transport.servicebus.bus import AzureServiceBus
from boilermaker.workflow import plan
from boilermaker.workflow.plan import Plan
from boilermaker.workflow.task import Chain, Task, head_of

_MAX_ID = 128  # Service Bus: "MessageId ... up to 128 characters"
_CHUNK = 500  # messages handed to a sender at a time by publish_many

_UNDER_WAY = 2  # of these at a time: the bus takes some while the next are made

_TURN = 32  # workflows planned in one turn of the event loop

Publishable = Task[Any] | Chain[Any, Any]
_Planned = tuple[str, Plan]
_Sealed = tuple[str, tuple[Sender, OutgoingMessage] | BusError]
_Fates = list[tuple[str, BusError | None]]


class Client:
    """Publishes tasks and chains. Any number of coroutines may use one client; make one for a process.

    It connects when it first publishes to a queue, which takes half a second or more; `await client.sender(queue)` does
    so ahead of time. A worker connects to its own queue when it starts.

        async with Client(AzureServiceBus.from_env()) as client:
            await client.publish(accounts.create_user(email="a@b.org", name="Ada"))

    Args:
        bus: the Service Bus namespace, or an `InMemoryServiceBus`.
        registry: for tasks made from functions: whose registrations give them name, queue and policy.
    """

    def __init__(self, bus: Bus, *, registry: Registry | None = None) -> None:
        self._bus = bus
        self._resolve = resolve_stub if registry is None else registry.resolve
        self._senders: dict[str, Sender] = {}

    @classmethod
    def from_env(cls) -> Self:
        """A client for the Service Bus that the environment names: see `AzureServiceBus.from_env`.

        Raises:
            ConfigurationError: the environment names none.
        """
        return cls(AzureServiceBus.from_env())

    async def publish(self, item: Publishable, *, delay: Seconds | None = None, id: str | None = None) -> str:  # noqa: A002 - the word users know
        """Publish a workflow by its head and return the workflow's id once the bus has accepted it.

        Publishing the same task object again starts another workflow, with another id. Publishing again under the same
        `id` runs once, where the queue detects duplicates and within its window.

        Args:
            item: a task with its callbacks, or a chain.
            delay: seconds (or a timedelta) until the first task may run.
            id: the workflow's id, at most 128 characters; made up where none is given.

        Raises:
            WorkflowError: the workflow cannot run as it stands; nothing was sent.
            WorkflowTooLargeError: it does not fit in a message of that queue; nothing was sent.
            PublishError: the bus did not accept it, or did not say so. The error carries the id for a safe repeat.
            ValueError: a negative delay, or an id that is empty or too long.
        """
        workflow = _checked_id(id)
        steps = plan.flatten(head_of(item), self._resolve)
        queue = steps[0].resolved.queue
        try:
            sender = await self.sender(queue)
            await sender.send(self._seal(steps, workflow, delay, sender))
        except BusError as error:
            raise _not_published(error, workflow, queue) from error
        return workflow

    async def publish_many(
        self,
        items: Iterable[Publishable],
        *,
        delay: Seconds | None = None,
        ids: Iterable[str] | None = None,
        progress: Callable[[int], object] | None = None,
    ) -> list[str]:
        """Publish many workflows, in order for each queue, in as few batches as sizes allow; returns their ids.

        The items are taken from their iterable a few hundred at a time, so that it may make them as it goes. Those are
        checked before any of them is sent, while a thousand before them are under way.

        Args:
            items: tasks with their callbacks, or chains.
            delay: seconds (or a timedelta) until the first tasks may run.
            ids: the workflows' ids, one for each item; made up where none are given.
            progress: told, time and again, how many have been published.

        Raises:
            WorkflowError: a workflow cannot run as it stands; nothing of its few hundred was sent. A note on this error, as
                on what `items` itself raises, tells how many were published before.
            WorkflowTooLargeError: it does not fit in a message of that queue; likewise.
            PublishManyError: the bus did not accept all of them. It says which were published, which were not, and of
                which that is not known.
            ValueError: a negative delay, an id that is empty or too long, or fewer ids than items.
        """
        published: list[str] = []
        under_way: deque[asyncio.Task[_Fates]] = deque()
        taken, given = iter(items), None if ids is None else iter(ids)
        try:
            while planned := await self._plan_some(taken, given):
                sealed = await self._sealed(planned, delay)
                if len(under_way) == _UNDER_WAY:
                    await _count_first(under_way, published, progress, planned)
                under_way.append(asyncio.create_task(_send_all(sealed)))
            while under_way:
                await _count_first(under_way, published, progress)
        except BaseException as error:
            while under_way:  # when a later item could not be taken
                await _count_first(under_way, published, progress)
            # PublishManyError says more; of what was under way when this was cancelled nobody knows
            if not isinstance(error, PublishManyError | asyncio.CancelledError):
                error.add_note(
                    f"publish_many: the first {len(published):,} workflows were published, no others"
                )
            raise
        return published

    async def _plan_some(self, taken: Iterator[Publishable], given: Iterator[str] | None) -> list[_Planned]:
        """The next few hundred; what is under way goes on meanwhile."""
        planned: list[_Planned] = []
        for item in itertools.islice(taken, _CHUNK):
            planned.append((_next_id(given), plan.flatten(head_of(item), self._resolve)))
            if not len(planned) % _TURN:
                await asyncio.sleep(0)
        return planned

    async def _sealed(self, planned: Sequence[_Planned], delay: Seconds | None) -> list[_Sealed]:
        """Messages, each with the sender to its queue, or why there is none."""
        senders = {
            queue: await self._opened(queue) for queue in {s[0].resolved.queue: None for _, s in planned}
        }
        sealed: list[_Sealed] = []
        for workflow, steps in planned:
            sender = senders[steps[0].resolved.queue]
            if isinstance(sender, BusError):
                sealed.append((workflow, sender))
            else:
                sealed.append((workflow, (sender, self._seal(steps, workflow, delay, sender))))
            if not len(sealed) % _TURN:
                await asyncio.sleep(0)
        return sealed

    async def _opened(self, queue: str) -> Sender | BusError:
        """The open sender to a queue, or why there is none: then nothing was sent, whatever the cause."""
        try:
            return await self.sender(queue)
        except BusError as error:
            return BusError(str(error), queue=queue) if error.is_transient else error

    async def sender(self, queue: str) -> Sender:
        """The open sender to a queue; opened when first asked for.

        Raises:
            QueueNotFoundError: there is no such queue.
            BusError: the bus cannot be reached.
        """
        sender = self._senders.get(queue)
        if sender is None:
            sender = self._senders[queue] = self._bus.sender(queue)
        await sender.open()
        return sender

    def _seal(self, steps: Plan, workflow: str, delay: Seconds | None, sender: Sender) -> OutgoingMessage:
        body = codec.encode(steps, workflow)
        limit = outgoing.limit_for(sender.max_message_size)
        if len(body) > limit:
            raise WorkflowTooLargeError(len(body), limit, tuple(codec.sizes(steps)[:3]))
        first = steps[0]
        return outgoing.message(
            body=body,
            message_id=workflow,
            task=first.resolved.name,
            workflow=workflow,
            digest=first.resolved.digest,
            trace=trace.current(),
            delay=(seconds(delay) if delay is not None else 0) + (first.delay or 0),
            clock=self._bus.clock,
        )

    async def close(self) -> None:
        """Close the senders and the bus. Closing twice is fine."""
        senders, self._senders = self._senders, {}
        for sender in senders.values():
            await sender.close()
        await self._bus.close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace_: TracebackType | None
    ) -> None:
        await self.close()


async def _send_all(sealed: Sequence[_Sealed]) -> _Fates:
    """What became of each: None where the bus has accepted it."""
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


async def _count_first(
    under_way: deque[asyncio.Task[_Fates]],
    published: list[str],
    progress: Callable[[int], object] | None,
    waiting: Sequence[_Planned] = (),
) -> None:
    """Await the few hundred that were sent first.

    Raises:
        PublishManyError: the bus did not accept all of them. It tells of those sent after them too, and that those that
            `waiting` has are not sent.
    """
    fates = await under_way.popleft()
    if any(error is not None for _, error in fates):
        while under_way:
            fates += await under_way.popleft()
    published += [workflow for workflow, error in fates if error is None]
    if failed := {workflow: error for workflow, error in fates if error is not None}:
        for workflow, steps in waiting:
            queue = steps[0].resolved.queue
            failed[workflow] = BusError("not sent, since others before it were not published", queue=queue)
        raise PublishManyError(published, failed)
    if progress is not None:
        progress(len(published))


def _next_id(ids: Iterator[str] | None) -> str:
    if ids is None:
        return _checked_id(None)
    try:
        return _checked_id(next(ids))
    except StopIteration:
        raise ValueError("publish_many() was given fewer ids than items") from None


def _checked_id(given: str | None) -> str:
    if given is None:
        return secrets.token_hex(16)  # as unique as a UUID, and made in a quarter of the time
    if not _is_text(given):
        raise TypeError(f"a workflow id is text, not a {type(given).__name__}")
    if not 0 < len(given) <= _MAX_ID or not given.isprintable():
        raise ValueError(f"a workflow id has 1 to {_MAX_ID} printable characters, this one has {len(given)}")
    return given


def _not_published(error: BusError, workflow: str, queue: str) -> PublishError:
    return PublishError(
        f"workflow {workflow} was not published to `{queue}`, or the bus did not confirm it: {error} "
        f'Publish again with id="{workflow}" to be safe against doing it twice.',
        id=workflow,
        queue=queue,
        is_transient=error.is_transient,
    )


def _is_text(given: object) -> bool:
    return isinstance(given, str)
