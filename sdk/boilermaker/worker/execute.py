"""Runs handlers and upcasts, and turns what they return or raise into an outcome. No other module runs users' code.

Texts of outcomes leave the process. They contain types, paths and what was expected, and the reasons that a handler chose
(`TaskFailed`, `RetryException`); they do not contain values, messages of other exceptions or tracebacks. Time limits and
cancellation are in `execution`, decisions about outcomes in `decide`.
"""

import asyncio
import inspect
import logging
from collections.abc import Iterable, Mapping
from typing import Any, cast

import msgspec

from boilermaker import failure, payload
from boilermaker.attempt import Cause
from boilermaker.envelope import Step, codec, legacy
from boilermaker.envelope.codec import Envelope
from boilermaker.errors import EnvelopeError
from boilermaker.payload import UnfitValue
from boilermaker.retries import RetryException, checked_delay, checked_policy
from boilermaker.tasks.history import History
from boilermaker.tasks.hop import Hop
from boilermaker.tasks.options import DescribeError
from boilermaker.tasks.registration import Registration
from boilermaker.worker.execution import Execution
from boilermaker.worker.outcome import Failed, Outcome, Rejected, RetryAsked, Succeeded

log = logging.getLogger("boilermaker.app")


def prepare(envelope: Envelope, registration: Registration, history: History) -> msgspec.Struct | Rejected:
    """The arguments of the current step, or why they are rejected."""
    step = envelope.current
    if _is_other(step, registration):
        log.info(
            "[%s] Published for contract %s, this worker has %s", step.task, step.digest, registration.digest
        )
    try:
        return arguments_of(envelope, registration, history)
    except UnfitValue as unfit:
        return _invalid(step, registration, unfit, history)
    except EnvelopeError as error:
        return Rejected(reason="UndecodableMessage", description=str(error))


async def execute(
    step: Step,
    execution: Execution,
    arguments: msgspec.Struct,
    state: object,
    describe: DescribeError | None,
) -> Outcome:
    """Run a handler and return its outcome, however it ends.

    `execution.cause` is set if the worker cancelled the handler; otherwise a cancelled handler cancelled itself.

    Raises:
        asyncio.CancelledError: the worker cancelled it for a reason other than its time limit; there is no outcome.
    """
    registration = execution.registration
    try:
        value = await execution.call(registration.signature.bound_to(state, arguments))
        if execution.cause is None:
            await _meet_own_cancellation()
    except asyncio.CancelledError:
        if execution.cause in _WITHOUT_OUTCOME:
            raise
        _uncancel()
        if execution.cause is Cause.TIME_LIMIT:
            return _retried(registration, TimeoutError, f"took longer than {execution.timeout:g}s")
        return RetryAsked(description="the handler cancelled itself", error="asyncio.CancelledError")
    except failure.TaskFailed as error:
        return Failed(
            reason="TaskFailed",
            description=_chosen_words(error, "reason") or "the handler raised TaskFailed",
            error=_name(error),
        )
    except RetryException as error:
        return _retry_asked(error)
    except KeyboardInterrupt:
        raise
    except BaseException as error:
        # Everything that users' code raises is an outcome, also SystemExit and a panic in Rust.
        raised = _raised(step, registration, error, describe)
        if execution.cause in _WITHOUT_OUTCOME:
            raise asyncio.CancelledError(f"{_name(error)} raised while it was cancelled") from error
        return raised
    _uncancel()
    if failure.is_failure(value):
        return Failed(reason="TaskFailed", description="the handler returned TaskFailureResult")
    if inspect.iscoroutine(value):
        value.close()
        return Failed(
            reason="InvalidResult",
            description="the handler returned a coroutine instead of a result: declare it with `async def`",
        )
    return _returned(step, registration, value)


_WITHOUT_OUTCOME = (Cause.LOCK_LOST, Cause.STOPPING)


async def _meet_own_cancellation() -> None:
    """Raise the cancellation of a handler that cancelled its own task and returned, before another await raises it.

    Raises:
        asyncio.CancelledError: the handler cancelled its own task.
    """
    task = asyncio.current_task()
    if task is not None and task.cancelling():
        await asyncio.sleep(0)


def _uncancel() -> None:
    """Undo cancellations that a handler caught: the rest of the handling is not cancelled (`cancel` and `uncancel` pair up)."""
    task = asyncio.current_task()
    while task is not None and task.cancelling():
        task.uncancel()


def _returned(step: Step, registration: Registration, value: object) -> Outcome:
    if step.keep is None:
        return Succeeded()
    declared = registration.signature
    try:
        return Succeeded(result=payload.seal(value, declared.result_type, declared.externals))
    except UnfitValue as unfit:
        return Failed(reason="InvalidResult", description=str(unfit))


