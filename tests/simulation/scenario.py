"""What a simulation runs: workflows, and faults at numbered moments. Drawn from a seed, plain values, made smaller on failure."""

import random
from collections.abc import Iterator
from typing import Literal

import msgspec

Behaviour = Literal["ok", "fail", "raise", "raise once", "raise first", "fail again", "slow", "kill"]
"""What a step's handler does: "raise once" succeeds on the second try; "raise first" and "fail again" end differently when
the same message comes again; "slow" takes longer than a lock; "kill" ends its worker each time."""

FaultKind = Literal["crash before", "crash after", "refuse", "reject", "lose", "stall", "delay"]
"""Around one call to the bus: the worker dies before or after it; the bus refuses it; it rejects a message permanently, this time
and each time after; the bus does it and the answer is lost; it takes longer than the lock; it takes a moment, in which others overtake."""

_change = msgspec.structs.replace
_BEHAVIOURS: list[Behaviour] = [
    "ok", "ok", "ok", "ok", "fail", "raise", "raise once", "raise first", "fail again", "slow", "kill"
]  # fmt: skip
_FAULTS: list[FaultKind] = ["crash before", "crash after", "refuse", "lose", "stall", "delay", "delay"]


class Node(msgspec.Struct, frozen=True):
    """A step: what its handler does, the step after success and those after failure, all with higher numbers.

    Attributes:
        early: its message is settled before it runs (`acks_late=False`).
    """

    behaviour: Behaviour
    then: int | None = None
    otherwise: tuple[int, ...] = ()
    early: bool = False


class Fault(msgspec.Struct, frozen=True):
    """A fault at the n-th call to the bus."""

    at: int
    kind: FaultKind


class Skew(msgspec.Struct, frozen=True):
    """How the workers' clocks are wrong.

    Attributes:
        offset: seconds by which the wall clock is ahead of the bus's when a worker starts; behind where negative.
        steps: when it is set while the world runs, and by how much: (virtual second, seconds).
        drift: seconds a second by which both the wall clock and the monotonic one run too fast; too slow where negative.
    """

    offset: float = 0.0
    steps: tuple[tuple[float, float], ...] = ()
    drift: float = 0.0


class Scenario(msgspec.Struct, frozen=True):
    """One world.

    Attributes:
        workflows: each a plan by its steps; the first step is published.
        twice: publish every workflow twice, as two workflows.
        detects: whether the queue detects duplicates.
        rollout: whether an old worker, which knows no handler of failures, works beside the new one.
        remembers: whether the workers share an outcome store.
        replays: how often an operator replays all dead letters, once nothing else is left to do.
        workers: how many new workers share the queue.
        stranger: how many messages somebody sends who writes what they like, beside those under ids that can be guessed.
        skew: how the workers' clocks are wrong.
    """

    workflows: tuple[tuple[Node, ...], ...]
    faults: tuple[Fault, ...] = ()
    twice: bool = False
    detects: bool = True
    rollout: bool = False
    remembers: bool = False
    replays: int = 0
    workers: int = 1
    concurrency: int = 3
    stranger: int = 0
    skew: Skew = Skew()


def draw(
    seed: int, *, detects: bool, rollout: bool = False, remembers: bool = False, stranger: bool = False
) -> Scenario:
    """The scenario of a seed."""
    dice = random.Random(seed)
    calls = dice.choice([20, 60, 150])
    faults = {dice.randrange(calls): dice.choice(_FAULTS) for _ in range(dice.choice([0, 1, 2, 4, 8]))}
    is_alone = stranger and dice.random() < 0.5  # so that what goes wrong is the stranger's doing
    scenario = Scenario(
        workflows=tuple(_workflow(dice) for _ in range(dice.choice([1, 1, 2, 3]))),
        faults=() if is_alone else tuple(Fault(at, kind) for at, kind in sorted(faults.items())),
        twice=dice.random() < 0.2,
        detects=detects,
        rollout=rollout,
        remembers=remembers,
        replays=dice.choice([0, 0, 0, 1, 2]),
        workers=dice.choice([1, 1, 2]),
        concurrency=dice.choice([1, 3]),
        stranger=dice.choice([3, 10]) if stranger else 0,
        skew=_skew(random.Random(f"skew {seed}")) if seed % 3 == 2 else Skew(),
    )
    if dice.random() < 0.3 and not is_alone:
        rejected = Fault(dice.randrange(20), "reject")
        others = [fault for fault in scenario.faults if fault.at != rejected.at]
        scenario = _change(scenario, faults=tuple(sorted((*others, rejected), key=lambda fault: fault.at)))
    return scenario


