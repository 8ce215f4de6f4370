"""Real workers on a bus in memory whose every call may go wrong, in virtual time; what happened is written down."""

import asyncio
import logging
import random
from collections import Counter, defaultdict
from collections.abc import Callable, Coroutine, Iterator, Sequence
from contextvars import ContextVar
from datetime import datetime, timedelta
from typing import Any, Self, TypeVar
from unittest import mock

import msgspec

from boilermaker import Boilermaker, InMemoryServiceBus, Limits, QueueSettings, Task, attempt
from boilermaker.dead_letters import again
from boilermaker.dead_letters.box import DeadLetters
from boilermaker.dead_letters.letter import Selection
from boilermaker.envelope import codec
from boilermaker.errors import BusError, MessageRefusedError, OutcomeStoreError, SettlementError
from boilermaker.failure import TaskFailed
from boilermaker.retries import RetryMode, RetryPolicy
from boilermaker.store import InMemoryOutcomeStore
from boilermaker.transport.port import Delivery, Message, OutgoingMessage, Receiver, Sender
from boilermaker.worker import loop as worker_loop
from simulation import stranger
from simulation.scenario import Fault, Node, Scenario
from simulation.skewed import skewed_clock
from simulation.virtual import Stuck, VirtualLoop

QUEUE = "jobs"
MAX_TRIES = 2
MAX_DELIVERIES = 3
LOCK = timedelta(seconds=5)
_LONGEST = 900.0  # virtual seconds; few worlds take 150, and one that takes longer goes round in circles

Outcome = str
"""How a handler ended: "ok", "fail" or "raise"."""

_T = TypeVar("_T")
_life: ContextVar["Life | None"] = ContextVar("life", default=None)


class Sent(msgspec.Struct, frozen=True):
    """A message that the bus took."""

    message_id: str
    workflow: str
    step: int
    number: int
    seed: str
    is_fork: bool = False


class Journal:
    """What happened, for the rules and for the story.

    Attributes:
        origins: by workflow of a replay, the workflow whose dead letter it replays.
        rejected: what the bus rejected permanently.
        buried: by message id, how often it was found among the dead letters: at a replay, and in the end.
        strays: by workflow of a stranger, how many messages the queue took of it.
    """

    def __init__(self, loop: VirtualLoop) -> None:
        self._loop = loop
        self.story: list[str] = []
        self.sent: list[Sent] = []
        self.rejected: set[Sent] = set()
        self.deliveries: Counter[str] = Counter()
        self.outcomes: defaultdict[tuple[str, int, int], list[Outcome]] = defaultdict(list)
        self.published: list[str] = []
        self.origins: dict[str, str] = {}
        self.buried: Counter[str] = Counter()
        self.strays: Counter[str] = Counter()

    def note(self, text: str) -> None:
        """A line of the story."""
        self.story.append(f"{self._loop.time():9.3f}s  {text}")


