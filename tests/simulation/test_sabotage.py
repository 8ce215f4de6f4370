"""Each rule of the simulation can fail: the code is sabotaged, and the rule that this breaks is told as a story."""

import asyncio
import uuid
from collections.abc import Callable, Iterator
from typing import Any

import msgspec
import pytest

from boilermaker.dead_letters import again
from boilermaker.envelope import codec, identity
from boilermaker.store import InMemoryOutcomeStore
from boilermaker.transport.clock import ServiceClock
from boilermaker.worker import decide, publish
from boilermaker.worker.handle import Handling
from boilermaker.worker.locks import LockKeeper
from boilermaker.worker.outcome import Complete, DeadLetter, Failed, Rejected, RetryAsked, Succeeded
from boilermaker.worker.publish import Publishing
from simulation import world
from simulation.rules import ENDS, RULES
from simulation.simulate import search
from simulation.world import quiet

_change = msgspec.structs.replace


@pytest.fixture(autouse=True)
def quiet_workers() -> Iterator[None]:
    """No log lines from worlds by the thousand."""
    yield from quiet()


def _after_decision(patch: pytest.MonkeyPatch, change: Callable[[Any, Any], Any]) -> None:
    """Let every verdict be another one: `change` gets outcome and verdict."""
    original = decide.decide

    def decided(envelope: Any, outcome: Any, around: Any) -> Any:
        return change(outcome, original(envelope, outcome, around))

    patch.setattr(publish, "decide", decided)


def ids_by_chance(patch: pytest.MonkeyPatch) -> None:
    """A repeat under another id passes the duplicate detection."""
    original = identity.derived
    patch.setattr(identity, "derived", lambda *cause: original(*cause)._replace(id=uuid.uuid4().hex))


def ids_by_target(patch: pytest.MonkeyPatch) -> None:
    """A failure handler that two branches share is dropped the second time."""
    original = Publishing._message

    def named(self: Publishing, envelope: Any, next_: Any, *rest: Any) -> Any:
        target = f"{envelope.header.workflow}:{next_.to}:{next_.attempt}:{next_.put_off}"
        return _change(original(self, envelope, next_, *rest), message_id=target)

    patch.setattr(Publishing, "_message", named)


def settled_before_published(patch: pytest.MonkeyPatch) -> None:
    """A crash in between loses the rest of the workflow."""
    made, original = Handling.__init__, Publishing._publish
    handlings: dict[Publishing, Handling] = {}

    def remembered(self: Handling, *args: Any) -> None:
        made(self, *args)
        handlings[self._publishing] = self

    async def settled_first(self: Publishing, envelope: Any, verdict: Any) -> None:
        await handlings[self]._settle(verdict.settlement, is_confirmed=True)
        await original(self, envelope, verdict)

    patch.setattr(Handling, "__init__", remembered)
    patch.setattr(Publishing, "_publish", settled_first)


def retries_without_counting(patch: pytest.MonkeyPatch) -> None:
    """The retry is the first try again, for ever."""

    def same(outcome: Any, verdict: Any) -> Any:
        if not isinstance(outcome, RetryAsked) or not verdict.publish or verdict.publish[0].fork:
            return verdict
        return _change(verdict, publish=tuple(_change(each, attempt=1) for each in verdict.publish))

    _after_decision(patch, same)


def one_try_too_many(patch: pytest.MonkeyPatch) -> None:
    """The policy's number is taken for that of retries."""
    original = decide._wanted

    def generous(wanted: Any, around: Any) -> Any:
        policy = original(wanted, around)
        return _change(policy, max_tries=policy.max_tries + 1)

    patch.setattr(decide, "_wanted", generous)


def a_failure_callback_less(patch: pytest.MonkeyPatch) -> None:
    """The last handler of several is forgotten."""
    original = decide._callbacks
    patch.setattr(decide, "_callbacks", lambda handlers, info: original(handlers, info)[:-1])


def a_success_callback_too_many(patch: pytest.MonkeyPatch) -> None:
    """What succeeds goes on, and is tried again as well."""

    def more(outcome: Any, verdict: Any) -> Any:
        if not isinstance(outcome, Succeeded) or not verdict.publish:
            return verdict
        return _change(verdict, publish=(*verdict.publish, _change(verdict.publish[0], slot=1, attempt=2)))

    _after_decision(patch, more)


