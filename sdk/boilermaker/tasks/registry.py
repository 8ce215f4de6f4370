"""The tasks that a worker can run: registrations by task name, and by function for publishing tasks made from functions.

What a registration holds is in `registration`.
"""

from collections.abc import Generator, Iterator
from contextlib import contextmanager
from typing import Unpack

from boilermaker.contract import Contract
from boilermaker.errors import RegistrationError, UnregisteredTaskError
from boilermaker.introspection.annotations import Types
from boilermaker.introspection.handler import AnyHandler, HandlerSignature
from boilermaker.introspection.place import place_of
from boilermaker.payload.externals import NONE, Externals
from boilermaker.tasks.options import TaskOptions
from boilermaker.tasks.registration import Registration, registration_of
from boilermaker.workflow.plan import Resolved
from boilermaker.workflow.task import AnyTask


class Registry:
    """Registrations of one worker, in the order in which they were made.

    Attributes:
        queue: the worker's own queue, for tasks registered without one.
        externals: the third-party types that the worker supports.
    """

    def __init__(self, queue: str, externals: Externals = NONE) -> None:
        self.queue = queue
        self.externals = externals
        self._by_name: dict[str, Registration] = {}
        self._by_alias: dict[str, Registration] = {}
        self._by_function: dict[AnyHandler, Registration] = {}

    def add(self, function: AnyHandler, **options: Unpack[TaskOptions]) -> Registration:
        """Register a function.

        Raises:
            RegistrationError: it cannot be a task, or its name is taken.
        """
        registration = registration_of(function, options, self.externals)
        for each in (registration.name, *registration.aliases):
            self._check_name(each, registration.signature)
        self._by_name[registration.name] = registration
        self._by_alias.update(dict.fromkeys(registration.aliases, registration))
        self._by_function.setdefault(function, registration)
        return registration

    @contextmanager
    def all_or_none(self) -> Generator[None, None, None]:
        """Undo all registrations made within the context if it raises."""
        before = dict(self._by_name), dict(self._by_alias), dict(self._by_function)
        try:
            yield
        except BaseException:
            self._by_name, self._by_alias, self._by_function = before
            raise

    def _check_name(self, name: str, read: HandlerSignature) -> None:
        if (taken := self.get(name)) is not None:
            raise RegistrationError(
                f"{read.place}: the task `{name}` is already registered, for `{taken.function.__qualname__}` at "
                f"{taken.signature.place}; give one of them another `name=`"
            )

    def get(self, name: str) -> Registration | None:
        """The registration of a task by its name or an alias; None if there is none."""
        return self._by_name.get(name) or self._by_alias.get(name)

    def queue_of(self, registration: Registration) -> str:
        """The queue that a task is published to."""
        return registration.queue or self.queue

    def of_function(self, function: AnyHandler) -> Registration | None:
        """The first registration of a function; None if there is none."""
        return self._by_function.get(function)

    def __iter__(self) -> Iterator[Registration]:
        return iter(self._by_name.values())

    def __len__(self) -> int:
        return len(self._by_name)

    def contract(self, service: str) -> Contract:
        """The contract of all registered tasks.

        Raises:
            ConfigurationError: a type that a contract cannot express.
        """
        types = Types(self.externals)
        tasks = [each.described(self.queue, types) for each in self]
        return Contract(
            service=service,
            queue=self.queue,
            tasks=tuple(sorted(tasks, key=lambda t: t.name)),
            types=dict(types),
        )

    def resolve(self, task: AnyTask) -> Resolved:
        """Name and queue of a task: from its stub, or from the registration of its function.

        Raises:
            UnregisteredTaskError: the task was made from a function that is not registered here.
        """
        target = task.target
        if target.function is None:
            return resolve_stub(task)
        registration = self.of_function(target.function)
        if registration is None:
            raise UnregisteredTaskError(
                f"`{target.label}` ({place_of(target.function)}) is not registered with this worker; call "
                f"`worker.register({target.label})` before publishing, or build the task with generated stubs"
            )
        return Resolved(
            name=registration.name,
            queue=self.queue_of(registration),
            policy=registration.policy,
            digest=registration.digest,
        )


def resolve_stub(task: AnyTask) -> Resolved:
    """Name and queue of a task for a publisher without a registry.

    Raises:
        UnregisteredTaskError: the task was made from a function; only a worker's registry knows its name and queue.
    """
    target = task.target
    if target.name is None or target.queue is None:
        raise UnregisteredTaskError(
            f"the task `{target.label}` was created from a function, and this client has no registry that knows its name and "
            "queue; publish it through its worker (`worker.publish_task`), or build it with generated stubs"
        )
    return Resolved(name=target.name, queue=target.queue, digest=target.digest)
