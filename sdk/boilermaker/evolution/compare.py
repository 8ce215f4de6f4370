"""Two contracts in, findings out."""

from collections.abc import Iterable, Iterator, Mapping

import msgspec

from boilermaker.contract import Contract, TaskContract
from boilermaker.contract.naming import names_of
from boilermaker.evolution import source, transit
from boilermaker.evolution.findings import Finding, Idle, merged
from boilermaker.evolution.identity import Renaming
from boilermaker.evolution.joined import joined


def compare(old: Contract, new: Contract) -> list[Finding]:
    """Everything that a change from one contract to the other breaks, sorted by task and place.

    Findings that the new contract allows include the reason.
    """
    reasons = {task.name: task.allow for task in new.tasks}
    return [
        _with_reason(finding, reasons.get(finding.task, {}), finding.path)
        for finding in merged(_findings(old, new))
    ]


def allowed(findings: Iterable[Finding], reasons: Mapping[str, str]) -> list[Finding]:
    """Findings with reasons from outside of the contract, by rule and place: `{"TASK_REMOVED make_user": "..."}`."""
    return [_with_reason(finding, reasons, finding.place) for finding in findings]


def _with_reason(finding: Finding, reasons: Mapping[str, str], place: str) -> Finding:
    reason = reasons.get(f"{finding.rule} {place}") or reasons.get(finding.rule)
    return (
        finding if reason is None or not reason.strip() else msgspec.structs.replace(finding, reason=reason)
    )


def idle(findings: Iterable[Finding], new: Contract, reasons: Mapping[str, str]) -> list[Idle]:
    """Reasons that match no finding, in the new contract and outside of it: outdated, misspelled, or empty."""
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
    served = {name: task for task in new.tasks for name in task.aliases}
    served.update({task.name: task for task in new.tasks})
    code = _Code(old, new)
    met: set[str] = set()
    for before in old.tasks:
        after = served.get(before.name)
        if after is None:
            yield Finding(rule="TASK_REMOVED", task=before.name, path="", categories=("QUEUE", "SOURCE"))
        else:
            met.add(after.name)
            wire = merged(_messages(old, new, before, after))
            yield from joined(wire, code.breaks(before, after))
        yield from _aliases(old, new, before, served)
    known = {name for task in old.tasks for name in (task.name, *task.aliases)}
    names = frozenset(before.name for before in old.tasks)
    for task in new.tasks:
        if task.name not in known:
            yield _new(task, names, is_met=task.name in met)
    yield from source.classes(old, new)


def _new(task: TaskContract, old: frozenset[str], *, is_met: bool) -> Finding:
    """A name that the old worker does not know."""
    kept = [alias for alias in task.aliases if alias in old]
    rule, detail = ("TASK_RENAMED", f"from `{kept[0]}`") if is_met and kept else ("TASK_ADDED", "")
    return Finding(rule=rule, task=task.name, path="", categories=("ROLLOUT",), detail=detail)


def _aliases(
    old: Contract, new: Contract, before: TaskContract, served: Mapping[str, TaskContract]
) -> Iterator[Finding]:
    """Old names of a task: messages under them go to the task that accepts them now."""
    own = served.get(before.name)
    name = before.name if own is None else own.name
    for alias in before.aliases:
        after = served.get(alias)
        if after is None:
            detail = f"alias `{alias}`"
            yield Finding(rule="TASK_REMOVED", task=name, path="", categories=("QUEUE",), detail=detail)
        elif after is not own:
            yield from _messages(old, new, before, after)


class _Code:
    """Effects of changed tasks on code that uses their stubs."""

    def __init__(self, old: Contract, new: Contract) -> None:
        self._old, self._new = old, new
        self._functions = names_of(old).functions, names_of(new).functions
        self._renaming = Renaming(old, new)

    def breaks(self, before: TaskContract, after: TaskContract) -> Iterator[Finding]:
        was, now = self._functions[0][before.name], self._functions[1][after.name]
        if was != now:
            detail = f"`{was}` to `{now}`"
            yield Finding(
                rule="FUNCTION_RENAMED", task=after.name, path="", categories=("SOURCE",), detail=detail
            )
        yield from source.Code(self._old, self._new, self._renaming, after.name).breaks(before, after)


def _messages(old: Contract, new: Contract, before: TaskContract, after: TaskContract) -> Iterator[Finding]:
    queues = before.queue or old.queue, after.queue or new.queue
    if queues[0] != queues[1]:
        detail = f"`{queues[0]}` to `{queues[1]}`"
        yield Finding(
            rule="QUEUE_CHANGED", task=after.name, path="", categories=("QUEUE", "ROLLOUT"), detail=detail
        )
    yield from transit.payloads(old, new, before, after)
    yield from transit.results(old, new, before, after)
    yield from transit.aliases(before, after)
