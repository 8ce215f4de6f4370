"""What messages and code say of one change, as one finding."""

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
"""By what code finds: what messages found in the same place, most fitting first, and is then told to break code too."""


def joined(wire: list[Finding], code: Iterable[Finding]) -> list[Finding]:
    """Findings of both kinds: what code finds where messages break is told by what they found."""
    found = list(wire)
    for finding in code:
        places = _bearers(finding, found) if finding.categories == ("SOURCE",) else []
        for at in places:
            found[at] = msgspec.structs.replace(
                found[at], categories=in_order((*found[at].categories, "SOURCE"))
            )
        if not places:
            found.append(finding)
    return found


def _bearers(finding: Finding, found: list[Finding]) -> list[int]:
    if finding.rule == "FIELD_REMOVED":
        parent, _, name = finding.path.rpartition(".")
        renamed = [at for at, each in enumerate(found) if _is_rename(each, parent, name)]
        if renamed:
            return renamed
    for rules in _BEARERS.get(finding.rule, ()):
        places = [at for at, each in enumerate(found) if each.rule in rules and each.path == finding.path]
        if places:
            return places
    return []


def _is_rename(finding: Finding, parent: str, name: str) -> bool:
    is_sibling = finding.path.rpartition(".")[0] == parent
    return finding.rule == "FIELD_RENAMED" and is_sibling and finding.detail == f"from `{name}`"
