"""One field gone and one new beside it: the same field under another name, as it seems."""

from collections.abc import Iterable, Iterator, Mapping, Sequence

from boilermaker.contract import TaskContract
from boilermaker.evolution.findings import Finding, in_order, merged
from boilermaker.evolution.misfit import Misfit
from boilermaker.evolution.rules import Category

_ADDED = frozenset({"FIELD_ADDED_REQUIRED", "FIELD_ADDED"})
_REMOVED = frozenset({"FIELD_REMOVED_REQUIRED", "FIELD_REMOVED"})


def alike(gone: Sequence[Misfit], new: Sequence[Misfit]) -> dict[str, str]:
    """What fields seem to have been before, by path: of one name in Python, else the only two of one type."""
    found: dict[str, str] = {}
    for is_alike in (_is_namesake, _is_of_one_type):
        olds = [field for field in gone if field.path not in found.values()]
        news = [field for field in new if field.path not in found]
        for field in news:
            twins = [old for old in olds if is_alike(old, field)]
            rivals = [other for other in news if twins and is_alike(twins[0], other)]
            if len(twins) == len(rivals) == 1:
                found[field.path] = twins[0].path
    return found


def aliased(before: TaskContract, after: TaskContract) -> dict[str, str]:
    """What parameters were called before, where the worker still reads them under that name, or the old one knew the new."""
    names, kept = ({p.name for p in task.parameters} for task in (before, after))
    known = {alias: p.name for p in before.parameters if p.name not in kept for alias in p.aliases}
    gone = {**known, **{name: name for name in names - kept}}
    return {
        p.name: old
        for p in after.parameters
        if p.name not in names
        if (old := next((gone[name] for name in (p.name, *p.aliases) if name in gone), None)) is not None
    }


def told(
    findings: Iterable[Finding], renamed_: Mapping[str, str], gone: Iterable[Misfit], new: Iterable[Misfit]
) -> Iterator[Finding]:
    """Findings, with those of a field that is gone and of its new name as one."""
    lost = {("QUEUE", field.path) for field in gone} | {("ROLLOUT", field.path) for field in new}
    left = merged(findings)
    for now, then in renamed_.items():
        parts = [
            f for f in left if (f.path == now and f.rule in _ADDED) or (f.path == then and f.rule in _REMOVED)
        ]
        left = [f for f in left if f not in parts]
        breaks: set[Category] = {c for part in parts for c in part.categories if c != "MEANING"}
        if any(category not in breaks for category, path in lost if path in (now, then)):
            breaks.add("MEANING")  # the message fits, and the value is gone
        if parts:
            yield renamed(parts[0].task, now, then, in_order([*breaks]))
    yield from left


def renamed(task: str, now: str, then: str, breaks: tuple[Category, ...]) -> Finding:
    """The finding that a field has another name."""
    detail = f"from `{then.rpartition('.')[2]}`"
    return Finding(rule="FIELD_RENAMED", task=task, path=now, categories=breaks, detail=detail)


def _are_siblings(one: Misfit, other: Misfit) -> bool:
    """Fields of one record, or parameters of one task; items of a row have places, and no names."""
    return one.path.rpartition(".")[0] == other.path.rpartition(".")[0] and not one.path.endswith("]")


def _is_namesake(one: Misfit, other: Misfit) -> bool:
    return _are_siblings(one, other) and one.detail == other.detail


def _is_of_one_type(one: Misfit, other: Misfit) -> bool:
    return _are_siblings(one, other) and one.type == other.type
