"""What must hold at the end of every world, whatever went wrong in it."""

from collections import Counter, defaultdict

from boilermaker import codec
from simulation.scenario import Node
from simulation.world import MAX_DELIVERIES, MAX_TRIES, QUEUE, Sent, World

_SLOTS = 8  # more than any outcome of a scenario leads to

Following = frozenset[tuple[int, int, bool]]
"""(step, number of the try, whether it stands for failure callbacks) of what an outcome leads to."""


def findings(world: World) -> list[str]:
    """What does not hold, in sentences; empty where all is well."""
    return [*_lineage(world), *_tries(world), *_dead_letters(world), *_ends(world)]


def _lineage(world: World) -> list[str]:
    """Every message came to an outcome, and led to what that outcome leads to: no more, no less, no other."""
    journal = world.journal
    children: defaultdict[str, list[Sent]] = defaultdict(list)
    parents: dict[str, str] = {}
    for sent in journal.sent:
        for slot in range(_SLOTS):
            parents[codec.message_id(sent.message_id, slot)] = sent.message_id
    found: list[str] = []
    for sent in journal.sent:
        if sent.message_id in parents:
            children[parents[sent.message_id]].append(sent)
        elif sent.message_id not in journal.published:
            found.append(f"{_told(sent)} has no cause")
    may_follow: defaultdict[str, set[tuple[int, int, bool]]] = defaultdict(set)
    for sent in journal.sent:
        may_follow[sent.message_id].update(*_wanted(world, sent))
    for sent in dict.fromkeys(journal.sent):
        wanted = _wanted(world, sent)
        had = frozenset((child.step, child.number, child.is_fork) for child in children[sent.message_id])
        if not wanted:
            found.append(f"{_told(sent)} never came to an outcome")
        elif (world.scenario.detects or world.scenario.remembers) and had not in wanted:
            found.append(f"{_told(sent)} led to {sorted(had)}, which is no outcome of {_all(wanted)}")
        elif not any(one <= had for one in wanted):
            found.append(
                f"{_told(sent)} led to {sorted(had)}, which is less than any outcome of {_all(wanted)}"
            )
        elif not had <= may_follow[sent.message_id]:
            found.append(f"{_told(sent)} led to {sorted(had)}, which is more than {_all(wanted)}")
    return found


def _wanted(world: World, sent: Sent) -> set[Following]:
    """What may follow a message: one set for each way in which it has ended."""
    journal, node = world.journal, world.node(sent.workflow, sent.step)
    if sent.is_fork:
        return {frozenset((other, 1, False) for other in node.otherwise)}
    key = (sent.message_id, sent.step, sent.number)
    wanted = {_following(node, outcome, sent) for outcome in journal.outcomes[key]}
    if journal.deliveries[sent.message_id] > MAX_DELIVERIES:
        wanted.add(_following(node, "fail", sent))
    if (
        world.scenario.rollout
    ):  # an old worker puts off what it does not know, as long as it may, then fails it
        wanted.add(frozenset({(sent.step, sent.number, False)}))
        wanted.add(_following(node, "fail", sent))
    return wanted


def _following(node: Node, outcome: str, sent: Sent) -> Following:
    if outcome == "ok":
        return frozenset() if node.then is None else frozenset({(node.then, 1, False)})
    if outcome == "raise" and sent.number < MAX_TRIES:
        return frozenset({(sent.step, sent.number + 1, False)})
    if len(node.otherwise) > 1:
        return frozenset({(sent.step, 1, True)})
    return frozenset((other, 1, False) for other in node.otherwise)


def _tries(world: World) -> list[str]:
    """No message asks for more tries than the policy has."""
    return [f"{_told(sent)} is one try too many" for sent in world.journal.sent if sent.number > MAX_TRIES]


def _dead_letters(world: World) -> list[str]:
    """A dead letter is a message that failed, and there once."""
    found: list[str] = []
    dead = Counter(letter.message_id for letter in world.bus.dead_letters(QUEUE))
    for sent in dict.fromkeys(world.journal.sent):
        count = dead.pop(sent.message_id, 0)
        if count > 1 and world.scenario.detects:
            found.append(f"{_told(sent)} was dead-lettered {count} times")
    return [*found, *(f"dead letter {message_id} was never sent" for message_id in dead)]


def _ends(world: World) -> list[str]:
    """Every workflow that was published ran at least its first step."""
    begun = {sent.workflow for sent in world.journal.sent}
    return [
        f"workflow {workflow} never began" for workflow in world.journal.published if workflow not in begun
    ]


def _told(sent: Sent) -> str:
    return f"message {sent.message_id[:6]} (workflow {sent.workflow}, step {sent.step}, try {sent.number})"


def _all(wanted: set[Following]) -> list[list[tuple[int, int, bool]]]:
    return sorted(sorted(one) for one in wanted)
