"""`Boilermaker`, a worker service: registration, wiring, start and stop. How messages are handled is in `worker`."""

import asyncio
from collections.abc import AsyncGenerator, Callable, Coroutine, Iterable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from datetime import timedelta
from pathlib import Path
from types import TracebackType
from typing import Any, Concatenate, Generic, ParamSpec, Self, TypeVar, Unpack, cast, overload

import msgspec

from boilermaker.client import Client, Publishable, SyncClient
from boilermaker.contract import Contract
from boilermaker.errors import (
    BusError,
    ConfigurationError,
    QueueNotFoundError,
    SessionQueueError,
)
from boilermaker.introspection import annotations
from boilermaker.retries import Delay, Seconds, seconds
from boilermaker.tasks.history import History
from boilermaker.tasks.hop import Hop
from boilermaker.tasks.options import Limits, TaskOptions, WorkerOptions, check_worker_options
from boilermaker.tasks.registrar import Registrar, Tasks
from boilermaker.tasks.registry import Registry
from boilermaker.transport.memory.bus import InMemoryServiceBus
from boilermaker.transport.port import Bus
from boilermaker.worker.ending import Ending
from boilermaker.worker.loop import THREADS, Health, Loop, Pace
from boilermaker.worker.patience import Patience
from boilermaker.worker.signals import on_stop_signals
from boilermaker.worker.workshop import Workshop, log
from boilermaker.workflow import task
from boilermaker.workflow.task import Task

S = TypeVar("S")
P = ParamSpec("P")
R = TypeVar("R")

Handler = Callable[Concatenate[S, P], Coroutine[Any, Any, R]]
SyncHandler = Callable[Concatenate[S, P], R]


Lifespan = Callable[[], AbstractAsyncContextManager[S]]


class _NoState:
    """Placeholder for the state until the lifespan has begun."""

    def __repr__(self) -> str:
        return "<no state: the lifespan has not begun>"


NO_STATE = _NoState()

MOST_AT_A_TIME = 1_000_000
"""The highest accepted number of concurrent handlers or threads."""


