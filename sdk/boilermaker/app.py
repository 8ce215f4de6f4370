"""A worker service: registration and wiring. What it does with messages is in `worker`."""

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
    """Stands where a state will be, once the lifespan has begun."""

    def __repr__(self) -> str:
        return "<no state: the lifespan has not begun>"


NO_STATE = _NoState()

MOST_AT_A_TIME = 1_000_000
"""The most handlers, or threads, that may be asked for."""


class Boilermaker(Registrar, Generic[S]):
    """A worker: functions registered as tasks, and the queue that they are run from.

    Args:
        state: handed to every handler as its first argument; held for as long as the worker lives.
        bus: `AzureServiceBus` or `InMemoryServiceBus`.
        lifespan: in place of a state: gives an asynchronous context manager, which is entered when the worker begins to
            work, whose value is the state, and which is left once the last handler has ended.
        options: see `WorkerOptions`.

    Raises:
        ConfigurationError: neither `queue` nor the bus names a queue; both a state and a lifespan, or neither; `forwards_to`
            is one text; or `history` holds something else than contracts.
        TypeError: an option that does not exist, one of another type, or a bus that is none.
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
                "a worker is made as `Boilermaker(state, bus, ...)` or `Boilermaker(bus=bus, lifespan=...)`"
            )
        if not hasattr(bus, "default_queue"):
            raise TypeError(
                f"the bus is an AzureServiceBus or an InMemoryServiceBus, not a {type(bus).__name__}"
            )
        check_worker_options(options)
        named = options.get("queue") or bus.default_queue
        if not named:
            raise ConfigurationError(
                "no queue to work on: pass `Boilermaker(..., queue=...)`, or name one in the bus (EntityPath in the "
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
        """The queue that it receives from. Set before `run`, tasks registered without a queue of their own follow."""
        return self.registry.queue

    @queue.setter
    def queue(self, name: str) -> None:
        self.registry.queue = name

    # ---- registration

    def include(self, tasks: Tasks) -> Self:
        """Register what a module collected in its `Tasks`; the worker comes back, so that calls chain.

        Raises:
            RegistrationError: one of them cannot be a task, or its name is taken; or an upcast is refused.
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
        """A task from a registered function and its arguments, the state left out.

        Raises:
            UnregisteredTaskError: the function is not registered with this worker.
            TaskBuildError: the arguments do not fit; InvalidArgumentsError: the worker would refuse them.
        """
        registration = self.registry.of_function(fn)
        built = Task.si(fn, *args, **kwargs)
        if registration is None:
            self.registry.resolve(built)  # raises, and says what to do
        return built

    def chain(self, first: Task[R], /, *rest: Publishable, on_failure: Publishable | None = None) -> Task[R]:
        """Join tasks so that each runs once the one before has succeeded: see `boilermaker.chain`."""
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
        """Build a task and publish it at once; the task comes back."""
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
        """Work until SIGINT, SIGTERM or `stop()`.

        Args:
            concurrency: handlers that run at a time.
            threads: of these, plain functions that run at a time, each in a thread.
            grace_seconds: what running handlers are given to finish.
            handle_signals: whether SIGINT and SIGTERM stop it; a second one hurries, a third ends the process. By default
                where the process leaves SIGTERM at its default action: not within a server, such as uvicorn, which decides
                itself when to call `stop()`. Whatever handled them before does so again afterwards.

        Raises:
            BusError: a fault of the worker's own queue that cannot heal by itself.
            ConfigurationError: the worker is running already; `concurrency` or `threads` is not from 1 to 1,000,000; or
                `handle_signals=True` in another thread than the main one.
        """
        if self._starting is not None or self._loop is not None:
            raise ConfigurationError("this worker is running already; make a second one to run twice")
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
            is_cut_short = self._uncancel(running) or is_cut_short  # the lifespan may have caught it
            self._starting, self._leaving, self._loop = None, None, None
            self._stops = 0
            undo()
            await self.close()
        if not isinstance(ending, Ending):
            log.info("Stopped before it began to receive")
            return Ending(handled=0)
        if is_cut_short:
            log.error("The lifespan did not end: it was cancelled, because the worker was told to stop again")
        return msgspec.structs.replace(ending, is_cut_short=is_cut_short)

    def _uncancel(self, running: asyncio.Task[Any] | None) -> bool:
        """Whether `stop()` cancelled it, and nobody else did; its cancellations are taken back."""
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
        """Within, there is a state."""
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
        """While the receiver opens: else the first callback or retry waits for a connection."""
        try:
            await self.client.sender(self.queue)
        except (QueueNotFoundError, SessionQueueError):
            pass  # the receiver meets the same, and ends the worker with it
        except BusError as error:
            log.warning(
                "Cannot publish to `%s` yet, tried again when there is something: %s", self.queue, error
            )

    def health(self) -> Health:
        """What this worker is doing; may be asked from any thread."""
        loop = self._loop
        if loop is None:
            return Health(is_receiving=False, is_blocked=False, running=0, handled=0)
        return loop.health()

    def stop(self) -> None:
        """Let a running worker finish; called again, it does not wait for running handlers.

        A worker that still starts ends its `lifespan` and does not begin. Called before `run`, the next `run` ends at once.
        Called again while the `lifespan` ends, it cancels that.
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
        """Run everything in this worker's queue, scheduled retries included, in virtual time; for tests.

        Returns the number of messages handled. What went to other queues waits there for their workers.

        Raises:
            ConfigurationError: the bus is not an `InMemoryServiceBus`, or `max_messages` did not suffice.
        """
        if not isinstance(self.bus, InMemoryServiceBus):
            raise ConfigurationError(
                "drain() moves the clock, which only an InMemoryServiceBus has; use run()"
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
        raise ConfigurationError(f"more than {max_messages:,} messages came: does a handler publish itself?")

    def _checked_pace(self, concurrency: int, threads: int, grace: float) -> Pace:
        """What can be found wrong is, before anything begins."""
        self.history.upcasts.check(self.registry)
        for name, number in (("concurrency", concurrency), ("threads", threads)):
            if not isinstance(number, int) or isinstance(number, bool):  # pyright: ignore[reportUnnecessaryIsInstance] - users without a checker
                raise ConfigurationError(f"{name} is a whole number, not a {type(number).__name__}")
            if number < 1:
                shown = number if number > -MOST_AT_A_TIME else "less"  # Python prints no 5,000 digits
                raise ConfigurationError(
                    f"{name} is the number of handlers at a time, 1 or more, not {shown}"
                )
            if number > MOST_AT_A_TIME:
                raise ConfigurationError(
                    f"{name} is the number of handlers at a time, at most {MOST_AT_A_TIME:,}"
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
        # In memory nothing heals by waiting: time moves when nothing is left to do.
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
        """Close the connections. Publishing again opens them again."""
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
            ConfigurationError: a type that the contract has no words for.
        """
        return self.registry.contract(self.service)