class Life:
    """One worker process, from its start to its death."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.is_dead = False
        self.tasks: set[asyncio.Task[Any]] = set()

    def die(self) -> None:
        """At once, and without another call to the bus."""
        self.is_dead = True
        for task in self.tasks:
            task.cancel()


class World:
    """Workers, a bus, faults."""

    def __init__(self, scenario: Scenario, seed: int = 0) -> None:
        random.seed(seed)  # the workers' jitter
        self.scenario = scenario
        window = timedelta(minutes=10) if scenario.detects else None
        self.bus = InMemoryServiceBus(
            QueueSettings(
                name=QUEUE, lock_duration=LOCK, max_delivery_count=10, duplicate_detection_window=window
            )
        )
        self.loop = VirtualLoop(self.bus)
        self.loop.set_task_factory(_belonging)
        self.journal = Journal(self.loop)
        self._faults: dict[int, Fault] = {fault.at: fault for fault in scenario.faults}
        self._calls = 0
        self._counted: set[int] = set()  # sequence numbers of dead letters
        self._outcomes = InMemoryOutcomeStore() if scenario.remembers else None
        self._working: dict[str, Boilermaker[World]] = {}
        self._dice = random.Random(seed)

    # ---- from beginning to end

    def run(self) -> None:
        """Publish, and let workers work until nothing is left to do.

        Raises:
            Stuck: the end does not come.
        """
        # A thread that watches real time has nothing to see here.
        with mock.patch.object(worker_loop, "Watchdog", Unwatched):
            try:
                self.loop.run_until_complete(self._live())
            finally:
                self.loop.close()

    async def _live(self) -> None:
        if self.scenario.stranger:
            await self._send_strays(self._dice, 0)  # before there is anything to see
        await self._publish()
        names = [("new", self._new_worker), ("other new", self._new_worker)][: self.scenario.workers]
        if self.scenario.rollout:
            names.append(("old", self._old_worker))
        lives = [asyncio.create_task(self._incarnations(name, make)) for name, make in names]
        try:
            for _ in range(2 if self.scenario.stranger else 0):
                await self._send_strays(self._dice, self.scenario.stranger)
                await asyncio.sleep(self._dice.random() * 3)
            await self._until_quiet(lives)
            for _ in range(self.scenario.replays):
                await self._replay()
                await self._until_quiet(lives)
        finally:
            for life in lives:
                life.cancel()
            await asyncio.gather(*lives, return_exceptions=True)
        self._count_dead_letters()

    async def _until_quiet(self, lives: list[asyncio.Task[None]]) -> None:
        while self._is_busy():
            if self.loop.time() > _LONGEST:
                raise Stuck(f"after {_LONGEST:,.0f} virtual seconds there is still something to do")
            await asyncio.sleep(1)
            for life in lives:
                if life.done():
                    life.result()  # a worker ended by itself: what it raised is the finding

    async def _send_strays(self, dice: random.Random, count: int) -> None:
        """What a stranger sends: at first under ids that nobody has used, later with the ids of workflows in view."""
        workflows = self._workflows()
        for message in stranger.messages(dice, QUEUE, workflows, count):
            await self.bus.sender(QUEUE).send(message)
        if (
            not self.scenario.detects
        ):  # with duplicate detection, a workflow's own id belongs to whoever uses it first
            for workflow in workflows:
                await self.bus.sender(QUEUE).send(stranger.forged(dice, QUEUE, workflow))

    def _workflows(self) -> list[str]:
        """Ids of all that is published, which are easy to guess."""
        times = 2 if self.scenario.twice else 1
        return [f"{which}.{time}" for which in range(len(self.scenario.workflows)) for time in range(times)]

    def _count_dead_letters(self) -> None:
        for letter in self.bus.dead_letters(QUEUE):
            if stranger.is_strange(letter):
                continue
            if letter.sequence_number not in self._counted:
                self._counted.add(letter.sequence_number)
                self.journal.buried[letter.message_id or ""] += 1

    def _expect_replays(self, last: int) -> None:
        for letter in self.bus.dead_letters(QUEUE):
            if letter.sequence_number > last or stranger.is_strange(letter):
                continue
            replay = again.replay_of(letter, QUEUE, self.bus.clock).correlation_id
            origin = codec.decode(letter.body).header.workflow
            self.journal.origins[replay] = self.journal.origins.get(origin, origin)
            self.journal.published.append(replay)

    async def _replay(self) -> None:
        """An operator replays all dead letters; when he is interrupted, he does it again."""
        for number in range(1, 100):
            life = Life(f"operator {number}")
            letters = DeadLetters(_Line(self, life), QUEUE)
            survey = await letters.survey(Selection(tasks=frozenset({"step", "mend"})))
            self._count_dead_letters()
            self._expect_replays(survey.last)
            token = _life.set(life)
            replaying = asyncio.create_task(letters.replay(survey))
            _life.reset(token)
            await asyncio.wait({replaying})
            if not replaying.cancelled() and replaying.exception() is None:
                tally = replaying.result()
                self.journal.note(f"{life.name}: replayed {tally.done} dead letters, {tally.left} are left")
                if not tally.left and not tally.missed:
                    return
            await asyncio.sleep(LOCK.total_seconds() + 1)
        raise Stuck("the operator cannot replay the dead letters")

    async def _publish(self) -> None:
        worker = self._new_worker(_Line(self, Life("publisher"), may_fail=False))
        for which, nodes in enumerate(self.scenario.workflows):
            tasks = [self._task(worker, number, node) for number, node in enumerate(nodes)]
            for task, node in zip(tasks, nodes, strict=True):
                task.on_success = None if node.then is None else tasks[node.then]
                for other in node.otherwise:
                    task.add_on_failure(tasks[other])
            for workflow in self._workflows():
                if int(workflow.split(".", maxsplit=1)[0]) != which:
                    continue
                await worker.publish_task(tasks[0], id=workflow)
                self.journal.published.append(workflow)

    def _task(self, worker: Boilermaker["World"], number: int, node: Node) -> Task[Any]:
        task = worker.create_task(mend if self._is_handler(number) else step, number)
        return task.options(acks_late=False) if node.early else task

    def _is_handler(self, number: int) -> bool:
        return any(number in node.otherwise for nodes in self.scenario.workflows for node in nodes)

    def held(self) -> int:
        """How many messages the queue holds."""
        return len(self.bus.messages(QUEUE)) + len(self.bus.scheduled(QUEUE))

    def _is_busy(self) -> bool:
        """Whether something is to be done, or being done: a message that is settled early is gone while its handler runs."""
        return bool(self.held()) or any(worker.health().running for worker in self._working.values())

    def node(self, workflow: str, number: int) -> Node:
        """A step of a workflow."""
        origin = self.journal.origins.get(workflow, workflow)
        return self.scenario.workflows[int(origin.split(".", maxsplit=1)[0])][number]

    # ---- workers

    def _new_worker(self, line: "_Line") -> Boilermaker["World"]:
        return self._old_worker(line).register_async(mend, policy=_POLICY)

    def _old_worker(self, line: "_Line") -> Boilermaker["World"]:
        limits = Limits(
            max_deliveries=MAX_DELIVERIES,
            put_off_seconds=(2, 4),
            max_messages=stranger.MOST_MESSAGES,
            max_tries=stranger.MOST_TRIES,
        )
        outcomes = None if self._outcomes is None else _Outcomes(self._outcomes, line)
        worker = Boilermaker(self, line, queue=QUEUE, limits=limits, outcomes=outcomes)
        return worker.register_async(stray).register_async(step, policy=_POLICY)

    async def _incarnations(self, name: str, make: Callable[["_Line"], Boilermaker["World"]]) -> None:
        """A worker that is started again each time it dies."""
        for number in range(1, 1000):
            life = Life(f"{name} worker {number}")
            self._working[name] = worker = make(_Line(self, life))
            token = _life.set(life)
            running = asyncio.create_task(worker.run(concurrency=self.scenario.concurrency, grace_seconds=1))
            _life.reset(token)
            self.journal.note(f"{life.name} starts")
            try:
                await asyncio.wait({running})
            finally:
                life.die()
                while life.tasks:
                    await asyncio.wait(life.tasks)
            if not running.cancelled() and (error := running.exception()) is not None:
                raise error
            await asyncio.sleep(1)

    # ---- faults

    def rejects_next(self) -> bool:
        """Whether the next call is the one that is rejected."""
        fault = self._faults.get(self._calls + 1)
        if fault is None or fault.kind != "reject":
            return False
        self._calls += 1
        return True

    async def call(
        self, life: Life, what: str, effect: Callable[[], Coroutine[Any, Any, _T]], *, may_fail: bool
    ) -> _T:
        """One call to the bus, with what may go wrong around it."""
        if life.is_dead:
            raise asyncio.CancelledError
        fault = None
        if may_fail:
            self._calls += 1
            fault = self._faults.get(self._calls)
        kind = None if fault is None else fault.kind
        if kind in {"stall", "delay"}:
            self.journal.note(f"{life.name}: {what} takes long")
            await asyncio.sleep(LOCK.total_seconds() * 1.5 if kind == "stall" else 0.5)
        if kind == "crash before":
            self._crash(life, f"dies before {what}")
        if kind in {"refuse", "reject"}:
            self.journal.note(f"{life.name}: {what} is refused")
            raise _refusal(what)
        done = await effect()
        if kind == "crash after":
            self._crash(life, f"dies after {what}")
        if kind == "lose":
            self.journal.note(f"{life.name}: {what} is done, and the answer lost")
            raise _refusal(what)
        return done

    def _crash(self, life: Life, how: str) -> None:
        self.journal.note(f"{life.name} {how}")
        life.die()
        raise asyncio.CancelledError

    def kill(self) -> None:
        """The handler that calls this takes its worker along."""
        life = _life.get()
        if life is not None:
            self._crash(life, "is killed by its handler")


_POLICY = RetryPolicy(max_tries=MAX_TRIES, delay=1, delay_max=1, retry_mode=RetryMode.Fixed)


# ---- handlers


async def step(world: World, label: int) -> None:
    """A step of a workflow."""
    await _behave(world, label)


async def mend(world: World, label: int) -> None:
    """A step that handles failures."""
    await _behave(world, label)


async def stray(world: World, ends: str) -> None:
    """What strangers send."""
    if ends == "fail":
        raise TaskFailed("as the stranger wished")
    if ends == "raise":
        raise _PlannedError


async def _behave(world: World, label: int) -> None:
    now = attempt.current()
    node = world.node(now.workflow, label)
    outcomes = world.journal.outcomes[now.id, label, now.number]
    told = f"[{now.workflow} step {label} try {now.number}, message {now.id[:6]}]"
    await asyncio.sleep(LOCK.total_seconds() * 3 if node.behaviour == "slow" else 0.01)
    if node.behaviour == "kill":
        world.kill()
    outcome = _outcome(node, len(outcomes), now.number)
    outcomes.append(outcome)
    world.journal.note(f"{told} {outcome}")
    if outcome == "fail":
        raise TaskFailed("as planned")
    if outcome == "raise":
        raise _PlannedError


def _outcome(node: Node, before: int, number: int) -> Outcome:
    match node.behaviour:
        case "fail" | "raise":
            return node.behaviour
        case "raise once":
            return "raise" if number == 1 else "ok"
        case "raise first":
            return "raise" if not before else "ok"
        case "fail again":
            return "ok" if not before else "fail"
        case _:
            return "ok"


class _PlannedError(Exception):
    """What a handler raises."""


# ---- the bus as one life sees it


class Unwatched:
    """In the place of the watchdog."""

    is_blocked = False

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        """Nothing was watched."""


class _Line:
    """A bus whose calls go wrong."""

    default_queue: str | None = None

    def __init__(self, world: World, life: Life, *, may_fail: bool = True) -> None:
        self.world, self.life, self.may_fail = world, life, may_fail
        self.clock = skewed_clock(world.scenario.skew, world.loop)

    def sender(self, queue: str) -> Sender:
        return _Sender(self, self.world.bus.sender(queue))

    def receiver(self, queue: str, *, prefetch: int = 0) -> Receiver:
        return _Receiver(self, self.world.bus.receiver(queue, prefetch=prefetch), is_own=queue == QUEUE)

    async def close(self) -> None:
        """The world's bus stays."""

    def rejects(self, sent: Sent) -> bool:
        """Whether this message is rejected, which it then always is. Not replays, and not what was accepted before."""
        journal = self.world.journal
        is_possible = self.may_fail and sent.message_id != sent.workflow and sent not in journal.sent
        if is_possible and self.world.rejects_next():
            journal.rejected.add(sent)
        return sent in journal.rejected

    async def call(self, what: str, effect: Callable[[], Coroutine[Any, Any, _T]]) -> _T:
        return await self.world.call(self.life, what, effect, may_fail=self.may_fail)


