"""What must hold at the end of every world, whatever went wrong in it: each rule has a name."""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterator

from boilermaker.envelope import identity
from simulation import stranger
from simulation.scenario import Node
from simulation.world import MAX_DELIVERIES, MAX_TRIES, QUEUE, Sent, World

_SLOTS = 8  # more than any outcome of a scenario leads to
_PUT_OFF = 2  # times that each try may be looked at again, by workers that do not know a task
_BEFORE_A_FORK = 60  # steps that a plan may take one after the other, in their tries

Following = frozenset[tuple[int, int, bool]]
"""(step, number of the try, whether it stands for failure callbacks) of what an outcome leads to."""


class Lineage:
    """Who led to whom, and what may follow from what."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.parents: dict[str, str] = {}
        self.children: defaultdict[str, list[Sent]] = defaultdict(list)
        self.may_follow: defaultdict[str, set[tuple[int, int, bool]]] = defaultdict(set)
        self.sent = list(dict.fromkeys(world.journal.sent))
        for sent in self.sent:
            for slot in range(_SLOTS):
                following = identity.derived(sent.seed, QUEUE, sent.message_id, slot)
                self.parents[following.id] = sent.message_id
        self.rejected: defaultdict[str, set[tuple[int, int, bool]]] = defaultdict(set)
        for rejected in world.journal.rejected:
            if rejected.message_id in self.parents:
                step = rejected.step, rejected.number, rejected.is_fork
                self.rejected[self.parents[rejected.message_id]].add(step)
        for sent in self.sent:
            self.may_follow[sent.message_id].update(*self.wanted(sent))
        for sent in world.journal.sent:
            if sent.message_id in self.parents:
                self.children[self.parents[sent.message_id]].append(sent)

    def had(self, sent: Sent) -> Following:
        """What did follow a message."""
        return frozenset(
            (child.step, child.number, child.is_fork) for child in self.children[sent.message_id]
        )

    def wanted(self, sent: Sent) -> set[Following]:
        """What may follow a message: one set for each way in which it has ended."""
        world, node = self.world, self.node(sent)
        rejected = self.rejected[sent.message_id]
        if sent.is_fork:
            every = frozenset((other, 1, False) for other in node.otherwise)
            return {every, every - rejected}
        wanted = {_following(node, outcome, sent) for outcome in self.outcomes(sent)}
        if world.journal.deliveries[sent.message_id] > MAX_DELIVERIES:
            wanted.add(_following(node, "fail", sent))
        if (
            rejected
        ):  # what is rejected permanently is a failure, and where that is what is rejected, nothing follows
            failed = _following(node, "fail", sent)
            wanted |= {failed, failed - rejected}
        if node.early:  # a crash after its settlement loses it, before it runs or afterwards
            wanted.add(frozenset())
        if world.scenario.rollout:  # an old worker puts off what it does not know, then fails it
            wanted.add(frozenset({(sent.step, sent.number, False)}))
            wanted.add(_following(node, "fail", sent))
        return wanted

    def node(self, sent: Sent) -> Node:
        """The step that a message runs."""
        return self.world.node(sent.workflow, sent.step)

    def outcomes(self, sent: Sent) -> list[str]:
        """How its handler ended, each time."""
        return self.world.journal.outcomes[sent.message_id, sent.step, sent.number]


def _following(node: Node, outcome: str, sent: Sent) -> Following:
    if outcome == "ok":
        return frozenset() if node.then is None else frozenset({(node.then, 1, False)})
    if outcome == "raise" and sent.number < MAX_TRIES:
        return frozenset({(sent.step, sent.number + 1, False)})
    if len(node.otherwise) > 1:
        return frozenset({(sent.step, 1, True)})
    return frozenset((other, 1, False) for other in node.otherwise)


# ---- the rules ------------------------------------------------------------------------------------------


def _begins(lineage: Lineage) -> Iterator[str]:
    begun = {sent.workflow for sent in lineage.sent}
    for workflow in lineage.world.journal.published:
        if workflow not in begun:
            yield f"workflow {workflow[:6]} never began"


def _has_a_cause(lineage: Lineage) -> Iterator[str]:
    for sent in lineage.sent:
        if sent.message_id not in lineage.parents and sent.message_id not in lineage.world.journal.published:
            yield f"{_told(sent)} has none"


def _comes_to_an_outcome(lineage: Lineage) -> Iterator[str]:
    for sent in lineage.sent:
        if not lineage.wanted(sent):
            yield f"{_told(sent)} did not"


def _no_less(lineage: Lineage) -> Iterator[str]:
    for sent in lineage.sent:
        wanted, had = lineage.wanted(sent), lineage.had(sent)
        if wanted and not any(one <= had for one in wanted):
            yield f"{_told(sent)} led to {sorted(had)}, which is less than any outcome of {_all(wanted)}"


def _no_more(lineage: Lineage) -> Iterator[str]:
    for sent in lineage.sent:
        had, allowed = lineage.had(sent), lineage.may_follow[sent.message_id]
        if not had <= allowed:
            yield f"{_told(sent)} led to {sorted(had)}, and nothing asked for {sorted(had - allowed)}"


def _one_outcome(lineage: Lineage) -> Iterator[str]:
    if not (lineage.world.scenario.detects or lineage.world.scenario.remembers):
        return
    for sent in lineage.sent:
        wanted, had = lineage.wanted(sent), lineage.had(sent)
        if wanted and had not in wanted:
            yield f"{_told(sent)} led to {sorted(had)}, which is no outcome of {_all(wanted)}"


def _published_once(lineage: Lineage) -> Iterator[str]:
    if not lineage.world.scenario.detects:
        return
    for sent in lineage.sent:
        if len(lineage.children[sent.message_id]) > len(lineage.had(sent)):
            yield f"{_told(sent)} led to {sorted(lineage.had(sent))} more than once"


def _bounded(lineage: Lineage) -> Iterator[str]:
    for sent in lineage.sent:
        if sent.number > MAX_TRIES:
            yield f"{_told(sent)} is one too many"


def _early_once(lineage: Lineage) -> Iterator[str]:
    enqueued = [sent.message_id for sent in lineage.world.journal.sent]
    for sent in lineage.sent:
        runs = len(lineage.outcomes(sent))
        if lineage.node(sent).early and runs > enqueued.count(sent.message_id):
            yield f"{_told(sent)} ran {runs} times"


def _delivered_once(lineage: Lineage) -> Iterator[str]:
    scenario = lineage.world.scenario
    kills = any(node.behaviour == "kill" for nodes in scenario.workflows for node in nodes)
    if scenario.faults or scenario.stranger or kills:
        return
    enqueued = Counter(sent.message_id for sent in lineage.world.journal.sent)
    for message_id, count in lineage.world.journal.deliveries.items():
        if count > enqueued[message_id]:
            yield f"message {message_id[:6]} was delivered {count} times"


def _failed_is_buried(lineage: Lineage) -> Iterator[str]:
    buried = lineage.world.journal.buried
    by_id: defaultdict[str, list[Sent]] = defaultdict(list)
    for sent in lineage.sent:
        by_id[sent.message_id].append(sent)
    for message_id, same in by_id.items():
        count = buried[message_id]
        if count and not any(_may_fail(lineage, sent) for sent in same):
            yield f"{_told(same[0])} did not fail, and is a dead letter"
        if not count and all(_must_fail(lineage, sent) for sent in same):
            yield f"{_told(same[0])} failed, and is no dead letter"
        if count > 1 and lineage.world.scenario.detects:
            yield f"{_told(same[0])} was dead-lettered {count} times"
    yield from (f"dead letter {message_id} was never sent" for message_id in buried.keys() - by_id.keys())


def _may_fail(lineage: Lineage, sent: Sent) -> bool:
    if lineage.rejected[sent.message_id]:
        return True
    if sent.is_fork:
        return False
    return (
        lineage.world.journal.deliveries[sent.message_id] > MAX_DELIVERIES
        or lineage.world.scenario.rollout
        or bool(_failures(sent) & set(lineage.outcomes(sent)))
    )


def _must_fail(lineage: Lineage, sent: Sent) -> bool:
    if sent.is_fork or lineage.node(sent).early or lineage.world.scenario.rollout:
        return False
    ends = set(lineage.outcomes(sent))
    return bool(ends) and ends <= _failures(sent)


def _failures(sent: Sent) -> set[str]:
    return {"fail", "raise"} if sent.number >= MAX_TRIES else {"fail"}


def _strays_are_bounded(lineage: Lineage) -> Iterator[str]:
    most = stranger.MOST_MESSAGES * (stranger.MOST_TRIES + _PUT_OFF) + _BEFORE_A_FORK
    for workflow, count in lineage.world.journal.strays.items():
        if count > most and lineage.world.scenario.detects and not lineage.world.scenario.faults:
            yield f"{workflow} led to {count} messages, at most {most} were to be expected"


def _strays_delay_nothing(lineage: Lineage) -> Iterator[str]:
    scenario = lineage.world.scenario
    behaviours = {node.behaviour for nodes in scenario.workflows for node in nodes}
    if not scenario.stranger or scenario.faults or behaviours & {"kill", "slow"}:
        return  # these have redeliveries of their own
    for sent in lineage.sent:
        if (count := lineage.world.journal.deliveries[sent.message_id]) > 2:
            yield f"{_told(sent)} was delivered {count} times"


RULES: dict[str, Callable[[Lineage], Iterator[str]]] = {
    "every workflow that is published begins, replays and second ones too": _begins,
    "every message has a cause": _has_a_cause,
    "every message comes to an outcome": _comes_to_an_outcome,
    "an outcome leads to all that follows from it": _no_less,
    "nothing follows that no outcome asks for": _no_more,
    "an attempt has one outcome, with duplicate detection or an outcome store": _one_outcome,
    "what follows is published once, with duplicate detection": _published_once,
    "no try goes beyond max_tries": _bounded,
    "what is settled early runs once for each time it was enqueued": _early_once,
    "where nothing goes wrong, each message is delivered once, whatever the workers' clocks say": _delivered_once,
    "what fails is a dead letter, and nothing else is": _failed_is_buried,
    "what a stranger sends leads to a bounded number of messages": _strays_are_bounded,
    "what a stranger sends delays nothing by more than a redelivery": _strays_delay_nothing,
}
ENDS = "every workflow comes to an end"


def findings(world: World) -> list[str]:
    """What does not hold, in sentences that begin with the rule; empty where all is well."""
    lineage = Lineage(world)
    return [f"{name}: {detail}" for name, rule in RULES.items() for detail in rule(lineage)]


def _told(sent: Sent) -> str:
    what = "failure callbacks of step" if sent.is_fork else "step"
    return (
        f"message {sent.message_id[:6]} (workflow {sent.workflow[:6]}, {what} {sent.step}, try {sent.number})"
    )


def _all(wanted: set[Following]) -> list[list[tuple[int, int, bool]]]:
    return sorted(sorted(one) for one in wanted)
