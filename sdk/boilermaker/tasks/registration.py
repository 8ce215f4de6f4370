"""A function registered as a task: how it is run, what contracts say of it, and the checks of its options."""

from collections.abc import Mapping, Sequence
from datetime import timedelta

import msgspec

from boilermaker.contract import TaskContract
from boilermaker.errors import RegistrationError
from boilermaker.evolution.rules import RULES, hint
from boilermaker.introspection import signature
from boilermaker.introspection.annotations import Types
from boilermaker.introspection.classes import doc_of
from boilermaker.introspection.signature import AnyHandler, HandlerSignature
from boilermaker.introspection.tasks import digest_of, task_of
from boilermaker.payload.externals import Externals
from boilermaker.retries import RetryPolicy, Seconds, seconds
from boilermaker.tasks.options import TaskOptions


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

    def described(self, queue: str, types: Types) -> TaskContract:
        """The task as its worker's contract has it; definitions that it needs are added to `types`.

        Args:
            queue: the contract's.
            types: definitions found so far.

        Raises:
            ConfigurationError: a type that the contract has no words for.
        """
        task, aliases = task_of(self.name, self.signature, types), self.parameter_aliases
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
    """A function as a task. Whether its names are free is the registry's affair.

    Args:
        function: the handler.
        options: how it is registered.
        externals: the types of third parties that its worker knows.

    Raises:
        RegistrationError: it cannot be a task, or not with these options.
    """
    read = signature.registered(function, externals)
    _check_options(read, options)
    name = options.get("name")
    task = name if name is not None else function.__name__
    return Registration(
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
        digest=digest_of(task, read),
        aliases=tuple(options.get("aliases", ())),
        parameter_aliases=_parameter_aliases(read, options.get("parameter_aliases", {})),
        allow=_allow(read, options.get("allow", {})),
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