def a_slot_for_each_outcome(patch: pytest.MonkeyPatch) -> None:
    """A repeat that ends differently publishes its outcome beside the first one."""

    def moved(outcome: Any, verdict: Any) -> Any:
        by = 3 if isinstance(outcome, RetryAsked) else 0
        return _change(verdict, publish=tuple(_change(each, slot=each.slot + by) for each in verdict.publish))

    _after_decision(patch, moved)


def each_message_twice(patch: pytest.MonkeyPatch) -> None:
    """The same callback under two slots."""

    def doubled(_: Any, verdict: Any) -> Any:
        again_ = tuple(_change(each, slot=each.slot + 4) for each in verdict.publish)
        return _change(verdict, publish=(*verdict.publish, *again_))

    _after_decision(patch, doubled)


def saved_outcomes_forgotten(patch: pytest.MonkeyPatch) -> None:
    """A store that has lost what it kept."""

    async def nothing(*_: Any) -> None:
        return None

    async def anything(_: Any, __: Any, record: bytes) -> bytes:
        return record

    patch.setattr(InMemoryOutcomeStore, "load", nothing)
    patch.setattr(InMemoryOutcomeStore, "save", anything)


def failures_completed(patch: pytest.MonkeyPatch) -> None:
    """Nobody finds them afterwards."""
    _after_decision(patch, lambda _, verdict: _change(verdict, settlement=Complete()))


def successes_buried(patch: pytest.MonkeyPatch) -> None:
    """An operator would replay what went well."""

    def buried(outcome: Any, verdict: Any) -> Any:
        letter = DeadLetter("TaskFailed", "it did not")
        return _change(verdict, settlement=letter) if isinstance(outcome, Succeeded) else verdict

    _after_decision(patch, buried)


def unknown_tasks_dropped(patch: pytest.MonkeyPatch) -> None:
    """An old worker completes what it does not know."""

    def dropped(outcome: Any, verdict: Any) -> Any:
        return _change(verdict, publish=()) if isinstance(outcome, Rejected) else verdict

    _after_decision(patch, dropped)


def exhausted_deliveries_untold(patch: pytest.MonkeyPatch) -> None:
    """A handler that kills its worker is given up, and nobody is told."""

    def untold(outcome: Any, verdict: Any) -> Any:
        is_it = isinstance(outcome, Failed | Rejected) and outcome.reason == "DeliveriesExhausted"
        return _change(verdict, publish=()) if is_it else verdict

    _after_decision(patch, untold)


def rejections_ignored(patch: pytest.MonkeyPatch) -> None:
    """What the bus rejects permanently is forgotten, with all that would have followed."""
    original = Publishing._publish

    async def ignored(self: Publishing, envelope: Any, verdict: Any) -> None:
        await original(self, envelope, verdict)

    patch.setattr(Publishing, "_publish", ignored)


def replays_with_the_old_id(patch: pytest.MonkeyPatch) -> None:
    """The duplicate detection drops them: the task is in no queue at all."""
    original = again.replay_of

    def same(message: Any, queue: str, clock: Any) -> Any:
        return _change(original(message, queue, clock), message_id=message.message_id)

    patch.setattr(again, "replay_of", same)


def early_ones_settled_late(patch: pytest.MonkeyPatch) -> None:
    """What must not run twice is settled like everything else."""
    original = codec.Envelope.current.fget  # type: ignore[attr-defined]
    patch.setattr(codec.Envelope, "current", property(lambda self: _change(original(self), acks_late=True)))


def redelivered_ones_dropped(patch: pytest.MonkeyPatch) -> None:
    """What a worker that dies had begun is taken for done."""
    original = Handling.run

    async def run(self: Handling) -> None:
        if self.delivery.delivery_count > 1:
            await self._settle(Complete(), is_confirmed=True)
        else:
            await original(self)

    patch.setattr(Handling, "run", run)


def ids_that_can_be_computed(patch: pytest.MonkeyPatch) -> None:
    """Their key is no secret: a stranger sends something under the id of the retry first."""
    original = identity.derived
    patch.setattr(identity, "derived", lambda _, *cause: original("0" * 32, *cause))


def outcomes_by_id_alone(patch: pytest.MonkeyPatch) -> None:
    """What was saved for a stranger's message is taken for the outcome of another with its id."""
    original = identity.record_key
    patch.setattr(identity, "record_key", lambda queue, message_id, _: original(queue, message_id, ""))


