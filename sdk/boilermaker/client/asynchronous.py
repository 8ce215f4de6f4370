"""`Client`, the asynchronous client: checks and encodes a workflow, and sends it as one message to its first task's queue.

Batches are in `many`, synchronous code uses `synchronous`.
"""

import asyncio
from collections.abc import Callable, Iterable, Sequence
from types import TracebackType
from typing import Self

import msgspec

from boilermaker.client.home import Home
from boilermaker.client.many import Many, pieces
from boilermaker.client.sealing import Publishable, Scheduled, checked_id, not_published, seal
from boilermaker.errors import BusError, EventLoopError, NotScheduledError
from boilermaker.retries import Delay
from boilermaker.tasks.registry import Registry, resolve_stub
from boilermaker.transport.port import Bus, Sender
from boilermaker.transport.servicebus.bus import AzureServiceBus
from boilermaker.workflow import plan
from boilermaker.workflow.bounds import MAX_MESSAGES
from boilermaker.workflow.plan import Plan
from boilermaker.workflow.task import head_of


class Client:
    """Publishes tasks and chains. Any number of coroutines may share a client; create one per process.

    It connects when it first publishes to a queue, which takes half a second or more; `await client.connect(queue)`
    connects ahead of time. A worker connects to its own queue when it starts.

        async with Client(AzureServiceBus.from_env()) as client:
            await client.publish(accounts.create_user(email="a@b.org", name="Ada"))

    Its connections belong to the event loop of its first call. A call from another event loop, in another thread, is run in
    the owning loop while that loop runs; once it is closed, the client reconnects in the loop of the next call. Synchronous
    code uses `SyncClient`.

    Args:
        bus: the Service Bus namespace, or an `InMemoryServiceBus`.
        registry: provides name, queue and policy of tasks made from functions.
        max_messages: how many messages a workflow may lead to; if you raise it, raise `Limits.max_messages` of the workers too.
    """

    def __init__(
        self, bus: Bus, *, registry: Registry | None = None, max_messages: int = MAX_MESSAGES
    ) -> None:
        self._bus = bus
        self._max_messages = max_messages
        self._resolve = resolve_stub if registry is None else registry.resolve
        self._senders: dict[str, Sender] = {}
        self._home = Home(self._forget)

    @classmethod
    def from_env(cls) -> Self:
        """A client for the Service Bus namespace that the environment configures: see `AzureServiceBus.from_env`.

        Raises:
            ConfigurationError: the environment configures none.
        """
        return cls(AzureServiceBus.from_env())

    async def publish(self, item: Publishable, *, delay: Delay | None = None, id: str | None = None) -> str:  # noqa: A002 - the word users know
        """Publish a workflow and return its id once the broker has acknowledged it.

        Publishing the same task object again starts another workflow, with another id. A workflow that is published twice
        under the same `id` runs once if the queue detects duplicates and both are within its detection window.

        Args:
            item: a task with its callbacks, or a chain.
            delay: seconds (or a timedelta) until the first task may run, or when: a datetime
                with a time zone.
            id: the workflow's id, at most 128 characters; generated if not given. Anyone who may send to the queue and
                guesses an id can send another message under it first; the queue then drops the workflow as a duplicate.

        Raises:
            WorkflowError: the workflow is invalid; nothing was sent.
            WorkflowTooLargeError: it does not fit in a message of that queue; nothing was sent.
            PublishError: the broker rejected it, or the acknowledgement was lost. The error carries the id for a safe retry.
            ValueError: a negative delay, a datetime without a time zone, or an id that is empty or too long.
            EventLoopError: the client's connections belong to an event loop that is not running; nothing was sent.
        """
        workflow = checked_id(id)
        if not self._home.is_here():
            return await self._home.elsewhere(lambda: self.publish(item, delay=delay, id=workflow))
        steps = self._flatten(item)
        queue = steps[0].resolved.queue
        try:
            sender = await self.sender(queue)
            await sender.send(seal(steps, workflow, delay, sender, self._bus.clock))
        except BusError as error:
            raise not_published(error, workflow, queue) from error
        return workflow

    def _flatten(self, item: Publishable) -> Plan:
        return plan.flatten(head_of(item), self._resolve, self._max_messages)

    async def schedule(self, item: Publishable, delay: Delay, *, id: str | None = None) -> Scheduled:  # noqa: A002 - as publish
        """Publish a workflow that starts later and can be cancelled until then: see `cancel_scheduled`.

        `publish(delay=)` delays as well and costs less: this method requests the message's sequence number from the service,
        which the Standard tier throttles as ten operations.

        Args:
            item: a task with its callbacks, or a chain.
            delay: seconds (or a timedelta) until the first task may run, or when: a datetime with a time zone.
            id: the workflow's id, at most 128 characters; generated if not given.

        Raises:
            WorkflowError, WorkflowTooLargeError, PublishError, ValueError, EventLoopError: as `publish`.
        """
        workflow = checked_id(id)
        if not self._home.is_here():
            return await self._home.elsewhere(lambda: self.schedule(item, delay, id=workflow))
        steps = self._flatten(item)
        queue = steps[0].resolved.queue
        try:
            sender = await self.sender(queue)
            message = seal(steps, workflow, delay, sender, self._bus.clock)
            if message.scheduled_enqueue_time is None:
                message = msgspec.structs.replace(message, scheduled_enqueue_time=self._bus.clock.now())
            number = await sender.schedule(message)
        except BusError as error:
            raise not_published(error, workflow, queue) from error
        return Scheduled(id=workflow, queue=queue, sequence_number=number)

    async def cancel_scheduled(self, scheduled: Scheduled) -> None:
        """Cancel a scheduled workflow. Its id stays in the queue's duplicate detection history.

        Raises:
            NotScheduledError: it is no longer scheduled: its time has come, or it was cancelled before.
            BusError: the bus did not confirm the cancellation.
            EventLoopError: as `publish`.
        """
        if not self._home.is_here():
            await self._home.elsewhere(lambda: self.cancel_scheduled(scheduled))
            return
        if not scheduled.sequence_number:
            raise NotScheduledError(
                f"workflow {scheduled.id} was dropped by queue {scheduled.queue!r} as a duplicate of an earlier message "
                "with this id; cancel that one",
                queue=scheduled.queue,
            )
        sender = await self.sender(scheduled.queue)
        await sender.cancel_scheduled(scheduled.sequence_number)

    async def publish_many(
        self,
        items: Iterable[Publishable],
        *,
        delay: Delay | None = None,
        ids: Iterable[str] | None = None,
        progress: Callable[[int], object] | None = None,
    ) -> list[str]:
        """Publish many workflows, in order per queue, in as few batches as their sizes allow; returns their ids.

        The items are read from the iterable a few hundred at a time, so that a generator can create them on the way. Each
        such group is checked before any of it is sent, while up to a thousand earlier workflows are being sent.

        Args:
            items: tasks with their callbacks, or chains.
            delay: seconds (or a timedelta) until the first tasks may run, or when: a datetime with a
                time zone.
            ids: the workflows' ids, one for each item; generated if not given.
            progress: called repeatedly with the number of workflows published so far.

        Raises:
            WorkflowError: a workflow is invalid; none of its group was sent. A note on this error, and on any error that
                `items` itself raises, says how many were published before.
            WorkflowTooLargeError: it does not fit in a message of that queue; likewise.
            PublishManyError: not all of them were published. It lists which were published, which were not, and which may
                have been.
            ValueError: a negative delay, a datetime without a time zone, an id that is empty or too long, or fewer ids than items.
            EventLoopError: the client's connections belong to an event loop that is not running.
        """
        if self._home.is_here():
            return await self._many(delay, progress).publish(items, ids)
        published: list[str] = []
        for piece, piece_ids in pieces(items, ids):  # read here: a generator may belong to this thread
            published += await self.publish_piece(piece, piece_ids, delay, published)
            if progress is not None:
                progress(len(published))
        return published

    async def publish_piece(
        self, piece: Sequence[Publishable], ids: Sequence[str], delay: Delay | None, before: Sequence[str]
    ) -> list[str]:
        """Publish a group in the owning event loop, after those in `before`; returns its ids. Raises as `publish_many`."""
        return await self._home.elsewhere(lambda: self._many(delay, None, before).publish(piece, ids))

    def _many(
        self, delay: Delay | None, progress: Callable[[int], object] | None, before: Sequence[str] = ()
    ) -> Many:
        return Many(
            flatten=self._flatten,
            sender=self.sender,
            clock=self._bus.clock,
            delay=delay,
            progress=progress,
            before=before,
        )

    async def sender(self, queue: str) -> Sender:
        """The open sender to a queue; opened on first use.

        Raises:
            QueueNotFoundError: the queue does not exist.
            BusError: the bus cannot be reached.
            EventLoopError: the client's connections belong to another event loop.
        """
        if not self._home.is_here():
            raise EventLoopError(
                "this client's connections belong to another event loop: its senders can only be used there"
            )
        sender = self._senders.get(queue)
        if sender is None:
            sender = self._senders[queue] = self._bus.sender(queue)
        await sender.open()
        return sender

    async def connect(self, queue: str) -> None:
        """Connect to a queue, so that the first publish does not wait for the connection. May be called from any event loop.

        Raises:
            QueueNotFoundError: the queue does not exist.
            BusError: the bus cannot be reached.
        """
        if self._home.is_here():
            await self.sender(queue)
        else:
            await self._home.elsewhere(lambda: self.connect(queue))

    @property
    def loop(self) -> asyncio.AbstractEventLoop | None:
        """The event loop that owns its connections; None while it has none."""
        return self._home.loop

    async def move_here(self) -> None:
        """Make the running event loop the owner of the connections; connections of another loop are closed in that loop.

        Raises:
            EventLoopError: they belong to an event loop that is not running.
        """
        while not self._home.is_here():
            await self.close()

    async def close(self) -> None:
        """Close the senders and the bus. Closing twice is allowed; a later publish reconnects."""
        if not self._home.is_here():
            await self._home.elsewhere(self.close)
            return
        senders, self._senders = self._senders, {}
        for sender in senders.values():
            await sender.close()
        await self._bus.close()
        if not self._senders:  # else others have published meanwhile, and their connections live here
            self._home.leave()

    def _forget(self) -> None:
        """Discard the senders, whose event loop is closed."""
        senders, self._senders = self._senders, {}
        for sender in senders.values():
            self._bus.forget(sender)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace_: TracebackType | None
    ) -> None:
        await self.close()