class _Outcomes:
    """The outcome store as one life sees it."""

    def __init__(self, outcomes: InMemoryOutcomeStore, line: _Line) -> None:
        self._outcomes, self._line = outcomes, line

    async def load(self, attempt: str) -> bytes | None:
        return await self._line.call("asking the store", lambda: self._outcomes.load(attempt))

    async def save(self, attempt: str, record: bytes) -> bytes:
        return await self._line.call("saving an outcome", lambda: self._outcomes.save(attempt, record))


class _Sender:
    def __init__(self, line: _Line, sender: Sender) -> None:
        self._line, self._sender = line, sender

    @property
    def max_message_size(self) -> int:
        return self._sender.max_message_size

    async def open(self) -> None:
        await self._sender.open()

    async def send(self, message: OutgoingMessage) -> None:
        if message.correlation_id.startswith(stranger.NAME):
            await self._send_stray(message)
            return
        envelope = codec.decode(message.body)
        label = msgspec.json.decode(envelope.current.payload)["label"]
        header = envelope.header
        sent = Sent(message.message_id, header.workflow, label, header.attempt, header.seed, header.fork)

        async def effect() -> None:
            journal, before = self._line.world.journal, self._line.world.held()
            await self._sender.send(message)
            is_taken = self._line.world.held() > before
            if is_taken:
                journal.sent.append(sent)
            dropped = "" if is_taken else ", a duplicate that the bus drops"
            journal.note(f"{self._line.life.name}: published {told}{dropped}")

        told = f"{sent.message_id[:6]} (workflow {sent.workflow}, step {sent.step}, try {sent.number})"
        if self._line.rejects(sent):
            self._line.world.journal.note(f"{self._line.life.name}: {told} is rejected permanently")
            raise MessageRefusedError(f"publishing {told} failed", queue=QUEUE)
        await self._line.call(f"publishing {told}", effect)

    async def _send_stray(self, message: OutgoingMessage) -> None:
        async def effect() -> None:
            before = self._line.world.held()
            await self._sender.send(message)
            self._line.world.journal.strays[message.correlation_id] += self._line.world.held() > before

        await self._line.call(f"publishing {message.message_id[:6]} of {message.correlation_id}", effect)

    async def send_many(self, messages: Sequence[OutgoingMessage]) -> Sequence[BusError | None]:
        raise NotImplementedError  # neither workers nor operators send so

    async def close(self) -> None:
        """Nothing to close."""


