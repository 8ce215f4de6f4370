"""The client for synchronous code: an event loop in a thread of its own carries the calls out."""

import asyncio
import os
import threading
import weakref
from collections.abc import Callable, Coroutine, Iterable
from concurrent.futures import Future
from concurrent.futures import TimeoutError as FutureTimeoutError
from functools import partial
from types import TracebackType
from typing import Any, Self, TypeVar

from boilermaker.client.asynchronous import Client
from boilermaker.client.many import pieces
from boilermaker.client.sealing import Publishable, Scheduled, checked_id
from boilermaker.errors import EventLoopError, PublishError
from boilermaker.retries import Delay, Seconds, seconds
from boilermaker.tasks.registry import Registry
from boilermaker.transport.port import Bus
from boilermaker.transport.servicebus.bus import AzureServiceBus
from boilermaker.workflow.bounds import MAX_MESSAGES

T = TypeVar("T")


class SyncClient:
    """Publishes tasks and chains from synchronous code: Flask and Django views, scripts, threads.

    Any number of threads may use one; make one for a process. It connects when it first publishes, and starts a thread then.
    A process that is forked from this one (a prefork server) connects for itself.

        publisher = SyncClient.from_env()
        publisher.publish(accounts.create_user(email="a@b.org", name="Ada"))

    Asynchronous code uses `Client`: a call of this one blocks its thread until the bus has answered.

    Args:
        bus: the Service Bus namespace, or an `InMemoryServiceBus`.
        registry: for tasks made from functions: whose registrations give them name, queue and policy.
        max_messages: that a workflow may lead to; where it is raised, raise `Limits.max_messages` of the workers too.
    """

    def __init__(
        self, bus: Bus, *, registry: Registry | None = None, max_messages: int = MAX_MESSAGES
    ) -> None:
        client = Client(bus, registry=registry, max_messages=max_messages)
        self._begin(lambda: client)

    def _begin(self, client: Callable[[], Client]) -> None:
        self._client = client
        self._thread = _LoopThread()

    @classmethod
    def from_env(cls) -> Self:
        """A client for the Service Bus that the environment names: see `AzureServiceBus.from_env`.

        Raises:
            ConfigurationError: the environment names none.
        """
        return cls(AzureServiceBus.from_env())

    @classmethod
    def over(cls, client: Callable[[], Client]) -> Self:
        """One that shares the connections of a `Client`, asked for at each call: for synchronous code in its process."""
        made = cls.__new__(cls)
        made._begin(client)  # noqa: SLF001 - its own
        return made

    def publish(
        self,
        item: Publishable,
        *,
        delay: Delay | None = None,
        id: str | None = None,  # noqa: A002 - the word of Client.publish
        timeout: Seconds | None = None,
    ) -> str:
        """Publish a workflow and return its id once the bus has accepted it: see `Client.publish`.

        Args:
            item: a task with its callbacks, or a chain.
            delay: seconds (or a timedelta) until the first task may run, or when: a datetime
                with a time zone.
            id: the workflow's id, at most 128 characters; made up where none is given.
            timeout: seconds (or a timedelta) to wait for the bus; without one, as long as the client tries.

        Raises:
            PublishError: also where `timeout` has passed: the workflow may have been published all the same.
            EventLoopError: called in the event loop that would have to carry it out.
            WorkflowError, WorkflowTooLargeError, ValueError: as `Client.publish`.
        """
        workflow = checked_id(id)
        try:
            return self._wait(lambda: self._client().publish(item, delay=delay, id=workflow), timeout)
        except _TimedOutError:
            raise PublishError(
                f"the bus has not confirmed workflow {workflow} in time; it may have been published. "
                f'Publish again with id="{workflow}" to be safe against doing it twice.',
                id=workflow,
                is_transient=True,
            ) from None

    def publish_many(
        self,
        items: Iterable[Publishable],
        *,
        delay: Delay | None = None,
        ids: Iterable[str] | None = None,
        progress: Callable[[int], object] | None = None,
    ) -> list[str]:
        """Publish many workflows in as few batches as sizes allow; returns their ids: see `Client.publish_many`.

        The items are taken from their iterable in this thread, a few hundred at a time.
        """
        published: list[str] = []
        for piece, piece_ids in pieces(items, ids):
            call = partial(self._client().publish_piece, piece, piece_ids, delay, published)
            published += self._wait(call)
            if progress is not None:
                progress(len(published))
        return published

    def schedule(self, item: Publishable, delay: Delay, *, id: str | None = None) -> Scheduled:  # noqa: A002 - as publish
        """Publish a workflow for later, so that it can be cancelled until then: see `Client.schedule`."""
        workflow = checked_id(id)
        return self._wait(lambda: self._client().schedule(item, delay, id=workflow))

    def cancel_scheduled(self, scheduled: Scheduled) -> None:
        """Take a workflow back that waits for its time: see `Client.cancel_scheduled`."""
        self._wait(lambda: self._client().cancel_scheduled(scheduled))

    def connect(self, queue: str) -> None:
        """Connect to a queue ahead of the first publish, which would wait for it.

        Raises:
            QueueNotFoundError: there is no such queue.
            BusError: the bus cannot be reached.
        """
        self._wait(lambda: self._client().connect(queue))

    def close(self) -> None:
        """Disconnect, and end the thread. Closing twice is fine; publishing again connects again."""
        if self._thread.is_running:
            self._wait(lambda: self._client().close())
            self._thread.end()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _wait(self, call: Callable[[], Coroutine[Any, Any, T]], timeout: Seconds | None = None) -> T:
        limit = None if timeout is None else seconds(timeout)
        if _running_loop() is not None and _running_loop() is self._client().loop:
            raise EventLoopError(
                "this event loop would wait for itself: publish with `await` here, as `Client.publish` or "
                "`worker.publish_task`"
            )
        return self._thread.run(call, limit)


