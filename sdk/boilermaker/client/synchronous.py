"""`SyncClient`, the client for synchronous code: runs the calls of a `Client` in an event loop in a background thread."""

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

    Any number of threads may share a client; create one per process. On the first publish it starts a thread and connects.
    A process forked from this one (a prefork server) opens its own connections.

        publisher = SyncClient.from_env()
        publisher.publish(accounts.create_user(email="a@b.org", name="Ada"))

    Asynchronous code uses `Client`: calls of this one block their thread until the bus has responded.

    Args:
        bus: the Service Bus namespace, or an `InMemoryServiceBus`.
        registry: provides name, queue and policy of tasks made from functions.
        max_messages: how many messages a workflow may lead to; if you raise it, raise `Limits.max_messages` of the workers too.
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
        """A client for the Service Bus namespace that the environment configures: see `AzureServiceBus.from_env`.

        Raises:
            ConfigurationError: the environment configures none.
        """
        return cls(AzureServiceBus.from_env())

    @classmethod
    def over(cls, client: Callable[[], Client]) -> Self:
        """A client that shares the connections of a `Client`, which `client` returns for each call."""
        made = cls.__new__(cls)
        made._begin(client)  # noqa: SLF001 - its own class
        return made

    def publish(
        self,
        item: Publishable,
        *,
        delay: Delay | None = None,
        id: str | None = None,  # noqa: A002 - the word of Client.publish
        timeout: Seconds | None = None,
    ) -> str:
        """Publish a workflow and return its id once the broker has acknowledged it: see `Client.publish`.

        Args:
            item: a task with its callbacks, or a chain.
            delay: seconds (or a timedelta) until the first task may run, or when: a datetime
                with a time zone.
            id: the workflow's id, at most 128 characters; generated if not given.
            timeout: seconds (or a timedelta) to wait for the bus; by default until the client itself gives up.

        Raises:
            PublishError: as `Client.publish`; also after `timeout`, when the workflow may have been published nevertheless.
            EventLoopError: called in the event loop that would have to run the call.
            WorkflowError, WorkflowTooLargeError, ValueError: as `Client.publish`.
        """
        workflow = checked_id(id)
        try:
            return self._wait(lambda: self._client().publish(item, delay=delay, id=workflow), timeout)
        except _TimedOutError:
            raise PublishError(
                f"the bus did not confirm workflow {workflow} in time; it may have been published. "
                f'To retry without publishing it twice, publish again with id="{workflow}".',
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
        """Publish many workflows in as few batches as their sizes allow; returns their ids: see `Client.publish_many`.

        The items are read from the iterable in this thread, a few hundred at a time.
        """
        published: list[str] = []
        for piece, piece_ids in pieces(items, ids):
            call = partial(self._client().publish_piece, piece, piece_ids, delay, published)
            published += self._wait(call)
            if progress is not None:
                progress(len(published))
        return published

    def schedule(self, item: Publishable, delay: Delay, *, id: str | None = None) -> Scheduled:  # noqa: A002 - as publish
        """Publish a workflow that starts later and can be cancelled until then: see `Client.schedule`."""
        workflow = checked_id(id)
        return self._wait(lambda: self._client().schedule(item, delay, id=workflow))

    def cancel_scheduled(self, scheduled: Scheduled) -> None:
        """Cancel a scheduled workflow: see `Client.cancel_scheduled`."""
        self._wait(lambda: self._client().cancel_scheduled(scheduled))

    def connect(self, queue: str) -> None:
        """Connect to a queue, so that the first publish does not wait for the connection.

        Raises:
            QueueNotFoundError: the queue does not exist.
            BusError: the bus cannot be reached.
        """
        self._wait(lambda: self._client().connect(queue))

    def close(self) -> None:
        """Disconnect, and end the thread. Closing twice is allowed; a later publish reconnects."""
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
                "this call would deadlock: the event loop that calls it would also have to run it. Use `await` with "
                "`Client.publish` or `worker.publish_task` here"
            )
        return self._thread.run(call, limit)


class _TimedOutError(Exception):
    """The call took longer than its limit and was cancelled."""


class _LoopThread:
    """An event loop in a daemon thread, started on first use in each process."""

    def __init__(self) -> None:
        self.reset()
        _THREADS.add(self)

    def reset(self) -> None:
        """Reset the state, in a forked process: the threads and locks of its parent do not exist there."""
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
                raise  # a TimeoutError of the call itself
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
