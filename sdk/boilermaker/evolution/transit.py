"""QUEUE and ROLLOUT: what becomes of messages, told by comparing what one side writes with what the other reads."""

from collections.abc import Iterable, Iterator, Mapping

from boilermaker.contract import Contract, TaskContract
from boilermaker.evolution.findings import Finding, in_order, merged
from boilermaker.evolution.rules import Category
from boilermaker.evolution.views import payload_as_read, payload_of
from boilermaker.evolution.wire import HARMLESS, Kind, Misfit, Wire

_OLD_TO_NEW: dict[Kind, str] = {
    "type": "TYPE_NARROWED",
    "value": "VALUE_REMOVED",
    "limit": "LIMIT_TIGHTENED",
    "member": "MEMBER_REMOVED",
    "tag": "TAG_CHANGED",
    "length": "LENGTH_CHANGED",
    "missing": "FIELD_ADDED_REQUIRED",
    "unsure": "FIELD_MADE_REQUIRED",
    "unknown": "FIELD_REFUSED",
    "dropped": "FIELD_REMOVED",
    "repeats": "REPEATS_DROPPED",
    "moved": "FIELD_MOVED",
    "retagged": "TAG_CHANGED",
    "open": "VALUE_REMOVED",
}
_NEW_TO_OLD: dict[Kind, str] = {
    "type": "TYPE_WIDENED",
    "value": "VALUE_ADDED",
    "limit": "LIMIT_LOOSENED",
    "member": "MEMBER_ADDED",
    "tag": "TAG_CHANGED",
    "length": "LENGTH_CHANGED",
    "missing": "FIELD_REMOVED_REQUIRED",
    "unsure": "FIELD_MADE_OPTIONAL",
    "unknown": "FIELD_REFUSED",
    "dropped": "FIELD_ADDED",
    "repeats": "REPEATS_DROPPED",
    "moved": "FIELD_MOVED",
    "retagged": "TAG_CHANGED",
    "open": "VALUE_ADDED",
}


def payloads(old: Contract, new: Contract, before: TaskContract, after: TaskContract) -> list[Finding]:
    """What a change of a task's parameters does to messages."""
    queue = list(Wire(old.types, new.types).rows(payload_of(before), payload_as_read(after), ""))
    rollout = list(Wire(new.types, old.types).rows(payload_of(after), payload_as_read(before), ""))
    return merged(_renames(_told(queue, rollout, after.name), queue, rollout))


def results(old: Contract, new: Contract, before: TaskContract, after: TaskContract) -> Iterator[Finding]:
    """What a change of a task's result does to the steps that refer to it.

    A workflow from before has steps checked against the old result, and the new worker gives the new one.
    """
    queue = list(Wire(new.types, old.types).misfits(after.result, before.result, "return"))
    rollout = list(Wire(old.types, new.types).misfits(before.result, after.result, "return"))
    narrowed = {misfit.path for misfit in _errors(rollout)}
    for misfit in _errors(queue):
        if misfit.path in narrowed:
            yield _finding("RESULT_CHANGED", after.name, misfit, ("QUEUE", "ROLLOUT"))
        else:
            yield _finding("RESULT_WIDENED", after.name, misfit, ("QUEUE",))
    widened = {misfit.path for misfit in _errors(queue)}
    for misfit in _errors(rollout):
        if misfit.path not in widened:
            yield _finding("RESULT_NARROWED", after.name, misfit, ("ROLLOUT",))
    for misfit in (*queue, *rollout):
        if misfit.kind in ("moved", "retagged"):
            yield _finding(_OLD_TO_NEW[misfit.kind], after.name, misfit, ())


def aliases(before: TaskContract, after: TaskContract) -> Iterator[Finding]:
    """Old names of parameters that are no longer read."""
    read = {name for parameter in after.parameters for name in (parameter.name, *parameter.aliases)}
    needed = {parameter.name for parameter in after.parameters if parameter.default is None}
    for parameter in before.parameters:
        for alias in parameter.aliases:
            if alias not in read:
                breaks: Category = "QUEUE" if parameter.name in needed else "MEANING"
                yield Finding(
                    rule="ALIAS_REMOVED",
                    task=after.name,
                    path=parameter.name,
                    categories=(breaks,),
                    detail=f"`{alias}`",
                )


