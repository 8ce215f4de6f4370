"""QUEUE and ROLLOUT: effects on messages, found by comparing the types that one side writes with those that the other reads."""

from collections.abc import Iterable, Iterator

from boilermaker.contract import BY_WORKER, Contract, TaskContract
from boilermaker.evolution import renames
from boilermaker.evolution.findings import Finding, in_order, merged
from boilermaker.evolution.misfit import HARMLESS, Kind, Misfit
from boilermaker.evolution.rules import Category
from boilermaker.evolution.spelling import change
from boilermaker.evolution.views import payload_as_read, payload_of
from boilermaker.evolution.wire import Wire

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
    "keys": "KEYS_DROPPED",
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
    "keys": "KEYS_DROPPED",
    "repeats": "REPEATS_DROPPED",
    "moved": "FIELD_MOVED",
    "retagged": "TAG_CHANGED",
    "open": "VALUE_ADDED",
}


def payloads(old: Contract, new: Contract, before: TaskContract, after: TaskContract) -> list[Finding]:
    """The effects of a change of a task's parameters on messages."""
    queue = list(Wire(old.types, new.types).rows(payload_of(before), payload_as_read(after), ""))
    rollout = list(Wire(new.types, old.types).rows(payload_of(after), payload_as_read(before), ""))
    renamed = {**renames.alike(_dropped(queue), _dropped(rollout)), **renames.aliased(before, after)}
    return merged(
        renames.told(_told(queue, rollout, after.name), renamed, _dropped(queue), _dropped(rollout))
    )


def results(old: Contract, new: Contract, before: TaskContract, after: TaskContract) -> Iterator[Finding]:
    """The effects of a change of a task's result on the steps that refer to it.

    A workflow from before the change has steps that were type-checked with the old result, and the new worker returns the new one.
    """
    queue = list(Wire(new.types, old.types).misfits(after.result, before.result, "return"))
    rollout = list(Wire(old.types, new.types).misfits(before.result, after.result, "return"))
    renamed = renames.alike(_dropped(rollout), _dropped(queue))
    absent = _missing(queue), _missing(rollout)
    for now, then in renamed.items():
        at: tuple[tuple[Category, bool], ...] = (("QUEUE", then in absent[0]), ("ROLLOUT", now in absent[1]))
        breaks: tuple[Category, ...] = tuple(category for category, is_broken in at if is_broken)
        yield renames.renamed(after.name, now, then, breaks or ("MEANING",))
    told = {*renamed, *renamed.values()}
    left = [misfit for misfit in queue if misfit.path not in told]
    yield from _results(left, [misfit for misfit in rollout if misfit.path not in told], after.name)


def _results(queue: list[Misfit], rollout: list[Misfit], task: str) -> Iterator[Finding]:
    widened, narrowed = ({misfit.path for misfit in _errors(each)} for each in (queue, rollout))
    for misfit in _errors(queue):
        if misfit.path in narrowed:
            yield _finding("RESULT_CHANGED", task, misfit, ("QUEUE", "ROLLOUT"), is_backwards=True)
        else:
            yield _finding("RESULT_WIDENED", task, misfit, ("QUEUE",), is_backwards=True)
    for misfit in _errors(rollout):
        if misfit.path not in widened:
            yield _finding("RESULT_NARROWED", task, misfit, ("ROLLOUT",), is_backwards=False)
    for misfits, is_backwards in ((queue, True), (rollout, False)):
        for misfit in misfits:
            if misfit.kind in ("moved", "retagged", "keys"):
                yield _finding(
                    _OLD_TO_NEW[misfit.kind], task, misfit, ("MEANING",), is_backwards=is_backwards
                )
    for misfit in rollout:
        if misfit.kind == "dropped" and misfit.path not in widened:  # later steps use their default for it
            yield _finding("FIELD_REMOVED", task, misfit, ("MEANING",), is_backwards=False)


def aliases(before: TaskContract, after: TaskContract) -> Iterator[Finding]:
    """Old names of parameters that are no longer accepted, or now belong to another one."""
    owners = {
        name: parameter for parameter in after.parameters for name in (parameter.name, *parameter.aliases)
    }
    written = {parameter.name for parameter in before.parameters if parameter.default != BY_WORKER}
    new_names = {then: now for now, then in renames.aliased(before, after).items()}
    for parameter in before.parameters:
        heir = owners.get(new_names.get(parameter.name, parameter.name))
        for alias in parameter.aliases:
            owner = owners.get(alias)
            if owner is not None and owner is heir:
                continue
            is_needed = heir is not None and heir.default is None
            is_double = (
                owner is not None and owner.name in written
            )  # no worker accepts the same parameter twice
            breaks: Category = "QUEUE" if is_needed or is_double else "MEANING"
            detail = f"`{alias}`" if owner is None else f"`{alias}`, which is `{owner.name}` now"
            yield Finding(
                rule="ALIAS_REMOVED",
                task=after.name,
                path=parameter.name,
                categories=(breaks,),
                detail=detail,
            )


def _dropped(misfits: Iterable[Misfit]) -> list[Misfit]:
    return [misfit for misfit in misfits if misfit.kind == "dropped"]


def _missing(misfits: Iterable[Misfit]) -> set[str]:
    return {misfit.path for misfit in misfits if misfit.kind == "missing"}


def _errors(misfits: Iterable[Misfit]) -> list[Misfit]:
    return [misfit for misfit in misfits if misfit.kind not in HARMLESS]


def _told(queue: list[Misfit], rollout: list[Misfit], task: str) -> Iterator[Finding]:
    both = {m.path for m in queue if m.kind == "type"} & {m.path for m in rollout if m.kind == "type"}
    absent = {m.path for m in (*queue, *rollout) if m.kind in ("missing", "unknown")}
    silent = {m.path for m in (*queue, *rollout) if m.kind == "dropped"}
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
            is_silent = misfit.kind in HARMLESS or (misfit.kind == "missing" and misfit.path in silent)
            breaks: tuple[Category, ...] = () if misfit.kind in HARMLESS else (category,)
            meaning: tuple[Category, ...] = ("MEANING",) if is_silent else ()
            yield _finding(rule, task, misfit, (*breaks, *meaning), is_backwards=category == "ROLLOUT")


def _finding(
    rule: str, task: str, misfit: Misfit, breaks: tuple[Category, ...], *, is_backwards: bool
) -> Finding:
    """A mismatch as a finding; in the reverse direction, the written type is the new one, and the read type the old one."""
    detail = misfit.detail if misfit.kind in _TOLD else ""
    if misfit.types is not None:
        old, new = reversed(misfit.types) if is_backwards else misfit.types
        detail = change(old, new)
    return Finding(
        rule=rule,
        task=task,
        path=misfit.path,
        categories=in_order(breaks),
        detail=detail,
        is_sure=misfit.is_sure,
    )


_TOLD: frozenset[Kind] = frozenset({"value", "limit", "member", "tag", "length", "moved", "retagged", "open"})