def arguments_of(envelope: Envelope, registration: Registration, history: History) -> msgspec.Struct:
    """The payload as the handler's own type; a payload of an old contract is upcast first.

    Raises:
        UnfitValue: it does not match the type.
        EnvelopeError: the step cannot be read.
    """
    step = envelope.current
    raw, results = legacy.bound(step, registration.signature.parameters), codec.results_for(envelope, step)
    names = (registration.name, *registration.aliases)
    own = registration.digest
    way = list(history.upcasts.way(names, step.digest, own)) if _is_other(step, registration) else []
    if way:
        raw, results = payload.from_plain(_upcast(way, payload.plain(raw, results))), {}
    elif aliases := registration.parameter_aliases:
        raw, results = payload.renamed(raw, aliases), payload.moved(results, aliases)
    return payload.decode(raw, registration.signature.payload_type, results, registration.signature.externals)


def _upcast(way: Iterable[Hop], values: dict[str, Any]) -> dict[str, Any]:
    for hop in way:
        where = f"the upcast from contract {hop.from_digest}"
        try:
            given = hop.function(values)
            members = dict(cast("Mapping[object, Any]", given)) if isinstance(given, Mapping) else {}
        except KeyboardInterrupt:
            raise
        except (
            BaseException
        ) as error:  # also SystemExit, which would otherwise end one worker after the other
            log.exception("[%s] %s raised", hop.task, where)
            raise UnfitValue((f"{where} raised {_name(error)}",)) from error
        if not isinstance(given, Mapping):
            if inspect.iscoroutine(given):
                given.close()
            raise UnfitValue((f"{where} returned a {type(given).__qualname__}, not a mapping of arguments",))
        values = {name: value for name, value in members.items() if isinstance(name, str)}
        if len(values) < len(members):
            raise UnfitValue((f"{where} returned an argument whose name is not a string",))
    return values


def _is_other(step: Step, registration: Registration) -> bool:
    """Whether the message was published for another contract; an unknown contract counts as the same."""
    return step.digest is not None and registration.digest is not None and step.digest != registration.digest


def _invalid(step: Step, registration: Registration, unfit: UnfitValue, history: History) -> Rejected:
    is_other = _is_other(step, registration)
    description = str(unfit)
    if is_other and step.digest is not None:
        description += f" (published for contract {step.digest}, this worker has {registration.digest}"
        difference = history.difference(registration.name, step.digest)
        description += f"; first difference: {difference})" if difference else ")"
    return Rejected(reason="InvalidPayload", description=description, may_heal=is_other)


def _retry_asked(error: RetryException) -> RetryAsked:
    """The retry that a handler requested. Checked again, because a subclass may have set attributes past the constructor."""
    said = _chosen_words(error, "msg") or "the handler asked for a retry"
    try:
        policy = None if error.policy is None else checked_policy(error.policy)
        delay = None if error.delay is None else checked_delay(error.delay)
    except (TypeError, ValueError) as unfit:
        return RetryAsked(description=f"{said} ({unfit})", error=_name(error))
    return RetryAsked(description=said, error=_name(error), policy=policy, delay=delay)


def _chosen_words(error: BaseException, attribute: str) -> str:
    """The text that a handler set; empty if it cannot be converted to a string."""
    try:
        return str(getattr(error, attribute) or "")
    except KeyboardInterrupt:
        raise
    except BaseException:
        log.exception("The text of %s cannot be converted to a string", _name(error))
        return ""


def _raised(
    step: Step, registration: Registration, error: BaseException, describe: DescribeError | None
) -> Outcome:
    log.warning("[%s] %s raised", step.task, _name(error), exc_info=error)
    said = f"{_name(error)} raised"
    if describe is not None:
        try:
            said = f"{said}: {describe(error)}"
        except KeyboardInterrupt:
            raise
        except BaseException:
            log.exception("[%s] describe_error itself raised", step.task)
    return _retried(registration, type(error), said)


def _retried(registration: Registration, error: type[BaseException], said: str) -> RetryAsked | Failed:
    """A retry, unless the task's registration excludes this exception from retries."""
    if registration.is_retried(error):
        return RetryAsked(description=said, error=_class_name(error))
    return Failed(
        reason="ErrorNotRetried",
        description=f"{said}, which this task's registration excludes from retries",
        error=_class_name(error),
    )


def _name(error: BaseException) -> str:
    return _class_name(type(error))


def _class_name(kind: type[BaseException]) -> str:
    name = kind.__qualname__ if kind.__module__ == "builtins" else f"{kind.__module__}.{kind.__qualname__}"
    return failure.legible(name)
