"""Tasks and chains: what is to be called, and what runs afterwards. They have no bytes, no ids and no bus.

`Task` is the only mutable builder of this package. A task refers to the tasks after it but not to those before it, so one
task object may be used in several workflows. `plan` checks and flattens a workflow when it is published.

`Task` and `Chain` are one module because each returns the other.
"""

import itertools
from collections.abc import Callable, Coroutine, Iterable, Mapping
from typing import Any, Concatenate, Generic, ParamSpec, Self, TypeVar, overload

import msgspec

from boilermaker import payload as payloads
from boilermaker.errors import CallbackAlreadySetError, TaskBuildError
from boilermaker.retries import Delay, RetryPolicy, Seconds, checked_delay, checked_policy, seconds
from boilermaker.workflow.ref import AnyRef, Ref
from boilermaker.workflow.target import Options, Target

R = TypeVar("R")
T = TypeVar("T")
R_co = TypeVar("R_co", covariant=True)
S = TypeVar("S")
P = ParamSpec("P")
H = TypeVar("H")
N = TypeVar("N")


class Task(Generic[R_co]):
    """A call of a registered function, to be published; R is what the function returns.

    Created by generated functions, `worker.create_task(...)` or `Task.si(...)`, and published by a client. Tasks
    compare by identity: two calls with the same arguments are two tasks.
    """

    __slots__ = ("_on_failure", "_on_success", "_options", "_payload", "_refs", "_target")

    def __init__(self, target: Target, arguments: Mapping[str, object]) -> None:
        """For generated code and registries; users call a generated function, `create_task` or `Task.si`.

        Raises:
            InvalidArgumentsError: the worker would reject the arguments.
        """
        self._target = target
        self._payload = payloads.build(target.label, target.payload_type, arguments, target.externals)
        self._refs = payloads.references(arguments)
        self._options = Options()
        self._on_success: Task[Any] | None = None
        self._on_failure: list[Task[Any]] = []

    @overload
    @classmethod
    def si(
        cls, fn: Callable[Concatenate[S, P], Coroutine[Any, Any, R]], /, *args: P.args, **kwargs: P.kwargs
    ) -> "Task[R]": ...
    @overload
    @classmethod
    def si(cls, fn: Callable[Concatenate[S, P], R], /, *args: P.args, **kwargs: P.kwargs) -> "Task[R]": ...
    @classmethod
    def si(cls, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> "Task[Any]":
        """Create a task from a function and its arguments, without the state: an immutable signature.

        Name, queue and policy come from the publisher's registry when the task is published.

        Raises:
            RegistrationError: the function cannot be a task.
            TaskBuildError: the arguments do not match the signature.
            InvalidArgumentsError: the worker would reject them.
        """
        from boilermaker.introspection import signature  # noqa: PLC0415 - stubs do not need it, and it would double what they import

        read = signature.known(fn)
        target = Target(
            payload_type=read.payload_type,
            result_type=read.result_type,
            function=fn,
            externals=read.externals,
        )
        return Task(target, read.bind(args, kwargs))

    # ---- what it is

    @property
    def name(self) -> str:
        """The task's name; for a task made from a function, the function's name."""
        return self._target.label

    @property
    def target(self) -> Target:
        """What it calls."""
        return self._target

    @property
    def payload(self) -> msgspec.Struct:
        """The checked arguments, without references."""
        return self._payload

    @property
    def refs(self) -> Mapping[str, AnyRef]:
        """The arguments that are references, by parameter."""
        return self._refs

    @property
    def result(self) -> Ref[R_co]:
        """A reference to what this task will return, as an argument for a later step of the same workflow."""
        return Ref(self, "result")

    # ---- what follows

    @property
    def on_success(self) -> "Task[Any] | None":
        """The task to run after this one has succeeded. Assigning replaces it; assigning a chain assigns its first task."""
        return self._on_success

    @on_success.setter
    def on_success(self, task: "Task[Any] | Chain[Any, Any] | None") -> None:
        self._on_success = None if task is None else head_of(task)

    @property
    def on_failure(self) -> "Task[Any] | None":
        """The task to run after this one has failed permanently. Assigning replaces all failure callbacks.

        Reading returns the first of them; `failure_callbacks` returns all.
        """
        return self._on_failure[0] if self._on_failure else None

    @on_failure.setter
    def on_failure(self, task: "Task[Any] | Chain[Any, Any] | None") -> None:
        self._on_failure[:] = [] if task is None else [head_of(task)]

    @property
    def failure_callbacks(self) -> "tuple[Task[Any], ...]":
        """All tasks to run after this one has failed permanently: its own callbacks, and that of the chain it is part of."""
        return tuple(self._on_failure)

    def add_on_failure(self, task: "Task[Any] | Chain[Any, Any]") -> Self:
        """Add a task to run after this one has failed permanently. Adding the same task object again has no effect."""
        head = head_of(task)
        if not any(head is known for known in self._on_failure):
            self._on_failure.append(head)
        return self

    def __rshift__(self, following: "Task[N] | Chain[Any, N]") -> "Chain[R_co, N]":
        """`a >> b` sets `a.on_success = b` and returns a chain, which is published like a task.

        Raises:
            CallbackAlreadySetError: `a` has a success callback already.
        """
        _link(self, head_of(following))
        return Chain(self, tail_of(following))

    # ---- how it is run

    def options(
        self,
        *,
        policy: RetryPolicy | None = None,
        delay: Delay | None = None,
        timeout: Seconds | None = None,
        expires: Delay | None = None,
        should_dead_letter: bool | None = None,
        acks_late: bool | None = None,
        queue: str | None = None,
    ) -> Self:
        """Set options of this call and return this task. Options that are not given keep their value.

        Args:
            policy: replaces the registered policy; a worker caps it by its limits.
            delay: seconds (or a timedelta) to wait before this step runs, counted from the end of the step before it; or the
                earliest time at which it may run: a datetime with a time zone.
            timeout: seconds (or a timedelta) that one execution may take; a shorter registered time limit takes precedence.
            expires: the time by which it must have started: seconds (or a timedelta) from when the workflow is published, or a
                datetime with a time zone. A try that would start later fails as `Expired`, with its failure callbacks.
            should_dead_letter: whether the message is dead-lettered after a permanent failure.
            acks_late: False completes the message before the handler runs: a crash then loses the task instead of repeating it.
            queue: replaces the registered queue.

        Raises:
            TypeError: an option of the wrong type.
            ValueError: a negative delay, a time limit or an expiry of 0 seconds, a datetime without a time zone, or a
                queue name that is empty or not printable.
        """
        if queue is not None and not isinstance(queue, str):  # pyright: ignore[reportUnnecessaryIsInstance] - as below
            raise TypeError(f"queue must be a queue's name, not a {type(queue).__name__}")
        if queue is not None and not queue.strip():
            raise ValueError("queue must be a queue's name, not an empty string")
        if queue is not None and not queue.isprintable():
            raise ValueError("queue must be a queue's name, which has printable characters only")
        for name, flag in (("should_dead_letter", should_dead_letter), ("acks_late", acks_late)):
            if flag is not None and not isinstance(flag, bool):  # pyright: ignore[reportUnnecessaryIsInstance] - users without a checker
                raise TypeError(f"{name} must be True or False, not a {type(flag).__name__}")
        self._options.update(
            Options(
                policy=None if policy is None else checked_policy(policy),
                delay=checked_delay(delay) if delay is not None else None,
                timeout=_positive("timeout", seconds(timeout)) if timeout is not None else None,
                expires=_positive("expires", checked_delay(expires)) if expires is not None else None,
                should_dead_letter=should_dead_letter,
                acks_late=acks_late,
                queue=queue,
            )
        )
        return self

    @property
    def chosen(self) -> Options:
        """The options set on this call."""
        return self._options

    def __repr__(self) -> str:
        return f"<Task {self.name}>"


class Chain(Generic[H, N]):
    """Tasks joined by `>>`: refers to its first and its last task. Immutable; the tasks themselves hold the links."""

    __slots__ = ("_head", "_tail")

    def __init__(self, head: Task[H], tail: Task[N]) -> None:
        self._head = head
        self._tail = tail

    @property
    def head(self) -> Task[H]:
        """The first task, which is published when the chain is."""
        return self._head

    @property
    def tail(self) -> Task[N]:
        """The last task, which `>>` appends to."""
        return self._tail

    @property
    def result(self) -> Ref[N]:
        """The last task's result."""
        return self._tail.result

    def __rshift__(self, following: "Task[S] | Chain[Any, S]") -> "Chain[H, S]":
        """Append a task or a chain.

        Raises:
            CallbackAlreadySetError: the last task has a success callback already.
        """
        _link(self._tail, head_of(following))
        return Chain(self._head, tail_of(following))

    def __repr__(self) -> str:
        return f"<Chain {' >> '.join(task.name for task in steps_of(self))}>"


AnyTask = Task[Any]
AnyChain = Chain[Any, Any]


def chain(
    first: "Task[R] | Chain[R, Any]",
    /,
    *rest: AnyTask | AnyChain,
    on_failure: AnyTask | AnyChain | None = None,
) -> "Task[R]":
    """Join tasks so that each runs after the previous one has succeeded; returns the first task, ready to be published.

    Args:
        first: the task to start with.
        rest: the tasks that follow. A chain contributes its tasks.
        on_failure: runs after any of them has failed permanently, in addition to the task's own failure callbacks.

    Raises:
        CallbackAlreadySetError: a task other than the last already has a success callback.
        TaskBuildError: the same task object occurs twice.
    """
    handler = None if on_failure is None else head_of(on_failure)
    parts = (first, *rest)
    tasks = [task for part in parts for task in steps_of(part)]
    if len({id(task) for task in tasks}) != len(tasks):
        raise TaskBuildError("the same task object occurs twice in this chain; create a second task")
    for earlier, later in itertools.pairwise(parts):
        _check_free(tail_of(earlier), head_of(later))
    for earlier, later in itertools.pairwise(parts):
        tail_of(earlier).on_success = later
    if handler is not None:
        for task in tasks:
            task.add_on_failure(handler)
    return head_of(first)


def head_of(item: "Task[R] | Chain[R, Any]") -> "Task[R]":
    """The first task of a chain, or the task itself.

    Raises:
        TaskBuildError: it is neither a task nor a chain.
    """
    if isinstance(item, Task):
        return item
    if isinstance(item, Chain):  # pyright: ignore[reportUnnecessaryIsInstance] - users without a checker
        return item.head
    hint = "; call it to create a task" if callable(item) else ""
    raise TaskBuildError(f"expected a task or a chain, got `{type(item).__qualname__}`{hint}")


def tail_of(item: "Task[N] | Chain[Any, N]") -> "Task[N]":
    """The last task of a chain, or the task itself.

    Raises:
        TaskBuildError: it is neither a task nor a chain.
    """
    return item.tail if isinstance(item, Chain) else head_of(item)


def steps_of(item: AnyTask | AnyChain) -> Iterable[AnyTask]:
    """The tasks from the first to the last, along success callbacks."""
    task: AnyTask | None = head_of(item)
    last = tail_of(item)
    seen: set[int] = set()
    while task is not None and id(task) not in seen:
        yield task
        if task is last:
            return
        seen.add(id(task))
        task = task.on_success


def _positive(option: str, value: T) -> T:
    if value == 0:
        raise ValueError(f"{option} must be more than 0 seconds")
    return value


def _link(earlier: AnyTask, later: AnyTask) -> None:
    _check_free(earlier, later)
    earlier.on_success = later


def _check_free(earlier: AnyTask, later: AnyTask) -> None:
    if earlier.on_success is not None:
        raise CallbackAlreadySetError(
            f"`{earlier.name}` already has the success callback `{earlier.on_success.name}`; `{later.name}` would replace "
            f"it. Append to the end of that chain, or assign `on_success` to replace it on purpose."
        )
