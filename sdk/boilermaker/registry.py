"""What a worker can run: registrations by task name, and by function for those who publish what they registered."""

from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import timedelta
from typing import Unpack

import msgspec

from boilermaker.errors import RegistrationError, UnregisteredTaskError
from boilermaker.evolution.rules import RULES, hint
from boilermaker.introspection import signature
from boilermaker.introspection.place import place_of
from boilermaker.introspection.signature import AnyHandler, HandlerSignature
from boilermaker.options import TaskOptions
from boilermaker.payload.externals import NONE, Externals
from boilermaker.plan import MAX_NAME, Resolved
from boilermaker.retries import RetryPolicy, Seconds, seconds
from boilermaker.task import AnyTask


class Registration(msgspec.Struct, frozen=True, kw_only=True):
    """One task that a worker can run.

    Attributes:
        name: on the wire.
        queue: where it is published; None where it follows its worker.
        policy: how it is retried unless a message says otherwise.
        should_dead_letter: whether a final failure leaves a dead letter.
        acks_late: True settles after running; False before: a crash then loses the task instead of repeating it.
        timeout: seconds that one execution may take; None for no limit.
        max_lock_renewal: how long its message's lock is renewed; None where the worker says.
        cancel_on_lost_lock: whether it is cancelled when the lock of its message is lost.
        deprecated: what to use instead, or why; producers see it in their editor.
        digest: names the wire shape of payload and result.
        aliases: other names under which its messages are taken.
        parameter_aliases: by parameter, other names under which it is read.
        allow: reasons for changes that break somebody all the same.
    """

    name: str
    signature: HandlerSignature
    queue: str | None
    policy: RetryPolicy
    should_dead_letter: bool = True
    acks_late: bool = True
    timeout: float | None = None
    max_lock_renewal: timedelta | None = None
    cancel_on_lost_lock: bool = True
    deprecated: str | None = None
    digest: str | None = None
    aliases: tuple[str, ...] = ()
    parameter_aliases: dict[str, tuple[str, ...]] = {}
    allow: dict[str, str] = {}

    @property
    def function(self) -> AnyHandler:
        """The handler."""
        return self.signature.function


