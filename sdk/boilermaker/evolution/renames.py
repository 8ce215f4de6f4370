"""Detects renames: a removed field and a new one that seem to be the same."""

from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping, Sequence

from boilermaker.contract import TaskContract
from boilermaker.evolution.findings import Finding, in_order, merged
from boilermaker.evolution.misfit import Misfit
from boilermaker.evolution.rules import Category

_ADDED = frozenset({"FIELD_ADDED_REQUIRED", "FIELD_ADDED"})
_REMOVED = frozenset({"FIELD_REMOVED_REQUIRED", "FIELD_REMOVED"})


def alike(gone: Sequence[Misfit], new: Sequence[Misfit]) -> dict[str, str]:
    """The probable old names of fields, by path: fields of the same name in Python, otherwise the only two of the same type."""
    found: dict[str, str] = {}
    for likeness in (_name, _type):
        known = set(found.values())
        olds = _by_likeness((field for field in gone if field.path not in known), likeness)
        news = _by_likeness((field for field in new if field.path not in found), likeness)
        alone = [like for like in news if len(news[like]) == len(olds.get(like, ())) == 1]
        found.update({news[like][0].path: olds[like][0].path for like in alone})
    return found


def _by_likeness(
    fields: Iterable[Misfit], likeness: Callable[[Misfit], Hashable]
) -> dict[Hashable, list[Misfit]]:
    """Fields that may be the same; items of a row have positions and no names."""
    found: dict[Hashable, list[Misfit]] = {}
    for field in fields:
        if not field.path.endswith("]"):
            found.setdefault((field.path.rpartition(".")[0], likeness(field)), []).append(field)
    return found


def _name(field: Misfit) -> Hashable:
    return field.detail


def _type(field: Misfit) -> Hashable:
    return field.type


def aliased(before: TaskContract, after: TaskContract) -> dict[str, str]:
    """Old names of parameters, if the worker still accepts that name, or the old worker already accepted the new one."""
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
    """Findings, with those of a removed field and of its new name merged."""
    lost = {("QUEUE", field.path) for field in gone} | {("ROLLOUT", field.path) for field in new}
    left = {(f.path, f.rule, f.detail): f for f in merged(findings)}
    by_path: dict[str, list[Finding]] = {}
    for finding in left.values():
        by_path.setdefault(finding.path, []).append(finding)
    for now, then in renamed_.items():
        parts = [f for f in by_path.get(now, ()) if f.rule in _ADDED]
        parts += [f for f in by_path.get(then, ()) if f.rule in _REMOVED]
        for part in parts:
            left.pop((part.path, part.rule, part.detail), None)
        breaks: set[Category] = {c for part in parts for c in part.categories if c != "MEANING"}
        if any(
            category not in breaks and (category, path) in lost for category in _BOTH for path in (now, then)
        ):
            breaks.add("MEANING")  # the message is valid, but the value is lost
        if parts:
            yield renamed(parts[0].task, now, then, in_order([*breaks]))
    yield from left.values()


_BOTH: tuple[Category, ...] = ("QUEUE", "ROLLOUT")


def renamed(task: str, now: str, then: str, breaks: tuple[Category, ...]) -> Finding:
    """The finding that a field was renamed."""
    detail = f"from `{then.rpartition('.')[2]}`"
    return Finding(rule="FIELD_RENAMED", task=task, path=now, categories=breaks, detail=detail)
