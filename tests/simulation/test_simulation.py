"""Workers that are killed, cut off and kept waiting, in virtual time. `test_sabotage` shows that the rules would tell."""

from collections.abc import Iterator

import pytest
from click.testing import CliRunner

from boilermaker.envelope import identity
from simulation.__main__ import main
from simulation.scenario import Fault, Node, Scenario
from simulation.simulate import search, simulate
from simulation.world import quiet


@pytest.fixture(autouse=True)
def quiet_workers() -> Iterator[None]:
    """No log lines from worlds by the thousand."""
    yield from quiet()


@pytest.mark.parametrize("part", range(4))
def test_with_duplicate_detection_each_outcome_is_published_once(part: int) -> None:
    """Nothing is lost, and no attempt gets a second outcome."""
    found = search(range(part * 250, part * 250 + 250), detects=True)
    assert found is None, str(found)


def test_without_duplicate_detection_nothing_is_lost() -> None:
    """What an outcome leads to may come twice, and never less than once."""
    found = search(range(600), detects=False)
    assert found is None, str(found)


def test_with_an_outcome_store_an_attempt_has_one_outcome() -> None:
    """Also where the queue detects no duplicates."""
    found = search(range(400), detects=False, remembers=True)
    assert found is None, str(found)


@pytest.mark.parametrize(
    ("detects", "remembers"), [(True, False), (False, True), (False, False), (True, True)]
)
def test_a_stranger_delays_drops_and_multiplies_nothing(detects: bool, remembers: bool) -> None:
    """Whatever it writes, under ids that it can compute; and what it sends itself stays within bounds."""
    found = search(range(60), detects=detects, remembers=remembers, stranger=True)
    assert found is None, str(found)


def test_an_old_worker_beside_a_new_one_loses_nothing() -> None:
    """It puts off the tasks that it does not know."""
    found = search(range(150), detects=True, rollout=True)
    assert found is None, str(found)


def test_two_failure_handlers_cannot_mix_with_another_outcome() -> None:
    """A worker dies after publishing the retry; when the message comes again its deliveries are used up."""
    nodes = (Node("raise", None, (1, 2)), Node("ok"), Node("ok"))
    for at in range(1, 30):
        found = simulate(
            Scenario(workflows=(nodes,), faults=(Fault(at, "crash after"), Fault(at + 2, "stall")))
        )
        assert found is None, str(found)


def test_a_world_goes_on_while_a_handler_runs_behind_an_early_settlement() -> None:
    """The queue is empty then, and what the handler leads to is still to come: it fell due as the world looked."""
    early = (Node("slow", 3, (), early=True), Node("ok"), Node("ok"), Node("ok", None, (4,)), Node("ok"))
    found = simulate(
        Scenario(workflows=((Node("slow"),), early), rollout=True, workers=1, concurrency=1), seed=5009554
    )
    assert found is None, str(found)


def test_a_world_repeats() -> None:
    """The same seed tells the same story."""
    scenario = Scenario(
        workflows=((Node("raise", 1, (2,)), Node("ok"), Node("ok")),), faults=(Fault(4, "crash after"),)
    )
    first, second = (simulate(scenario, seed=7) for _ in range(2))
    assert first == second


def test_dead_letters_that_are_replayed_start_anew() -> None:
    """Again and again, by an operator who is interrupted; none is swallowed, none runs twice for one replay."""
    nodes = (Node("raise", None, (1, 2)), Node("fail"), Node("ok"))
    for at in range(1, 60):
        scenario = Scenario(
            workflows=(nodes,), faults=(Fault(at, "crash after"), Fault(at + 3, "lose")), replays=2
        )
        found = simulate(scenario)
        assert found is None, str(found)


def test_what_is_rejected_permanently_is_a_failure() -> None:
    """Whichever message it is, and whoever dies around it: its failure callbacks run, or its dead letter says why not."""
    nodes = (Node("raise once", 1, (2, 3)), Node("ok", None, (3,)), Node("ok"), Node("fail"))
    for at in range(1, 40):
        for kind in ("crash after", "lose"):
            scenario = Scenario(workflows=(nodes,), faults=(Fault(at, "reject"), Fault(at + 2, kind)))
            found = simulate(scenario)
            assert found is None, str(found)


def test_the_ids_of_one_cause_differ() -> None:
    """What the rules know of lineage is what the codec says."""
    seed = identity.new_seed()
    assert len({identity.derived(seed, "jobs", "cause", slot) for slot in range(8)}) == 8


@pytest.mark.parametrize("seed", range(0, 5000, 500))
def test_the_command_runs_worlds_of_each_kind(seed: int) -> None:
    """With and without duplicate detection, with an outcome store, during a rollout."""
    done = CliRunner().invoke(main, ["--schedules", "3", "--seed", str(seed), "--processes", "1"])
    assert done.exit_code == 0, done.output
    assert "3 worlds" in done.output