class Registry:
    """Registrations of one worker, in the order in which they were made.

    Attributes:
        queue: the worker's own, where tasks go that name none.
        externals: the types of third parties that the worker knows.
    """

    def __init__(self, queue: str, externals: Externals = NONE) -> None:
        self.queue = queue
        self.externals = externals
        self._by_name: dict[str, Registration] = {}
        self._by_alias: dict[str, Registration] = {}
        self._by_function: dict[AnyHandler, Registration] = {}

    def add(
        self,
        function: AnyHandler,
        *,
        digest: Callable[[str, HandlerSignature], str | None],
        **options: Unpack[TaskOptions],
    ) -> Registration:
        """Register a function.

        Raises:
            RegistrationError: it cannot be a task, or its name is taken.
        """
        read = signature.registered(function, self.externals)
        _check_options(read, options)
        name, aliases = options.get("name"), tuple(options.get("aliases", ()))
        task = name if name is not None else function.__name__
        for each in (task, *aliases):
            self._check_name(each, read)
        registration = Registration(
            name=task,
            signature=read,
            queue=options.get("queue") or None,
            policy=options.get("policy") or RetryPolicy.default(),
            should_dead_letter=options.get("should_dead_letter", True),
            acks_late=options.get("acks_late", True),
            timeout=_seconds(read, "timeout", options.get("timeout")),
            max_lock_renewal=_renewal(read, options.get("max_lock_renewal")),
            cancel_on_lost_lock=options.get("cancel_on_lost_lock", True),
            deprecated=options.get("deprecated"),
            digest=digest(task, read),
            aliases=aliases,
            parameter_aliases=_parameter_aliases(read, options.get("parameter_aliases", {})),
            allow=_allow(read, options.get("allow", {})),
        )
        self._by_name[task] = registration
        self._by_alias.update(dict.fromkeys(registration.aliases, registration))
        self._by_function.setdefault(function, registration)
        return registration

    @contextmanager
    def all_or_none(self) -> Generator[None, None, None]:
        """Within, an error takes back what was registered since the beginning."""
        before = dict(self._by_name), dict(self._by_alias), dict(self._by_function)
        try:
            yield
        except BaseException:
            self._by_name, self._by_alias, self._by_function = before
            raise

    def _check_name(self, name: str, read: HandlerSignature) -> None:
        if not name.strip() or len(name) > MAX_NAME or not name.isprintable():
            raise RegistrationError(
                f"{read.place}: {name!r} is no name for a task: 1 to {MAX_NAME} printable characters"
            )
        if (taken := self.get(name)) is not None:
            raise RegistrationError(
                f"{read.place}: the task `{name}` is registered already, for `{taken.function.__qualname__}` at "
                f"{taken.signature.place}; give one of them another `name=`"
            )

    def get(self, name: str) -> Registration | None:
        """The registration of a task by its name or an alias, if there is one."""
        return self._by_name.get(name) or self._by_alias.get(name)

    def queue_of(self, registration: Registration) -> str:
        """Where a task is published."""
        return registration.queue or self.queue

    def of_function(self, function: AnyHandler) -> Registration | None:
        """The first registration of a function, if there is one."""
        return self._by_function.get(function)

    def __iter__(self) -> Iterator[Registration]:
        return iter(self._by_name.values())

    def __len__(self) -> int:
        return len(self._by_name)

    def resolve(self, task: AnyTask) -> Resolved:
        """Where a task goes: what its stub says, or what is registered for its function.

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


_KINDS: Mapping[str, tuple[str, tuple[type, ...]]] = {
    "name": ("a text", (str,)),
    "queue": ("a queue's name", (str,)),
    "policy": ("a RetryPolicy, such as `retries.NoRetry()`", (RetryPolicy,)),
    "should_dead_letter": ("True or False", (bool,)),
    "acks_late": ("True or False", (bool,)),
    "cancel_on_lost_lock": ("True or False", (bool,)),
    "deprecated": ("a text", (str,)),
    "aliases": ("a list or tuple of names", (list, tuple)),
    "parameter_aliases": ("a dict", (Mapping,)),
    "allow": ("a dict", (Mapping,)),
}
_MAY_BE_NONE = frozenset({"name", "queue", "policy", "deprecated"})


def _check_options(read: HandlerSignature, options: Mapping[str, object]) -> None:
    """For those without a type checker: an option that is misspelt would do nothing, without a word."""
    for option, value in options.items():
        if option not in TaskOptions.__optional_keys__:
            raise RegistrationError(
                f"{read.place}: `{option}` is no option of a registration; there are "
                f"{', '.join(sorted(TaskOptions.__optional_keys__))}"
            )
        wanted, kinds = _KINDS.get(option, ("", (object,)))
        if not isinstance(value, kinds) and not (value is None and option in _MAY_BE_NONE):
            raise RegistrationError(
                f"{read.place}: `{option}` of `{read.function.__qualname__}` must be {wanted}, not a {type(value).__name__}"
            )


def _allow(read: HandlerSignature, reasons: Mapping[str, object]) -> dict[str, str]:
    """A reason under a rule that does not exist, or an empty one, would allow nothing, without a word."""
    given: dict[str, str] = {}
    for key, reason in reasons.items():
        where, rule = f"{read.place}: `allow` of `{read.function.__qualname__}`", str(key).partition(" ")[0]
        if rule not in RULES:
            raise RegistrationError(f"{where} names no rule: {rule!r}; {hint(rule)}")
        if not isinstance(reason, str) or not reason.strip():
            raise RegistrationError(f"{where} gives no reason for {key!r}")
        given[key] = reason
    return given


def _seconds(read: HandlerSignature, option: str, given: Seconds | None) -> float | None:
    if given is None:
        return None
    where = f"{read.place}: `{option}` of `{read.function.__qualname__}`"
    try:
        limit = seconds(given)
    except (TypeError, ValueError) as error:
        raise RegistrationError(f"{where}: {error}") from None
    if limit == 0:
        raise RegistrationError(f"{where} is 0 seconds; leave it out for no limit")
    return limit


def _renewal(read: HandlerSignature, given: Seconds | None) -> timedelta | None:
    limit = _seconds(read, "max_lock_renewal", given)
    return None if limit is None else timedelta(seconds=limit)


def _parameter_aliases(
    read: HandlerSignature, given: Mapping[str, Sequence[str]]
) -> dict[str, tuple[str, ...]]:
    names = {parameter.name for parameter in read.parameters}
    if unknown := sorted(given.keys() - names):
        raise RegistrationError(
            f"{read.place}: `parameter_aliases` names `{unknown[0]}`, which is no parameter of `{read.function.__qualname__}`"
        )
    taken = list(names) + [alias for aliases in given.values() for alias in aliases]
    if len(taken) != len(set(taken)):
        twice = next(name for name in taken if taken.count(name) > 1)
        raise RegistrationError(
            f"{read.place}: `parameter_aliases` gives the name `{twice}` to two parameters"
        )
    return {name: tuple(aliases) for name, aliases in given.items()}


def resolve_stub(task: AnyTask) -> Resolved:
    """Where a task goes for a publisher without registry.

    Raises:
        UnregisteredTaskError: the task was made from a function; only a worker's registry knows its name and queue.
    """
    target = task.target
    if target.name is None or target.queue is None:
        raise UnregisteredTaskError(
            f"`{target.label}` was made from a function, and this client has no registry that knows its name and queue; "
            "publish it through its worker (`worker.publish_task`), or build it with generated stubs"
        )
    return Resolved(name=target.name, queue=target.queue, digest=target.digest)
