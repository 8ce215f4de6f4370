"""A function registered as a task: how it is run, and its entry in the worker's contract. `rules` checks its options."""

from collections.abc import Collection, Mapping, Sequence
from datetime import timedelta
from typing import cast

import msgspec

from boilermaker.contract import TaskContract
from boilermaker.errors import ConfigurationError, RegistrationError
from boilermaker.introspection import signature
from boilermaker.introspection.annotations import Types
from boilermaker.introspection.classes import doc_of
from boilermaker.introspection.handler import AnyHandler, HandlerSignature
from boilermaker.introspection.tasks import digest_of, task_of
from boilermaker.payload.externals import Externals
from boilermaker.retries import RetryPolicy, seconds
from boilermaker.tasks import rules
from boilermaker.tasks.options import Exceptions, TaskOptions


class Registration(msgspec.Struct, frozen=True, kw_only=True):
    """One task that a worker can run.

    Attributes:
        name: on the wire.
        queue: the queue that it is published to; None for the worker's queue.
        policy: how it is retried, unless a message sets another policy.
        should_dead_letter: whether the message is dead-lettered after a permanent failure.
        acks_late: True settles after running; False before: a crash then loses the task instead of repeating it.
        retry_on: the exceptions that are retried; all if empty.
        give_up_on: exceptions that are not retried; takes precedence over `retry_on`.
        timeout: seconds that one execution may take; None for no limit.
        max_lock_renewal: how long its message's lock is renewed; None for the worker's limit.
        cancel_on_lost_lock: whether its handler is cancelled when the lock of its message is lost.
        deprecated: what to use instead, or why; producers see it in their editor.
        digest: digest of its contract: of the wire format of payload and result.
        aliases: other names under which its messages are accepted.
        parameter_aliases: by parameter, other names under which its value is read.
        allow: reasons for accepted breaking changes.
    """

    name: str
    signature: HandlerSignature
    queue: str | None
    policy: RetryPolicy
    should_dead_letter: bool = True
    acks_late: bool = True
    retry_on: tuple[type[Exception], ...] = ()
    give_up_on: tuple[type[Exception], ...] = ()
    timeout: float | None = None
    max_lock_renewal: timedelta | None = None
    cancel_on_lost_lock: bool = True
    deprecated: str | None = None
    digest: str | None = None
    aliases: tuple[str, ...] = ()
    parameter_aliases: dict[str, tuple[str, ...]] = {}
    allow: dict[str, str] = {}

    def is_retried(self, error: type[BaseException]) -> bool:
        """Whether an exception of this class leads to another try."""
        if issubclass(error, self.give_up_on):
            return False
        return not self.retry_on or issubclass(error, self.retry_on)

    @property
    def function(self) -> AnyHandler:
        """The handler."""
        return self.signature.function

    def described(self, queue: str, types: Types) -> TaskContract:
        """The task's entry in its worker's contract; definitions that it needs are added to `types`.

        Args:
            queue: the queue of the contract.
            types: definitions found so far.

        Raises:
            ConfigurationError: a type that a contract cannot express; the message names the task and its place.
        """
        try:
            task = task_of(self.name, self.signature, types)
        except ConfigurationError as error:
            raise ConfigurationError(f"{self.signature.place}: the task `{self.name}`: {error}") from None
        aliases = self.parameter_aliases
        return msgspec.structs.replace(
            task,
            parameters=tuple(
                msgspec.structs.replace(p, aliases=aliases.get(p.name, ())) for p in task.parameters
            ),
            queue=self.queue if self.queue != queue else None,
            doc=doc_of(self.function),
            deprecated=self.deprecated,
            aliases=self.aliases,
            allow=self.allow,
        )


def registration_of(function: AnyHandler, options: TaskOptions, externals: Externals) -> Registration:
    """A function as a task. The registry checks that its names are not taken.

    Args:
        function: the handler.
        options: how it is registered.
        externals: the third-party types that its worker supports.

    Raises:
        RegistrationError: it cannot be a task, or an option is invalid.
    """
    read = signature.registered(function, externals)
    _check_options(read, options)
    task = _text(options.get("name")) or function.__name__
    timeout, renewal = options.get("timeout"), options.get("max_lock_renewal")
    return Registration(
        name=task,
        signature=read,
        queue=_text(options.get("queue")),
        policy=options.get("policy") or RetryPolicy.default(),
        should_dead_letter=options.get("should_dead_letter", True),
        acks_late=options.get("acks_late", True),
        retry_on=_classes(options.get("retry_on", ())),
        give_up_on=_classes(options.get("give_up_on", ())),
        timeout=None if timeout is None else seconds(timeout),
        max_lock_renewal=None if renewal is None else timedelta(seconds=seconds(renewal)),
        cancel_on_lost_lock=options.get("cancel_on_lost_lock", True),
        deprecated=_text(options.get("deprecated")),
        digest=_digest(task, read),
        aliases=_texts(options.get("aliases", ())),
        parameter_aliases={
            name: _texts(aliases) for name, aliases in options.get("parameter_aliases", {}).items()
        },
        allow=dict(options.get("allow", {})),
    )


def _classes(given: Exceptions) -> tuple[type[Exception], ...]:
    return given if isinstance(given, tuple) else (given,)


def _digest(task: str, read: HandlerSignature) -> str | None:
    try:
        digest = digest_of(task, read)
        (read.function.__doc__ or "").encode()
    except UnicodeEncodeError:
        text = f"a string in its docstring, its parameters or its result {rules.NO_TEXT}"
        raise RegistrationError(
            f"{read.place}: `{read.function.__qualname__}` cannot be a task: {text}"
        ) from None
    return digest


def _check_options(read: HandlerSignature, options: Mapping[str, object]) -> None:
    """Check the options: without a type checker, a misspelt one would otherwise be ignored silently."""
    for option, value in options.items():
        if (fault := rules.fault_of(option, value)) is not None:
            raise _refused(read, option, fault)
    if options.get("name") is None and (fault := rules.fault_of("name", read.function.__name__)) is not None:
        raise _refused(read, "name", fault)
    aliases = cast("Mapping[str, Collection[str]]", options.get("parameter_aliases", {}))
    if (fault := rules.parameters_fault(aliases, [each.name for each in read.parameters])) is not None:
        raise _refused(read, "parameter_aliases", fault)


def _refused(read: HandlerSignature, option: str, fault: str) -> RegistrationError:
    return RegistrationError(f"{read.place}: `{option}` of `{read.function.__qualname__}` {fault}")


def _text(given: str | None) -> str | None:
    """A plain `str`: a member of a str enum is a `str` as well, but is formatted differently."""
    return None if given is None else "".join(given)


def _texts(given: Sequence[str]) -> tuple[str, ...]:
    return tuple("".join(each) for each in given)