class _Receiver:
    def __init__(self, line: _Line, receiver: Receiver, *, is_own: bool) -> None:
        self._line, self._receiver, self._is_own = line, receiver, is_own
        self._locked_until: dict[int, datetime] = {}

    async def open(self) -> None:
        await self._receiver.open()

    async def receive(self, max_messages: int, max_wait_seconds: float) -> Sequence[Delivery]:
        if self._line.life.is_dead:
            raise asyncio.CancelledError
        found = await self._receiver.receive(max_messages, max_wait_seconds)
        if not found:
            return found

        async def effect() -> Sequence[Delivery]:
            return found

        for delivery in found:
            if self._is_own and not stranger.is_strange(delivery):  # nor a dead letter that an operator takes
                self._line.world.journal.deliveries[delivery.message_id or ""] += 1
            if delivery.enqueued_time is not None:
                self._line.clock.note_enqueued(delivery.enqueued_time, self._line.clock.monotonic())
            self._locked_until[delivery.sequence_number] = delivery.locked_until
        return await self._line.call(
            f"receiving {', '.join((delivery.message_id or '')[:6] for delivery in found)}", effect
        )

    async def set_prefetch(self, count: int) -> None:
        await self._receiver.set_prefetch(count)

    async def stop(self) -> None:
        await self._receiver.stop()

    async def peek(self, max_messages: int, from_sequence_number: int = 1) -> Sequence[Message]:
        return await self._receiver.peek(max_messages, from_sequence_number)

    async def complete(self, delivery: Delivery, *, confirmed: bool = True) -> None:
        await self._settle(
            "completing", delivery, lambda: self._receiver.complete(delivery, confirmed=confirmed)
        )

    async def abandon(self, delivery: Delivery) -> None:
        await self._settle("abandoning", delivery, lambda: self._receiver.abandon(delivery))

    async def release(self, delivery: Delivery) -> None:
        await self._settle("releasing", delivery, lambda: self._receiver.release(delivery))

    async def dead_letter(self, delivery: Delivery, reason: str, description: str) -> None:
        await self._settle(
            f"dead-lettering ({reason})",
            delivery,
            lambda: self._receiver.dead_letter(delivery, reason, description),
        )

    async def renew_lock(self, delivery: Delivery) -> datetime:
        asked_at = self._line.clock.monotonic()
        locked_until = await self._line.call(
            f"renewing the lock of {(delivery.message_id or '')[:6]}",
            lambda: self._receiver.renew_lock(delivery),
        )
        self._line.clock.note_locked(self._locked_until[delivery.sequence_number], asked_at)
        self._locked_until[delivery.sequence_number] = locked_until
        return locked_until

    async def _settle(
        self, what: str, delivery: Delivery, effect: Callable[[], Coroutine[Any, Any, None]]
    ) -> None:
        what = f"{what} {(delivery.message_id or '')[:6]}"
        asked_at = self._line.clock.monotonic()
        await self._line.call(what, effect)
        self._line.clock.note_locked(self._locked_until[delivery.sequence_number], asked_at)
        self._line.world.journal.note(f"{self._line.life.name}: {what}")

    async def close(self) -> None:
        await self._receiver.close()


def _refusal(what: str) -> BusError | OutcomeStoreError:
    if what in {"asking the store", "saving an outcome"}:
        return OutcomeStoreError(f"{what} failed")
    if what.startswith(("publishing", "receiving", "renewing")):
        return BusError(f"{what} failed", queue=QUEUE, is_transient=True)
    return SettlementError(f"{what} failed", queue=QUEUE)


def _belonging(
    loop: asyncio.AbstractEventLoop, coro: Coroutine[Any, Any, Any], **options: Any
) -> asyncio.Task[Any]:
    """A task dies with the worker that began it."""
    task = asyncio.Task(coro, loop=loop, **options)
    if (life := _life.get()) is not None:
        life.tasks.add(task)
        task.add_done_callback(life.tasks.discard)
    return task


def quiet() -> Iterator[None]:
    """The workers' log lines are not wanted while worlds run by the thousand."""
    log = logging.getLogger("boilermaker.app")
    level, log.level = log.level, logging.CRITICAL + 1
    yield
    log.setLevel(level)
