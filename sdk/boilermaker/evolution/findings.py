"""The findings of a comparison, as values in a stable order, with their rules' texts."""

from collections.abc import Iterable, Sequence

import msgspec

from boilermaker.evolution.rules import CATEGORIES, RULES, Category, Order, Rule, hint


class Finding(msgspec.Struct, frozen=True, kw_only=True):
    """One breaking change.

    Attributes:
        rule: id of its rule.
        task: the task it was found in, by its new name; empty if it belongs to none.
        path: the place in the payload, or in the result, starting with `return` (no parameter can have that
            name); empty for the task itself.
        categories: what it breaks, of those that its rule names.
        detail: the values or types in question.
        is_sure: False if it cannot be decided whether it is breaking.
        reason: why it is allowed, if the source gives a reason.
    """

    rule: str
    task: str
    path: str
    categories: tuple[Category, ...]
    detail: str = ""
    is_sure: bool = True
    reason: str | None = None

    @property
    def definition(self) -> Rule:
        """Its rule."""
        return RULES[self.rule]

    @property
    def order(self) -> Order:
        """The order of deployment, which depends on what breaks.

        Code alone can be changed with its stubs at any time.
        """
        orders: set[Order] = set()
        if "QUEUE" in self.categories:
            orders.add("producers first")
        if "ROLLOUT" in self.categories:
            orders.add("worker first")
        if "MEANING" in self.categories:
            orders.add(self.definition.order)
        return _one_of(orders)

    @property
    def place(self) -> str:
        """The place, for people."""
        return ": ".join(part for part in (self.task, self.path) if part)

    @property
    def text(self) -> str:
        """The change, in one line."""
        text = self.definition.text if self.is_sure else self.definition.text_unsure
        return f"{text} ({self.detail})" if self.detail else text


def order_of(findings: Iterable[Finding]) -> Order:
    """The order of deployment for all findings together; two steps if findings require different orders."""
    return _one_of({finding.order for finding in findings})


def _one_of(orders: set[Order]) -> Order:
    asked = orders - {"any order"}
    if len(asked) > 1:
        return "two steps"
    return asked.pop() if asked else "any order"


class Idle(msgspec.Struct, frozen=True, kw_only=True):
    """A reason that matches no finding.

    Attributes:
        task: the task whose registration gives it; empty for one in the configuration.
        key: a rule, or a rule and a place.
    """

    task: str
    key: str
    reason: str

    @property
    def place(self) -> str:
        """Its place, for people."""
        return f"`allow` of {self.task}" if self.task else "[tool.boilermaker.allow]"

    @property
    def text(self) -> str:
        """Why it has no effect, and what to do."""
        rule = self.key.partition(" ")[0]
        if rule not in RULES:
            return f"names no rule; {hint(rule)}"
        if not self.reason.strip():
            return "has no reason and is ignored; add a reason"
        return "matches no finding here; remove it once the change it was for is released"


def merged(findings: Iterable[Finding]) -> list[Finding]:
    """Findings, with those of the same rule and place merged, sorted by task, place and rule."""
    found: dict[tuple[str, str, str, str], Finding] = {}
    for finding in findings:
        key = (finding.task, finding.path, finding.rule, finding.detail)
        known = found.setdefault(key, finding)
        if known is not finding:
            found[key] = msgspec.structs.replace(
                known,
                categories=in_order((*known.categories, *finding.categories)),
                is_sure=known.is_sure or finding.is_sure,
            )
    return [found[key] for key in sorted(found)]


def in_order(categories: Sequence[Category]) -> tuple[Category, ...]:
    """Categories in the order of the table, without repeats."""
    return tuple(name for name in CATEGORIES if name in categories)