class Boilermaker(Registrar, Generic[S]):
    """A worker: functions registered as tasks, and the queue that it receives their messages from.

    Args:
        state: passed to every handler as its first argument; kept for the worker's lifetime.
        bus: `AzureServiceBus` or `InMemoryServiceBus`.
        lifespan: instead of a state: returns an asynchronous context manager that yields the state. The worker enters it
            before it receives messages, and exits it after the last handler has ended.
        options: see `WorkerOptions`.

    Raises:
        ConfigurationError: neither `queue` nor the bus names a queue; both a state and a lifespan are given, or neither;
            `forwards_to` is a single string; or `history` contains files that are not contracts.
        TypeError: an unknown option, an option of the wrong type, or `bus` is not a bus.
    """

    @overload
    def __init__(self, state: S, bus: Bus, **options: Unpack[WorkerOptions]) -> None: ...
    @overload
    def __init__(self, *, bus: Bus, lifespan: Lifespan[S], **options: Unpack[WorkerOptions]) -> None: ...
    def __init__(
        self,
        state: Any = NO_STATE,
        bus: Bus | None = None,
        *,
        lifespan: Lifespan[S] | None = None,
        **options: Unpack[WorkerOptions],
    ) -> None:
        if bus is None or (state is NO_STATE) == (lifespan is None):
            raise ConfigurationError(
                "create a worker as `Boilermaker(state, bus, ...)` or `Boilermaker(bus=bus, lifespan=...)`"
            )
        if not hasattr(bus, "default_queue"):
            raise TypeError(
                f"the bus must be an AzureServiceBus or an InMemoryServiceBus, not a {type(bus).__name__}"
            )
        check_worker_options(options)
        named = options.get("queue") or bus.default_queue
        if not named:
            raise ConfigurationError(
                "no queue to receive from: pass `Boilermaker(..., queue=...)`, or name one in the bus (EntityPath in the "
                "connection string, SERVICE_BUS_QUEUE in the environment)"
            )
        self.state: S = state
        self.bus = bus
        self.service = options.get("service") or named
        self.registry = Registry(named, annotations.known_externals(options.get("external")))
        limits = options.get("limits") or Limits()
        self.client = Client(bus, registry=self.registry, max_messages=limits.max_messages)
        self.sync_client = SyncClient.over(lambda: self.client)
        history = options.get("history")
        self.history = History(self.contract, None if history is None else Path(history))
        self._options = options
        self._lifespan = lifespan
        self._loop: Loop | None = None
        self._starting: asyncio.Task[Any] | None = None
        self._leaving: asyncio.Task[Any] | None = None
        self._stops = 0
        self._cuts = 0

    @property
    def queue(self) -> str:
        """The queue that it receives from. Set it before `run`; it also applies to tasks registered without a queue."""
        return self.registry.queue

    @queue.setter
    def queue(self, name: str) -> None:
        self.registry.queue = name

    # ---- registration

    def include(self, tasks: Tasks) -> Self:
        """Register the tasks and upcasts that a module collected in its `Tasks`; returns the worker, so that calls chain.

        Raises:
            RegistrationError: one of them cannot be a task, its name is taken, or an upcast is invalid.
        """
        with self.registry.all_or_none(), self.history.upcasts.all_or_none():
            tasks.hand_over(self._register, self._upcast)
        return self

    def _register_all(self, functions: Iterable[Callable[..., Any]], options: TaskOptions) -> None:
        with self.registry.all_or_none():
            super()._register_all(functions, options)

    def _register(self, function: Callable[..., Any], options: TaskOptions) -> None:
        registration = self.registry.add(function, **options)
        log.info("Registered background function fn=%s", registration.name)

    def _upcast(self, hop: Hop) -> None:
        self.history.upcasts.add(hop)

    # ---- building and publishing

    @overload
    def create_task(self, fn: Handler[S, P, R], /, *args: P.args, **kwargs: P.kwargs) -> Task[R]: ...
    @overload
    def create_task(self, fn: SyncHandler[S, P, R], /, *args: P.args, **kwargs: P.kwargs) -> Task[R]: ...
    def create_task(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Task[Any]:
        """Create a task from a registered function and its arguments, without the state.

        Raises:
            UnregisteredTaskError: the function is not registered with this worker.
            TaskBuildError: the arguments do not match the signature; InvalidArgumentsError: the worker would reject them.
        """
        registration = self.registry.of_function(fn)
        built = Task.si(fn, *args, **kwargs)
        if registration is None:
            self.registry.resolve(built)  # raises the error that says what to do
        return built

    def chain(self, first: Task[R], /, *rest: Publishable, on_failure: Publishable | None = None) -> Task[R]:
        """Join tasks so that each runs after the previous one has succeeded: see `boilermaker.chain`."""
        return task.chain(first, *rest, on_failure=on_failure)

    async def publish_task(
        self,
        item: Publishable,
        *,
        delay: Delay | None = None,
        id: str | None = None,  # noqa: A002 - the word of Client.publish
    ) -> str:
        """Publish a workflow and return its id: see `Client.publish`."""
        return await self.client.publish(item, delay=delay, id=id)

    @overload
    async def apply_async(self, fn: Handler[S, P, R], /, *args: P.args, **kwargs: P.kwargs) -> Task[R]: ...
    @overload
    async def apply_async(
        self, fn: SyncHandler[S, P, R], /, *args: P.args, **kwargs: P.kwargs
    ) -> Task[R]: ...
    async def apply_async(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Task[Any]:
        """Create a task, publish it at once, and return it."""
        built = self.create_task(fn, *args, **kwargs)
        await self.client.publish(built)
        return built

    # ---- working

    async def run(
        self,
        *,
        concurrency: int = 100,
        threads: int = THREADS,
        grace_seconds: Seconds = 30,
        handle_signals: bool | None = None,
    ) -> Ending:
        """Handle messages until SIGINT, SIGTERM or `stop()`.

        Args:
            concurrency: how many handlers run concurrently.
            threads: how many of these may be plain functions, each in a thread.
            grace_seconds: how long running handlers may take to finish after a stop.
            handle_signals: whether SIGINT and SIGTERM stop the worker; a second signal skips the grace period, a third ends
                the process. By default only if SIGTERM has its default action in this process: a server such as uvicorn
                handles signals itself and decides when to call `stop()`. Previous signal handlers are restored afterwards.

        Raises:
            BusError: a permanent error of the worker's own queue.
            ConfigurationError: the worker is already running; `concurrency` or `threads` is not from 1 to 1,000,000; or
                `handle_signals=True` outside the main thread.
        """
        if self._starting is not None or self._loop is not None:
            raise ConfigurationError("this worker is already running; create a second one to run two")
        running = self._starting = asyncio.current_task()
        ending: Ending | BaseException | None = None
        is_cut_short = False
        undo = self._on_stop_signals(handle_signals)
        try:
            pace = self._checked_pace(concurrency, threads, seconds(grace_seconds))
            await self.client.move_here()
            if not self._stops:
                async with self._living():
                    self._starting = None
                    try:
                        ending = await self._work(pace)
                    except BaseException as error:
                        ending = error
                        raise
                    finally:
                        self._leaving = running
        except asyncio.CancelledError:
            is_cut_short = self._uncancel(running)
            if not is_cut_short:
                raise
            if isinstance(ending, BaseException):
                raise ending from None
        finally:
            # The lifespan may have caught the cancellation.
            is_cut_short = self._uncancel(running) or is_cut_short
            self._starting, self._leaving, self._loop = None, None, None
            self._stops = 0
            undo()
            await self.close()
        if not isinstance(ending, Ending):
            log.info("Stopped before receiving any message")
            return Ending(handled=0)
        if is_cut_short:
            log.error("The lifespan was cancelled before its end, because a further stop was requested")
        return msgspec.structs.replace(ending, is_cut_short=is_cut_short)

    def _uncancel(self, running: asyncio.Task[Any] | None) -> bool:
        """Whether only `stop()` cancelled the task; undoes its cancellations."""
        cuts, self._cuts = self._cuts, 0
        left = 1
        for _ in range(cuts):
            left = 0 if running is None else running.uncancel()
        return left == 0

    def _on_stop_signals(self, handle: bool | None) -> Callable[[], None]:  # noqa: FBT001 - passed on
        try:
            return on_stop_signals(self.stop, handle=handle)
        except ConfigurationError:
            self._starting = None
            raise

    @asynccontextmanager
    async def _living(self) -> AsyncGenerator[None, None]:
        """Provide the state for the duration of the context."""
        if self._lifespan is None or self.state is not NO_STATE:
            yield
            return
        async with self._lifespan() as state:
            self.state = state
            try:
                yield
            finally:
                self.state = cast("S", NO_STATE)

    async def _work(self, pace: Pace) -> Ending:
        loop = self._loop = self._new_loop(pace)
        for _ in range(self._stops):
            loop.stop()
        loop.tell_start()
        opening = asyncio.create_task(self._open_sender())
        try:
            return await loop.run()
        finally:
            opening.cancel()
            await asyncio.gather(opening, return_exceptions=True)
            log.info("Stopped after %s messages", loop.handled)

    async def _open_sender(self) -> None:
        """Connect while the receiver opens, so that the first callback or retry does not wait for a connection."""
        try:
            await self.client.sender(self.queue)
        except (QueueNotFoundError, SessionQueueError):
            pass  # the receiver gets the same error and raises it
        except BusError as error:
            log.warning(
                "Cannot connect for publishing to `%s`; connecting again at the next publish: %s",
                self.queue,
                error,
            )

    def health(self) -> Health:
        """What this worker is doing; may be called from any thread."""
        loop = self._loop
        if loop is None:
            return Health(is_receiving=False, is_blocked=False, running=0, handled=0)
        return loop.health()

    def stop(self) -> None:
        """Stop a running worker once its handlers have finished; a second call does not wait for running handlers.

        A worker that is still starting exits its `lifespan` and receives nothing. If called before `run`, the next `run`
        returns at once. If called again while the `lifespan` exits, the `lifespan` is cancelled.
        """
        self._stops += 1
        waits_for = self._leaving if self._stops > 1 else None
        if (running := self._starting or waits_for) is not None:
            self._cuts += 1
            running.cancel()
        elif self._loop is not None:
            self._loop.stop()

    async def drain(
        self, *, concurrency: int = 100, threads: int = THREADS, max_messages: int = 1_000_000
    ) -> int:
        """Handle all messages in this worker's queue, scheduled retries included, in virtual time; for tests.

        Returns the number of messages handled. Messages published to other queues stay there for their workers.

        Raises:
            ConfigurationError: the bus is not an `InMemoryServiceBus`, or there were more than `max_messages` messages.
        """
        if not isinstance(self.bus, InMemoryServiceBus):
            raise ConfigurationError(
                "drain() advances the clock, which only an InMemoryServiceBus allows; use run()"
            )
        total = 0
        await self.client.move_here()
        async with self._living():
            loop = self._new_loop(self._checked_pace(concurrency, threads, 0))
            while total <= max_messages:
                handled = await loop.drain()
                if not handled and not self.bus.jump(self.queue):
                    return total
                total += handled
        raise ConfigurationError(
            f"drain() handled more than {max_messages:,} messages: does a handler publish its own task without end? "
            "If not, raise `max_messages`"
        )

    def _checked_pace(self, concurrency: int, threads: int, grace: float) -> Pace:
        """The pace, after everything that can be checked before the start has been."""
        self.history.upcasts.check(self.registry)
        for name, number in (("concurrency", concurrency), ("threads", threads)):
            if not isinstance(number, int) or isinstance(number, bool):  # pyright: ignore[reportUnnecessaryIsInstance] - users without a checker
                raise ConfigurationError(f"{name} must be an integer, not a {type(number).__name__}")
            if number < 1:
                shown = number if number > -MOST_AT_A_TIME else "less"  # Python does not print 5,000 digits
                raise ConfigurationError(
                    f"{name} is the number of concurrent handlers: it must be at least 1, not {shown}"
                )
            if number > MOST_AT_A_TIME:
                raise ConfigurationError(
                    f"{name} is the number of concurrent handlers: it must be at most {MOST_AT_A_TIME:,}"
                )
        return Pace(
            concurrency=concurrency,
            threads=threads,
            grace_seconds=grace,
            lock_limit=timedelta(seconds=seconds(self._options.get("max_lock_renewal", 3600))),
        )

    def _new_loop(self, pace: Pace) -> Loop:
        options = self._options
        own = {self.registry.queue_of(registration) for registration in self.registry}
        limits = options.get("limits") or Limits()
        # On the in-memory bus waiting does not help: time only advances when nothing is left to do.
        give_up_seconds = 0 if isinstance(self.bus, InMemoryServiceBus) else sum(limits.put_off_seconds)
        workshop = Workshop(
            registry=self.registry,
            state=self.state,
            client=self.client,
            clock=self.bus.clock,
            queue=self.queue,
            limits=limits,
            queues=frozenset({self.queue, *own, *options.get("forwards_to", ())}),
            describe_error=options.get("describe_error"),
            is_confirmed=not options.get("optimistic", False),
            outcomes=options.get("outcomes"),
            history=self.history,
            patience=Patience(give_up_seconds=give_up_seconds, crowd=pace.concurrency),
        )
        return Loop(workshop, self.bus.receiver(self.queue), pace)

    async def close(self) -> None:
        """Close the connections. A later publish reconnects."""
        await self.client.close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    # ---- contract

    def contract(self) -> Contract:
        """The contract of the registered functions, derived from the functions themselves.

        Raises:
            ConfigurationError: a function uses a type that a contract cannot express.
        """
        return self.registry.contract(self.service)