class _TimedOutError(Exception):
    """The limit has passed; the call was cancelled."""


class _LoopThread:
    """An event loop in a daemon thread, started when it is needed, in each process anew."""

    def __init__(self) -> None:
        self.reset()
        _THREADS.add(self)

    def reset(self) -> None:
        """What a forked process begins with: threads and locks of its parent mean nothing here."""
        self._starting = threading.Lock()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread: threading.Thread | None = None

    @property
    def is_running(self) -> bool:
        return self._loop is not None

    def run(self, call: Callable[[], Coroutine[Any, Any, T]], limit_seconds: float | None) -> T:
        future: Future[T] = asyncio.run_coroutine_threadsafe(_called(call), self._started())
        try:
            return future.result(limit_seconds)
        except FutureTimeoutError:
            if future.done():
                raise  # the call's own
            future.cancel()
            raise _TimedOutError from None
        except BaseException:  # KeyboardInterrupt among them
            future.cancel()
            raise

    def end(self) -> None:
        with self._starting:
            loop, thread, self._loop, self._thread = self._loop, self._thread, None, None
        if loop is not None and thread is not None:
            loop.call_soon_threadsafe(loop.stop)
            thread.join()

    def _started(self) -> asyncio.AbstractEventLoop:
        with self._starting:
            if self._loop is None:
                self._loop = asyncio.new_event_loop()
                self._thread = threading.Thread(
                    target=_run, args=(self._loop,), name="boilermaker-sync-client", daemon=True
                )
                self._thread.start()
            return self._loop


def _run(loop: asyncio.AbstractEventLoop) -> None:
    try:
        loop.run_forever()
    finally:
        loop.run_until_complete(loop.shutdown_asyncgens())
        loop.close()


async def _called(call: Callable[[], Coroutine[Any, Any, T]]) -> T:
    return await call()


def _running_loop() -> asyncio.AbstractEventLoop | None:
    try:
        return asyncio.get_running_loop()
    except RuntimeError:
        return None


_THREADS: "weakref.WeakSet[_LoopThread]" = weakref.WeakSet()


def _reset_all() -> None:
    for thread in list(_THREADS):
        thread.reset()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_reset_all)
