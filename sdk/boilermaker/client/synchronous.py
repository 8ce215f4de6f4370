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

_CLEAN_UP_SECONDS = 5.0  # what cancelled calls are given


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
        """Disconnect, and end the thread, once calls of other threads have ended. Closing twice is fine.

        Publishing again connects again.
        """
        if self._thread.is_running:
            self._check_loop()
            self._thread.end(lambda: self._client().close())

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _wait(self, call: Callable[[], Coroutine[Any, Any, T]], timeout: Seconds | None = None) -> T:
        limit = None if timeout is None else seconds(timeout)
        self._check_loop()
        return self._thread.run(call, limit)

    def _check_loop(self) -> None:
        if _running_loop() is not None and _running_loop() is self._client().loop:
            raise EventLoopError(
                "this event loop would wait for itself: publish with `await` here, as `Client.publish` or "
                "`worker.publish_task`"
            )


class _TimedOutError(Exception):
    """The call took longer than its limit and was cancelled."""


class _Running:
    """An event loop in a daemon thread, and how many calls are under way in it."""

    def __init__(self) -> None:
        self.calls = 0
        self.loop = asyncio.new_event_loop()
        self._thread = threading.Thread(
            target=_run, args=(self.loop,), name="boilermaker-sync-client", daemon=True
        )
        self._thread.start()

    def begin(self, call: Callable[[], Coroutine[Any, Any, T]]) -> Future[T]:
        return asyncio.run_coroutine_threadsafe(_called(call), self.loop)

    def stop(self) -> None:
        self.loop.call_soon_threadsafe(self.loop.stop)
        self._thread.join()


class _LoopThread:
    """An event loop in a thread, started when it is needed, in each process anew."""

    def __init__(self) -> None:
        self.reset()
        _THREADS.add(self)

    def reset(self) -> None:
        """What a forked process begins with: threads and locks of its parent mean nothing here."""
        self._changing = threading.Condition()
        self._running: _Running | None = None
        self._is_ending = False

    @property
    def is_running(self) -> bool:
        return self._running is not None

    def run(self, call: Callable[[], Coroutine[Any, Any, T]], limit_seconds: float | None) -> T:
        with self._changing:
            if not self._changing.wait_for(lambda: not self._is_ending, limit_seconds):
                raise _TimedOutError
            running = self._running = self._running or _Running()
            running.calls += 1
        try:
            return _result(running.begin(call), limit_seconds)
        finally:
            with self._changing:
                running.calls -= 1
                self._changing.notify_all()

    def end(self, last: Callable[[], Coroutine[Any, Any, object]]) -> None:
        """Let calls end that are under way, carry out the last one, and end the thread. Calls that come meanwhile wait."""
        with self._changing:
            self._changing.wait_for(lambda: not self._is_ending)
            if (running := self._running) is None:
                return
            self._is_ending = True
        try:
            with self._changing:
                self._changing.wait_for(lambda: not running.calls)
            _result(running.begin(last), None)
            running.stop()
            self._running = None
        finally:  # interrupted, it can be closed again
            with self._changing:
                self._is_ending = False
                self._changing.notify_all()


def _result(future: Future[T], limit_seconds: float | None) -> T:
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


def _run(loop: asyncio.AbstractEventLoop) -> None:
    try:
        loop.run_forever()
    finally:
        if left := asyncio.all_tasks(
            loop
        ):  # of calls from other event loops: they are told, and go on in their own
            for task in left:
                task.cancel()
            loop.run_until_complete(asyncio.wait(left, timeout=_CLEAN_UP_SECONDS))
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