def _errors(misfits: Iterable[Misfit]) -> list[Misfit]:
    return [misfit for misfit in misfits if misfit.kind not in HARMLESS]


def _told(queue: list[Misfit], rollout: list[Misfit], task: str) -> Iterator[Finding]:
    both = {m.path for m in queue if m.kind == "type"} & {m.path for m in rollout if m.kind == "type"}
    absent = {m.path for m in (*queue, *rollout) if m.kind in ("missing", "unknown")}
    directions: tuple[tuple[list[Misfit], dict[Kind, str], Category], ...] = (
        (queue, _OLD_TO_NEW, "QUEUE"),
        (rollout, _NEW_TO_OLD, "ROLLOUT"),
    )
    for misfits, rules, category in directions:
        for misfit in misfits:
            if misfit.kind == "dropped" and misfit.path in absent:
                continue  # the other direction says more about the same field
            is_other = misfit.kind == "type" and misfit.path in both
            rule = "TYPE_CHANGED" if is_other else rules[misfit.kind]
            breaks: tuple[Category, ...] = () if misfit.kind in HARMLESS else (category,)
            yield _finding(rule, task, misfit, breaks)


def _finding(rule: str, task: str, misfit: Misfit, breaks: tuple[Category, ...]) -> Finding:
    beside: tuple[Category, ...] = ("MEANING",) if _is_silent(rule, misfit) else ()
    return Finding(
        rule=rule,
        task=task,
        path=misfit.path,
        categories=in_order((*breaks, *beside)),
        detail=misfit.detail if misfit.kind in _TOLD else "",
    )


_TOLD: frozenset[Kind] = frozenset({"value", "limit", "member", "tag", "length", "moved", "retagged", "open"})


def _is_silent(rule: str, misfit: Misfit) -> bool:
    return misfit.kind in HARMLESS or rule in _REMOVED


_ADDED = frozenset({"FIELD_ADDED_REQUIRED", "FIELD_ADDED"})
_REMOVED = frozenset({"FIELD_REMOVED_REQUIRED", "FIELD_REMOVED"})


def _renames(findings: Iterable[Finding], queue: list[Misfit], rollout: list[Misfit]) -> Iterator[Finding]:
    """One field gone and one of the same type new beside it: most likely one field under another name."""
    types = {m.path: m.type for m in (*queue, *rollout) if m.type is not None}
    dropped = {("QUEUE", m.path) for m in queue if m.kind == "dropped"}
    dropped |= {("ROLLOUT", m.path) for m in rollout if m.kind == "dropped"}
    left = merged(findings)
    for added in [f for f in left if f.rule in _ADDED]:
        alike = [f for f in left if f.rule in _REMOVED and _is_alike(f, added, types)]
        rivals = [f for f in left if f.rule in _ADDED and alike and _is_alike(alike[0], f, types)]
        if len(alike) == 1 and len(rivals) == 1:
            left = [f for f in left if f not in (added, alike[0])]
            yield _renamed(added, alike[0], dropped)
    yield from left


def _renamed(added: Finding, removed: Finding, dropped: set[tuple[str, str]]) -> Finding:
    breaks: set[Category] = {*added.categories, *removed.categories}
    breaks.discard("MEANING")
    lost = {("QUEUE", removed.path), ("ROLLOUT", added.path)} & dropped
    if any(category not in breaks for category, _ in lost):
        breaks.add("MEANING")  # the message fits, and the value is gone
    return Finding(
        rule="FIELD_RENAMED",
        task=added.task,
        path=added.path,
        categories=in_order([*breaks]),
        detail=f"from `{removed.path.rpartition('.')[2]}`",
    )


def _is_alike(one: Finding, other: Finding, types: Mapping[str, object]) -> bool:
    is_sibling = one.path.rpartition(".")[0] == other.path.rpartition(".")[0]
    return is_sibling and "[" not in one.path and types.get(one.path) == types.get(other.path)
