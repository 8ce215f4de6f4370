"""Joins the findings of messages and of code about the same change."""

from collections.abc import Iterable

import msgspec

from boilermaker.evolution.findings import Finding, in_order

_RESULTS = frozenset({"RESULT_WIDENED", "RESULT_NARROWED", "RESULT_CHANGED"})
_REMOVALS = frozenset({"FIELD_REMOVED", "FIELD_REMOVED_REQUIRED"})
_BEARERS: dict[str, tuple[frozenset[str], ...]] = {
    "ANNOTATION_CHANGED": (
        frozenset({"TYPE_NARROWED", "TYPE_CHANGED", "VALUE_REMOVED", "MEMBER_REMOVED", "LENGTH_CHANGED"}),
        frozenset({"TYPE_WIDENED", "VALUE_ADDED", "MEMBER_ADDED"}),
        frozenset({"RESULT_WIDENED", "RESULT_CHANGED"}),
        frozenset({"RESULT_NARROWED"}),
    ),
    "FIELD_REMOVED": (_REMOVALS, _RESULTS),
    "FIELD_ADDED_REQUIRED": (frozenset({"FIELD_ADDED_REQUIRED", "FIELD_RENAMED"}),),
    "FIELD_MADE_OPTIONAL": (_RESULTS,),
    "LENGTH_CHANGED": (_RESULTS,),
}
"""By rule of a code finding: the rules of message findings in the same place, most specific first, that are then marked as breaking code too."""


def joined(wire: list[Finding], code: Iterable[Finding]) -> list[Finding]:
    """Findings of both kinds: if messages break, the finding of code at the same place is merged into theirs."""
    found = _Found()
    for finding in wire:
        found.add(finding)
    for finding in code:
        places = found.bearers(finding) if finding.categories == ("SOURCE",) else []
        for at in places:
            found.break_code(at)
        if not places:
            found.add(finding)
    return found.all


class _Found:
    """The findings so far, indexed by place."""

    def __init__(self) -> None:
        self.all: list[Finding] = []
        self._by_path: dict[str, list[int]] = {}
        self._renames: dict[tuple[str, str], list[int]] = {}

    def add(self, finding: Finding) -> None:
        self._by_path.setdefault(finding.path, []).append(len(self.all))
        if finding.rule == "FIELD_RENAMED":
            parent = finding.path.rpartition(".")[0]
            self._renames.setdefault((parent, finding.detail), []).append(len(self.all))
        self.all.append(finding)

    def break_code(self, at: int) -> None:
        found = self.all[at]
        self.all[at] = msgspec.structs.replace(found, categories=in_order((*found.categories, "SOURCE")))

    def bearers(self, finding: Finding) -> list[int]:
        """The findings of messages that are of the same change."""
        if finding.rule == "FIELD_REMOVED":
            parent, _, name = finding.path.rpartition(".")
            if renamed := self._renames.get((parent, f"from `{name}`")):
                return renamed
        here = self._by_path.get(finding.path, [])
        for rules in _BEARERS.get(finding.rule, ()):
            if places := [at for at in here if self.all[at].rule in rules]:
                return places
        return []
