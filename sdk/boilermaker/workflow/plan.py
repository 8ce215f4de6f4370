"""The plan of a workflow: a table of steps that refer to each other by number. Pure functions; no bytes.

Numbers are a topological order, so edges point forward only: a plan cannot loop, and a step below the current one can
never run again. References between steps are checked here, before anything is sent. Tasks and chains are built in `task`,
plans are encoded in `envelope.codec`.
"""

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Any, cast

import msgspec

from boilermaker.errors import WorkflowError
from boilermaker.introspection import fit
from boilermaker.payload.externals import NONE, Externals
from boilermaker.retries import RetryPolicy
from boilermaker.workflow.bounds import (
    COUNTED,
    MAX_HANDLERS,
    MAX_MESSAGES,
    MAX_REFS,
    MAX_STEPS,
    most_messages,
)
from boilermaker.workflow.ref import AnyRef
from boilermaker.workflow.task import AnyTask


class StepRef(msgspec.Struct, frozen=True):
    """The source of an argument: the result of `step`, that result or None, or (if `step` is None) the cause of the failure."""

    step: int | None
    or_none: bool = False


class Resolved(msgspec.Struct, frozen=True, kw_only=True):
    """What the publisher knows about a task: its name, and the queue it is published to."""

    name: str
    queue: str
    policy: RetryPolicy | None = None
    digest: str | None = None


class PlanStep(msgspec.Struct, frozen=True, kw_only=True):
    """One step.

    Attributes:
        payload: the arguments by name; raw JSON if they were received as JSON.
        externals: the third-party types in the payload.
        args: for messages of boilermaker-servicebus 1.x: number of positional arguments, which the payload holds as "0",
            "1", ...
        then: the step to run after success.
        otherwise: the steps to run after failure.
        keep: the last step that refers to this step's result; None if none does.
        delay: seconds to wait before this step, once the step before it has ended; `not_before` is a point in time to wait for.
        timeout: seconds that one execution may take.
        expires: the time by which it must have started; seconds from publishing until `dated` resolves it.
    """

    resolved: Resolved
    payload: msgspec.Struct | msgspec.Raw
    externals: Externals = NONE
    args: int | None = None
    refs: Mapping[str, StepRef] = {}
    then: int | None = None
    otherwise: tuple[int, ...] = ()
    keep: int | None = None
    delay: float | None = None
    not_before: datetime | None = None
    timeout: float | None = None
    expires: float | datetime | None = None
    should_dead_letter: bool | None = None
    acks_late: bool | None = None


Plan = tuple[PlanStep, ...]
Resolve = Callable[[AnyTask], Resolved]


def flatten(head: AnyTask, resolve: Resolve, max_messages: int = MAX_MESSAGES) -> Plan:
    """The plan of the workflow that starts with this task, which becomes step 0.

    Raises:
        WorkflowError: a loop, too many steps, too many messages, or a reference to a result that may not exist or has
            another type.
        UnregisteredTaskError: a function is not registered with the publisher.
    """
    tasks = _in_order(head)
    if len(tasks) > MAX_STEPS:
        raise WorkflowError(
            f"the workflow has {len(tasks):,} steps, at most {MAX_STEPS:,} are allowed; publish it in parts"
        )
    if (most := max(tasks, key=lambda task: len(task.failure_callbacks))).failure_callbacks[MAX_HANDLERS:]:
        raise WorkflowError(
            f"{most} has {len(most.failure_callbacks):,} failure callbacks, at most {MAX_HANDLERS:,} are allowed for one task"
        )
    if len(crowded := max(tasks, key=lambda task: len(task.refs)).refs) > MAX_REFS:
        raise WorkflowError(
            f"a step refers to {len(crowded):,} results, at most {MAX_REFS:,} are allowed for one step"
        )
    numbers = {id(task): number for number, task in enumerate(tasks)}
    refs = _references(tasks, numbers)
    keep: dict[int, int] = {}
    for number, of_step in enumerate(refs):
        for ref in of_step.values():
            if ref.step is not None:
                keep[ref.step] = number  # steps come in order, so the last one remains
    plan = tuple(
        _step(task, numbers, refs[number], keep.get(number), resolve(task))
        for number, task in enumerate(tasks)
    )
    _check_messages(plan, max_messages)
    return plan


def _step(
    task: AnyTask,
    numbers: Mapping[int, int],
    refs: Mapping[str, StepRef],
    keep: int | None,
    resolved: Resolved,
) -> PlanStep:
    chosen = task.chosen
    if chosen.policy is not None or chosen.queue is not None:
        resolved = msgspec.structs.replace(
            resolved, policy=chosen.policy or resolved.policy, queue=chosen.queue or resolved.queue
        )
    return PlanStep(
        resolved=resolved,
        payload=task.payload,
        externals=task.target.externals,
        refs=refs,
        then=None if task.on_success is None else numbers[id(task.on_success)],
        otherwise=tuple(sorted(numbers[id(callback)] for callback in task.failure_callbacks)),
        keep=keep,
        delay=None if isinstance(chosen.delay, datetime) else chosen.delay,
        not_before=chosen.delay if isinstance(chosen.delay, datetime) else None,
        timeout=chosen.timeout,
        expires=chosen.expires,
        should_dead_letter=chosen.should_dead_letter,
        acks_late=chosen.acks_late,
    )


# ---- messages -------------------------------------------------------------------------------------------


