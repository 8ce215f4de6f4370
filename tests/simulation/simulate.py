"""Worlds by the thousand: run, judge, make smaller, tell."""

import msgspec

from simulation.rules import ENDS, findings
from simulation.scenario import Scenario, draw, smaller
from simulation.virtual import Stuck
from simulation.world import World


class Finding(msgspec.Struct, frozen=True):
    """A world in which something did not hold."""

    seed: int
    scenario: Scenario
    problems: tuple[str, ...]
    story: tuple[str, ...]

    def __str__(self) -> str:
        scenario = msgspec.json.format(msgspec.json.encode(self.scenario), indent=2).decode()
        return "\n".join(
            [f"seed {self.seed}, made as small as it goes:", scenario, "", *self.story, "", *self.problems]
        )


def simulate(scenario: Scenario, seed: int = 0) -> Finding | None:
    """Run one world; None where everything held."""
    world = World(scenario, seed)
    try:
        world.run()
    except Stuck as stuck:
        problems = [f"{ENDS}: {stuck}"]
    else:
        problems = findings(world)
    return Finding(seed, scenario, tuple(problems), tuple(world.journal.story)) if problems else None


def search(
    seeds: range,
    *,
    detects: bool,
    rollout: bool = False,
    remembers: bool = False,
    stranger: bool = False,
    rule: str | None = None,
) -> Finding | None:
    """The first seed whose world breaks a rule, any or this one, made as small as it goes; None where there is none."""
    for seed in seeds:
        scenario = draw(seed, detects=detects, rollout=rollout, remembers=remembers, stranger=stranger)
        found = simulate(scenario, seed)
        if found is not None and (rule is None or rule in _rules(found)):
            return _smallest(found, rule or _rules(found)[0])
    return None


def _smallest(found: Finding, rule: str) -> Finding:
    """A smaller world that breaks the same rule; one that breaks another is another finding."""
    for scenario in smaller(found.scenario):
        still = simulate(scenario, found.seed)
        if still is not None and rule in _rules(still):
            return _smallest(still, rule)
    return found


def _rules(found: Finding) -> list[str]:
    return [problem.partition(":")[0] for problem in found.problems]