def _skew(dice: random.Random) -> Skew:
    steps = {dice.uniform(0, 60): dice.choice([-7200.0, -30.0, -4.0, 4.0, 30.0, 7200.0]) for _ in range(2)}
    return Skew(
        offset=dice.choice([0.0, 0.0, -7200.0, -12.0, -2.0, 2.0, 30.0, 7200.0]),
        steps=tuple(sorted(steps.items()))[: dice.choice([0, 0, 1, 2])],
        drift=dice.choice([0.0, 0.0, -2e-4, 2e-4]),
    )


def _workflow(dice: random.Random) -> tuple[Node, ...]:
    size = dice.choice([1, 2, 3, 4, 6])
    nodes: list[Node] = []
    for number in range(size):
        later = range(number + 1, size)
        then = dice.choice(later) if later and dice.random() < 0.8 else None
        count = min(dice.choice([0, 1, 1, 2]), len(later))
        otherwise = tuple(sorted(dice.sample(later, count)))
        nodes.append(Node(dice.choice(_BEHAVIOURS), then, otherwise, early=dice.random() < 0.05))
    return tuple(nodes)


def smaller(scenario: Scenario) -> Iterator[Scenario]:
    """Scenarios with a little less in them: fewer faults, fewer workflows, duller steps.

    With less to do there are fewer calls to the bus: faults are looked for at every earlier one, too.
    """
    yield from (_change(scenario, skew=skew) for skew in _less_skewed(scenario.skew))
    for index in range(len(scenario.faults)):
        yield _change(scenario, faults=scenario.faults[:index] + scenario.faults[index + 1 :])
    for less in _less(scenario):
        yield less
        yield from _earlier(less)
    for which, nodes in enumerate(scenario.workflows):
        for simpler in _smaller_nodes(nodes):
            yield _change(
                scenario, workflows=(*scenario.workflows[:which], simpler, *scenario.workflows[which + 1 :])
            )


def _less(scenario: Scenario) -> Iterator[Scenario]:
    if len(scenario.workflows) > 1:
        for index in range(len(scenario.workflows)):
            yield _change(scenario, workflows=scenario.workflows[:index] + scenario.workflows[index + 1 :])
    if scenario.twice:
        yield _change(scenario, twice=False)
    if scenario.replays:
        yield _change(scenario, replays=scenario.replays - 1)
    if scenario.workers > 1:
        yield _change(scenario, workers=1)
    if scenario.concurrency > 1:
        yield _change(scenario, concurrency=1)
    if scenario.stranger:
        yield _change(scenario, stranger=scenario.stranger - 1)


def _less_skewed(skew: Skew) -> Iterator[Skew]:
    if skew.drift:
        yield _change(skew, drift=0.0)
    if skew.offset:
        yield _change(skew, offset=0.0)
    for index in range(len(skew.steps)):
        yield _change(skew, steps=skew.steps[:index] + skew.steps[index + 1 :])


def _earlier(scenario: Scenario) -> Iterator[Scenario]:
    if scenario.faults:
        first = scenario.faults[0].at
        for by in range(1, first):
            yield _change(
                scenario, faults=tuple(_change(fault, at=fault.at - by) for fault in scenario.faults)
            )


def _smaller_nodes(nodes: tuple[Node, ...]) -> Iterator[tuple[Node, ...]]:
    last = len(nodes) - 1
    if last and not any(last in (node.then, *node.otherwise) for node in nodes):
        yield nodes[:-1]
    for number, node in enumerate(nodes):
        duller = [_change(node, then=None)] if node.then is not None else []
        duller += [
            _change(node, otherwise=node.otherwise[:i] + node.otherwise[i + 1 :])
            for i in range(len(node.otherwise))
        ]
        duller += [_change(node, behaviour="ok")] if node.behaviour != "ok" else []
        duller += [_change(node, early=False)] if node.early else []
        for one in duller:
            yield (*nodes[:number], one, *nodes[number + 1 :])
