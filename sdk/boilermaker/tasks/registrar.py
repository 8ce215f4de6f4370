"""How functions are registered: the registration methods of workers, and `Tasks`, which collects tasks without a worker.

What a registration holds is in `registration`.
"""

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
    """Base of `Boilermaker` and `Tasks`: the methods that register functions."""

    @overload
    def task(self, function: F, /) -> F: ...
    @overload
    def task(self, /, **options: Unpack[TaskOptions]) -> Callable[[F], F]: ...
    def task(self, function: Callable[..., Any] | None = None, /, **options: Unpack[TaskOptions]) -> Any:
        """Register the decorated function, `@worker.task` or `@worker.task(policy=..., ...)`, and return it unchanged.

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
        """Register a function, which runs in a thread unless it is async; returns the worker, so that calls chain.

        Raises:
            RegistrationError: it cannot be a task, or its name is taken.
        """
        self._register(fn, options)
        return self

    def register_async(
        self, fn: Callable[..., Coroutine[Any, Any, Any]], **options: Unpack[TaskOptions]
    ) -> Self:
        """Register an async function; returns the worker, so that calls chain.

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
        """Register the decorated function to convert payloads of an old contract into new ones, before they are validated.

        It receives the old payload as plain JSON values by parameter, results of earlier steps included, and returns the new
        one; it must not be async. It is not called for messages of other contracts. If it returns payloads of a contract
        other than the worker's own, the upcast from that contract is applied next. The worker checks when it starts that
        every sequence of upcasts ends at its own contract.

        Args:
            task: the task's name.
            from_digest: the task's digest in the old contract: 16 hex digits, from its contract.json or from the logs.
            to_digest: the digest of the contract that it returns payloads of; by default the worker's own.

        Raises:
            RegistrationError: there already is an upcast from that digest, the history has no such contract, or the
                function is async. When the worker starts: the task is not registered, or the sequence ends elsewhere.
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
    """Collects the tasks and upcasts of a module without a worker; `worker.include(tasks)` registers them.

    Tasks that are added after `include` are registered with the worker at once, so the order of imports does not matter.
    Errors in a registration are raised when a worker includes it.
    """

    def __init__(self) -> None:
        self._collected: list[tuple[Callable[..., Any], TaskOptions]] = []
        self._upcasts: list[Hop] = []
        self._included_by: list[tuple[Register, KeepUpcast]] = []

    def hand_over(self, register: Register, upcast: KeepUpcast) -> None:
        """Register everything collected so far, and everything collected later; called by `worker.include`."""
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