def forks_without_a_bound(patch: pytest.MonkeyPatch) -> None:
    """Failure callbacks of failure callbacks multiply."""
    original = decide._forked

    def unbounded(envelope: Any, around: Any) -> Any:
        return original(envelope, _change(around, limits=_change(around.limits, max_messages=10**9)))

    patch.setattr(decide, "_forked", unbounded)


def garbage_that_kills(patch: pytest.MonkeyPatch) -> None:
    """A body that is no envelope ends the worker that reads it, and comes again."""

    async def die(_: Handling, error: Exception) -> None:
        life = world._life.get()
        assert life is not None
        life.die()
        raise asyncio.CancelledError from error

    patch.setattr(Handling, "_undecodable", die)


def durations_by_the_wall_clock(patch: pytest.MonkeyPatch) -> None:
    """A worker whose clock is wrong or is set renews too late, and loses the locks of healthy handlers."""
    patch.setattr(LockKeeper, "_left", lambda self, until: until.timestamp() - self._clock._wall())


def retries_by_the_wall_clock(patch: pytest.MonkeyPatch) -> None:
    """A worker whose clock is ahead schedules them for hours later."""
    patch.setattr(ServiceClock, "_offset", lambda self, at: self._wall() - at)


SABOTAGE: dict[Callable[[pytest.MonkeyPatch], None], tuple[str, dict[str, bool]]] = {
    ids_by_chance: ("every message has a cause", {}),
    ids_by_target: ("every message has a cause", {}),
    settled_before_published: ("an outcome leads to all that follows from it", {}),
    retries_without_counting: (ENDS, {}),
    one_try_too_many: ("no try goes beyond max_tries", {}),
    a_failure_callback_less: ("an outcome leads to all that follows from it", {}),
    a_success_callback_too_many: ("nothing follows that no outcome asks for", {}),
    a_slot_for_each_outcome: ("an attempt has one outcome, with duplicate detection or an outcome store", {}),
    each_message_twice: ("what follows is published once, with duplicate detection", {}),
    saved_outcomes_forgotten: (
        "an attempt has one outcome, with duplicate detection or an outcome store",
        {"detects": False, "remembers": True},
    ),
    failures_completed: ("what fails is a dead letter, and nothing else is", {}),
    successes_buried: ("what fails is a dead letter, and nothing else is", {}),
    redelivered_ones_dropped: ("every message comes to an outcome", {}),
    unknown_tasks_dropped: ("an outcome leads to all that follows from it", {"rollout": True}),
    exhausted_deliveries_untold: ("an outcome leads to all that follows from it", {}),
    rejections_ignored: ("an outcome leads to all that follows from it", {}),
    replays_with_the_old_id: ("every workflow that is published begins, replays and second ones too", {}),
    ids_that_can_be_computed: ("an outcome leads to all that follows from it", {"stranger": True}),
    outcomes_by_id_alone: (
        "every message comes to an outcome",
        {"detects": False, "remembers": True, "stranger": True},
    ),
    forks_without_a_bound: (
        "what a stranger sends leads to a bounded number of messages",
        {"stranger": True},
    ),
    garbage_that_kills: (
        "what a stranger sends delays nothing by more than a redelivery",
        {"stranger": True},
    ),
    durations_by_the_wall_clock: (
        "where nothing goes wrong, each message is delivered once, whatever the workers' clocks say",
        {},
    ),
    retries_by_the_wall_clock: (ENDS, {}),
    early_ones_settled_late: ("what is settled early runs once for each time it was enqueued", {}),
}


@pytest.mark.parametrize("sabotage", list(SABOTAGE), ids=lambda sabotage: sabotage.__name__)
def test_sabotage_breaks_its_rule(
    monkeypatch: pytest.MonkeyPatch, sabotage: Callable[[pytest.MonkeyPatch], None]
) -> None:
    """Within some hundred worlds; the story tells what happened, and is as short as it goes."""
    rule, options = SABOTAGE[sabotage]
    sabotage(monkeypatch)
    found = search(range(1500), rule=rule, **{"detects": True, **options})
    assert found is not None
    assert rule in {problem.partition(":")[0] for problem in found.problems}, str(found)
    assert "worker 1 starts" in str(found)
    assert len(found.scenario.faults) <= 2
    assert sum(map(len, found.scenario.workflows)) <= 6


def test_every_rule_is_broken_by_some_sabotage() -> None:
    """A rule that cannot fail is none."""
    assert {ENDS, *RULES} == {rule for rule, _ in SABOTAGE.values()}