def _check_messages(plan: Plan, max_messages: int) -> None:
    if len(plan) <= max_messages and not any(len(step.otherwise) > 1 for step in plan):
        return  # most workflows: no task has several failure callbacks, so no path is longer than the plan
    numbers = range(len(plan) - 1, -1, -1)
    count = most_messages((number, plan[number].then, plan[number].otherwise) for number in numbers)[0]
    if count > max_messages:
        shown = f"{count:,}" if count < COUNTED else "more than a billion"
        raise WorkflowError(
            f"the workflow may lead to {shown} messages, at most {max_messages:,} are allowed: failure callbacks that fail "
            "run their own failure callbacks, and a step that several steps lead to runs once for each of them. Give failure "
            "callbacks fewer failure callbacks, or publish a separate workflow from one of them."
        )


def dated(plan: Plan, now: datetime) -> Plan:
    """The plan with expiry times in place of seconds from publishing."""
    if not any(isinstance(step.expires, float) for step in plan):
        return plan
    return tuple(
        msgspec.structs.replace(step, expires=now + timedelta(seconds=step.expires))
        if isinstance(step.expires, float)
        else step
        for step in plan
    )


# ---- order ----------------------------------------------------------------------------------------------


def _successors(task: AnyTask) -> list[AnyTask]:
    """Failure callbacks first: the successor visited last is numbered directly after the task, as is usual in a chain."""
    following = list(task.failure_callbacks)
    if task.on_success is not None:
        following.append(task.on_success)
    return following


def _in_order(head: AnyTask) -> list[AnyTask]:
    """A topological order: depth first, reverse postorder. Not recursive, because a chain may have thousands of steps."""
    if head.on_success is None and not head.failure_callbacks:
        return [head]  # most workflows are one task
    done: list[AnyTask] = []
    state: dict[int, bool] = {id(head): False}  # False: on the current path; True: finished
    path = [(head, iter(_successors(head)))]
    while path:
        task, following = path[-1]
        after = next(following, None)
        if after is None:
            path.pop()
            state[id(task)] = True
            done.append(task)
        elif id(after) not in state:
            state[id(after)] = False
            path.append((after, iter(_successors(after))))
        elif not state[id(after)]:
            names = [step.name for step, _ in path]
            start = next(i for i, (step, _) in enumerate(path) if step is after)
            raise WorkflowError(
                f"the workflow loops: {' -> '.join([*names[start:], after.name])}. A task cannot lead back to itself; "
                "publish a new workflow from its last handler instead."
            )
    return done[::-1]


# ---- references -----------------------------------------------------------------------------------------


def _references(tasks: list[AnyTask], numbers: Mapping[int, int]) -> list[dict[str, StepRef]]:
    if not any(task.refs for task in tasks):
        return [{}] * len(tasks)
    surely = _surely_succeeded(tasks, numbers)
    return [
        {name: _reference(task, name, ref, numbers, surely[number]) for name, ref in task.refs.items()}
        for number, task in enumerate(tasks)
    ]


_CAUSE = 1  # bit 0: a failure has certainly happened; bit n + 1: step n has certainly succeeded


def _surely_succeeded(tasks: list[AnyTask], numbers: Mapping[int, int]) -> list[int]:
    """For each step, the facts that hold on every path to it, as bits."""
    facts: list[int | None] = [None] * len(tasks)
    facts[0] = 0

    def meet(task: AnyTask, known: int) -> None:
        number = numbers[id(task)]
        before = facts[number]
        facts[number] = known if before is None else before & known

    for number, task in enumerate(tasks):
        known = facts[number] or 0
        for callback in task.failure_callbacks:
            meet(callback, known | _CAUSE)
        if task.on_success is not None:
            meet(task.on_success, known | 1 << (number + 1))
    return [known or 0 for known in facts]


def _reference(task: AnyTask, name: str, ref: AnyRef, numbers: Mapping[int, int], known: int) -> StepRef:
    where = f"`{name}` of `{task.name}`"
    if ref.kind == "cause":
        if not known & _CAUSE:
            raise WorkflowError(
                f"{where} refers to the cause of a failure, but `{task.name}` can also run without a failure before it; use "
                "`failure.cause` only in failure callbacks"
            )
        return StepRef(None)
    source = cast("AnyTask | None", ref.source)
    number = numbers.get(id(source))
    if number is None or source is None:
        raise WorkflowError(
            f"{where} refers to {ref!r}, which is not part of this workflow; chain it before `{task.name}`"
        )
    if ref.kind == "result" and not known >> (number + 1) & 1:
        raise WorkflowError(
            f"{where} refers to the result of `{source.name}`, which may not have succeeded when `{task.name}` runs. "
            f"Chain it before `{task.name}`, or use `.result.or_none()` if None is acceptable."
        )
    _check_fit(where, task, name, source, or_none=ref.kind == "result_or_none")
    return StepRef(number, or_none=ref.kind == "result_or_none")


def _check_fit(where: str, task: AnyTask, name: str, source: AnyTask, *, or_none: bool) -> None:
    field = next((f for f in msgspec.structs.fields(task.target.payload_type) if f.name == name), None)
    parameter: Any = Any if field is None else field.type
    result = source.target.result_type
    given: Any = result | None if or_none and result is not Any else result
    if (misfit := fit.misfit(given, parameter, source.target.externals, task.target.externals)) is not None:
        raise WorkflowError(f"{where}: the result of `{source.name}` has another type: {misfit}")
