"""How functions become tasks: the registration methods of workers, and `Tasks`, which collects before there is a worker."""

import inspect
from abc import ABC, abstractmethod
from collections.abc import Callable, Coroutine, Iterable
from typing import Any, Self, TypeVar, Unpack, overload

from boilermaker.errors import RegistrationError
from boilermaker.introspection.asynchrony import hides_async, is_async
from boilermaker.introspection.place import place_of
from boilermaker.tasks import rules
from boilermaker.tasks.hop import Hop, Upcast
from boilermaker.tasks.options import TaskOptions

F = TypeVar("F", bound=Callable[..., Any])
U = TypeVar("U", bound=Upcast)

Register = Callable[[Callable[..., Any], TaskOptions], None]
KeepUpcast = Callable[[Hop], None]


class Registrar(ABC):
    """What functions can be registered with."""

    @overload
    def task(self, function: F, /) -> F: ...
    @overload
    def task(self, /, **options: Unpack[TaskOptions]) -> Callable[[F], F]: ...
    def task(self, function: Callable[..., Any] | None = None, /, **options: Unpack[TaskOptions]) -> Any:
        """Register the decorated function: `@worker.task` or `@worker.task(policy=..., ...)`; it stays as it is.

        A plain function, `def` without `async`, runs in a thread.

        Raises:
            RegistrationError: it cannot be a task, or its name is taken.
        """
        if function is not None:
            self._register(function, options)
            return function

        def register(decorated: Callable[..., Any]) -> Callable[..., Any]:
            self._register(decorated, options)
            return decorated

        return register

    def register(self, fn: Callable[..., Any], **options: Unpack[TaskOptions]) -> Self:
        """Register a function, which runs in a thread unless it is async; the worker comes back, so that calls chain.

        Raises:
            RegistrationError: it cannot be a task, or its name is taken.
        """
        self._register(fn, options)
        return self

    def register_async(
        self, fn: Callable[..., Coroutine[Any, Any, Any]], **options: Unpack[TaskOptions]
    ) -> Self:
        """Register an async function; the worker comes back, so that calls chain.

        Raises:
            RegistrationError: it cannot be a task, or its name is taken.
        """
        _check_async(fn)
        self._register(fn, options)
        return self

    def register_many_async(
        self, fns: Iterable[Callable[..., Coroutine[Any, Any, Any]]], **options: Unpack[TaskOptions]
    ) -> Self:
        """Register several async functions with the same options.

        Raises:
            RegistrationError: one of them cannot be a task, or its name is taken; or `name` is given for several.
        """
        functions = list(fns)
        given = [option for option, value in options.items() if value]
        if (fault := rules.shared_fault(given, len(functions))) is not None:
            raise RegistrationError(fault)
        for function in functions:
            _check_async(function)
        self._register_all(functions, options)
        return self

    def upcast(self, task: str, /, *, from_digest: str, to_digest: str | None = None) -> Callable[[U], U]:
        """Register the decorated function to turn payloads of an old contract into new ones, before they are validated.

        It takes the old payload as plain JSON values by parameter, results of earlier steps included, and gives the new
        one; it is not async. Messages of other contracts are left alone. Where it gives payloads of a contract that is
        not the worker's own, the upcast from there goes on. All ways are checked when the worker begins to work.

        Args:
            task: the task's name.
            from_digest: the task's digest in the old contract: 16 hex digits, from its contract.json or from the logs.
            to_digest: the digest of what it gives; the worker's own contract where it is left out.

        Raises:
            RegistrationError: there is an upcast from that digest already, the history knows no such contract, or the
                function is async. When the worker begins to work: no such task is registered, or the way ends elsewhere.
        """

        def register(decorated: U) -> U:
            self._upcast(Hop(task=task, from_digest=from_digest, to_digest=to_digest, function=decorated))
            return decorated

        return register

    def _register_all(self, functions: Iterable[Callable[..., Any]], options: TaskOptions) -> None:
        for function in functions:
            self._register(function, options)

    @abstractmethod
    def _register(self, function: Callable[..., Any], options: TaskOptions) -> None: ...

    @abstractmethod
    def _upcast(self, hop: Hop) -> None: ...


def _check_async(function: Callable[..., Any]) -> None:
    if inspect.isfunction(function) and not is_async(function) and not hides_async(function):
        raise RegistrationError(
            f"{place_of(function)}: `{function.__qualname__}` cannot be a task: is not async; write `async def`, or use "
            "`register`: it then runs in a thread"
        )


class Tasks(Registrar):
    """Tasks of a module that knows no worker, and upcasts: collected here, registered by `worker.include(tasks)`.

    What is registered after it was included reaches the worker at once, so the order of imports does not matter.
    Faults in a registration are raised by the worker, when it includes them.
    """

    def __init__(self) -> None:
        self._collected: list[tuple[Callable[..., Any], TaskOptions]] = []
        self._upcasts: list[Hop] = []
        self._included_by: list[tuple[Register, KeepUpcast]] = []

    def hand_over(self, register: Register, upcast: KeepUpcast) -> None:
        """Register everything collected so far, and whatever is collected from now on; called by `worker.include`."""
        for function, options in self._collected:
            register(function, options)
        for hop in self._upcasts:
            upcast(hop)
        self._included_by.append((register, upcast))

    def _register(self, function: Callable[..., Any], options: TaskOptions) -> None:
        for register, _ in self._included_by:
            register(function, options)
        self._collected.append((function, options))

    def _upcast(self, hop: Hop) -> None:
        for _, upcast in self._included_by:
            upcast(hop)
        self._upcasts.append(hop)
