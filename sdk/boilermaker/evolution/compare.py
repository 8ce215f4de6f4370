"""Two contracts in, findings out."""

from collections.abc import Iterable, Iterator, Mapping

import msgspec

from boilermaker.contract import Contract, TaskContract
from boilermaker.evolution import source, transit
from boilermaker.evolution.findings import Finding, Idle, merged


def compare(old: Contract, new: Contract) -> list[Finding]:
    """Everything that changing one contract into the other breaks, sorted by task and place.

    What the new contract allows comes with the reason.
    """
    reasons = {task.name: task.allow for task in new.tasks}
    return [
        _with_reason(finding, reasons.get(finding.task, {}), finding.path)
        for finding in merged(_findings(old, new))
    ]


def allowed(findings: Iterable[Finding], reasons: Mapping[str, str]) -> list[Finding]:
    """Findings with reasons from beside the contract, by rule and place: `{"TASK_REMOVED make_user": "..."}`."""
    return [_with_reason(finding, reasons, finding.place) for finding in findings]


def _with_reason(finding: Finding, reasons: Mapping[str, str], place: str) -> Finding:
    reason = reasons.get(f"{finding.rule} {place}") or reasons.get(finding.rule)
    return (
        finding if reason is None or not reason.strip() else msgspec.structs.replace(finding, reason=reason)
    )


def idle(findings: Iterable[Finding], new: Contract, reasons: Mapping[str, str]) -> list[Idle]:
    """Reasons that allow nothing, in the new contract and beside it: left over, misspelt, or without a word in them."""
    found = list(findings)
    keys = {key for f in found for key in (f.rule, f"{f.rule} {f.place}")}
    beside = [
        Idle(task="", key=key, reason=said)
        for key, said in reasons.items()
        if key not in keys or not said.strip()
    ]
    for task in new.tasks:
        keys = {key for f in found if f.task == task.name for key in (f.rule, f"{f.rule} {f.path}")}
        beside.extend(
            Idle(task=task.name, key=key, reason=said)
            for key, said in task.allow.items()
            if key not in keys or not said.strip()
        )
    return beside


def _findings(old: Contract, new: Contract) -> Iterator[Finding]:
    after = {alias: task for task in new.tasks for alias in task.aliases}
    after.update({task.name: task for task in new.tasks})
    known = {name for task in old.tasks for name in (task.name, *task.aliases)}
    met: set[str] = set()
    for task in old.tasks:
        if task.name not in after:
            yield Finding(rule="TASK_REMOVED", task=task.name, path="", categories=("QUEUE", "SOURCE"))
            continue
        now = after[task.name]
        met.add(now.name)
        yield from _renamed(task, now, is_known=now.name in known)
        yield from _task(old, new, task, now)
    for task in new.tasks:
        if task.name not in met:
            yield Finding(rule="TASK_ADDED", task=task.name, path="", categories=("ROLLOUT",))
    yield from source.classes(old, new)


def _renamed(before: TaskContract, after: TaskContract, *, is_known: bool) -> Iterator[Finding]:
    """A new name under which the old worker takes no messages."""
    lost = [alias for alias in before.aliases if alias not in (after.name, *after.aliases)]
    for alias in lost:
        yield Finding(
            rule="TASK_REMOVED", task=after.name, path="", categories=("QUEUE",), detail=f"alias `{alias}`"
        )
    if before.name != after.name and not is_known:
        yield Finding(
            rule="TASK_RENAMED",
            task=after.name,
            path="",
            categories=("ROLLOUT",),
            detail=f"from `{before.name}`",
        )


def _task(old: Contract, new: Contract, before: TaskContract, after: TaskContract) -> Iterator[Finding]:
    queues = before.queue or old.queue, after.queue or new.queue
    if queues[0] != queues[1]:
        detail = f"`{queues[0]}` to `{queues[1]}`"
        yield Finding(
            rule="QUEUE_CHANGED", task=after.name, path="", categories=("QUEUE", "ROLLOUT"), detail=detail
        )
    functions = before.function or before.name, after.function or after.name
    if functions[0] != functions[1]:
        detail = f"`{functions[0]}` to `{functions[1]}`"
        yield Finding(
            rule="FUNCTION_RENAMED", task=after.name, path="", categories=("SOURCE",), detail=detail
        )
    yield from transit.payloads(old, new, before, after)
    yield from transit.results(old, new, before, after)
    yield from source.signatures(before, after)
    twins = source.Twins(old, new, after.name)
    known = {parameter.name: parameter for parameter in before.parameters}
    for parameter in after.parameters:
        if parameter.name in known:
            yield from twins.compare(known[parameter.name].type, parameter.type, parameter.name)
