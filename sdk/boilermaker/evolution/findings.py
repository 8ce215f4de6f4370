"""What a comparison found: values, in a stable order, with what their rules say about them."""

from collections.abc import Iterable, Sequence

import msgspec

from boilermaker.evolution.rules import CATEGORIES, RULES, Category, Order, Rule, hint


class Finding(msgspec.Struct, frozen=True, kw_only=True):
    """One change that breaks somebody.

    Attributes:
        rule: id of its rule.
        task: the task it was found in, by its new name; empty for what belongs to none.
        path: where in the payload, or from `return` on (no parameter can be called so); empty for the task itself.
        categories: what it breaks, of those that its rule names.
        detail: what it is about, in a few words.
        reason: why it is allowed, where the source says so.
    """

    rule: str
    task: str
    path: str
    categories: tuple[Category, ...]
    detail: str = ""
    reason: str | None = None

    @property
    def definition(self) -> Rule:
        """Its rule."""
        return RULES[self.rule]

    @property
    def order(self) -> Order:
        """In which order to deploy: what it breaks decides. Code alone is changed with its stubs, whenever that is."""
        breaks_queue, breaks_rollout = "QUEUE" in self.categories, "ROLLOUT" in self.categories
        if breaks_queue and breaks_rollout:
            return "two steps"
        if breaks_queue:
            return "producers first"
        if breaks_rollout:
            return "worker first"
        return self.definition.order if "MEANING" in self.categories else "any order"

    @property
    def place(self) -> str:
        """Where it is, for people."""
        return ": ".join(part for part in (self.task, self.path) if part)

    @property
    def text(self) -> str:
        """What happened, in a line."""
        return f"{self.definition.text} ({self.detail})" if self.detail else self.definition.text


def order_of(findings: Iterable[Finding]) -> Order:
    """In which order to deploy all of it at once; two steps where one finding asks for another order than the next."""
    orders: set[Order] = {finding.order for finding in findings if finding.order != "any order"}
    if len(orders) > 1:
        return "two steps"
    return orders.pop() if orders else "any order"


class Idle(msgspec.Struct, frozen=True, kw_only=True):
    """A reason that allows nothing.

    Attributes:
        task: whose registration gives it; empty for one of the configuration.
        key: a rule, or a rule and a place.
    """

    task: str
    key: str
    reason: str

    @property
    def place(self) -> str:
        """Where it stands, for people."""
        return f"`allow` of {self.task}" if self.task else "[tool.boilermaker.allow]"

    @property
    def text(self) -> str:
        """What is wrong with it, and what to do."""
        rule = self.key.partition(" ")[0]
        if rule not in RULES:
            return f"names no rule; {hint(rule)}"
        if not self.reason.strip():
            return "has no reason, so it allows nothing; say why"
        return "allows nothing here; take it out once what it was for is released"


def merged(findings: Iterable[Finding]) -> list[Finding]:
    """Findings of one rule in one place as one, sorted by task, place and rule."""
    found: dict[tuple[str, str, str, str], Finding] = {}
    for finding in findings:
        key = (finding.task, finding.path, finding.rule, finding.detail)
        known = found.setdefault(key, finding)
        found[key] = msgspec.structs.replace(
            known, categories=in_order((*known.categories, *finding.categories))
        )
    return [found[key] for key in sorted(found)]


def in_order(categories: Sequence[Category]) -> tuple[Category, ...]:
    """Categories in the order of the table, without repeats."""
    return tuple(name for name in CATEGORIES if name in categories)
