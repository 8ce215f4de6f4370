"""The queue against a model that is too simple to be wrong: a list, searched anew at each step."""

import uuid
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from boilermaker.localbus.messages import Incoming, LockLost
from boilermaker.localbus.queue import Queue
from boilermaker.localbus.settings import QueueSettings

START = datetime(2030, 1, 1, tzinfo=UTC)
LOCK = 30
MAX_DELIVERIES = 3
WINDOW = 60


@dataclass
class Modelled:
    """A message as the model sees it; times in seconds since the start."""

    content: int
    active_from: int
    order: tuple[int, int]
    life: int | None
    deliveries: int = 0
    locked_until: int | None = None
    place: str = "queue"

    @property
    def ends(self) -> int | None:
        return None if self.life is None else self.active_from + self.life


class QueueMachine(RuleBasedStateMachine):
    """Sends, receives, settles and lets time go by, a second at a time in the model."""

    def __init__(self) -> None:
        super().__init__()
        self.queue = Queue(
            QueueSettings(
                name="q",
                lock_duration=timedelta(seconds=LOCK),
                max_delivery_count=MAX_DELIVERIES,
                duplicate_detection_window=timedelta(seconds=WINDOW),
            )
        )
        self.seconds = 0
        self.sent = 0
        self.model: list[Modelled] = []
        self.seen: dict[str, int] = {}
        self.tokens: dict[uuid.UUID, Modelled | None] = {}

    @property
    def now(self) -> datetime:
        return START + timedelta(seconds=self.seconds)

    @rule(
        message_id=st.sampled_from(["a", "b", "c", None, None]),
        delay=st.sampled_from([0, 0, 5, 40]),
        life=st.sampled_from([None, None, 10, 50]),
    )
    def send(self, message_id: str | None, delay: int, life: int | None) -> None:
        self.sent += 1
        number = self.queue.send(
            Incoming(
                content=self.sent,
                size=1,
                message_id=message_id,
                time_to_live=None if life is None else timedelta(seconds=life),
                scheduled_enqueue_time=self.now + timedelta(seconds=delay),
            ),
            self.now,
        )
        is_duplicate = message_id is not None and self.seconds - self.seen.get(message_id, -WINDOW) < WINDOW
        assert is_duplicate == (number is None)
        if not is_duplicate:
            if message_id is not None:
                self.seen[message_id] = self.seconds
            active_from = self.seconds + delay
            self.model.append(Modelled(self.sent, active_from, (active_from, self.sent), life))

    @rule()
    def receive(self) -> None:
        stored = self.queue.receive(self.now)
        ready = [m for m in self.in_queue() if m.active_from <= self.seconds and m.locked_until is None]
        expected = min(ready, key=lambda m: m.order, default=None)
        assert (expected and expected.content) == (stored and stored.content)
        if expected is not None and stored is not None and stored.lock_token is not None:
            assert expected.deliveries == stored.delivery_count
            expected.locked_until = self.seconds + LOCK
            self.tokens[stored.lock_token] = expected

    @precondition(lambda self: self.tokens)
    @rule(data=st.data(), how=st.sampled_from(["complete", "abandon", "release", "renew", "dead_letter"]))
    def settle(self, data: st.DataObject, how: str) -> None:
        token = data.draw(st.sampled_from(list(self.tokens)))
        held = self.tokens[token]
        try:
            details = ("why", None) if how == "dead_letter" else ()
            getattr(self.queue, how)(token, *details, self.now)
            is_lost = False
        except LockLost:
            is_lost = True
        assert (held is None) == is_lost
        if held is None:
            return
        if how == "renew":
            held.locked_until = self.seconds + LOCK
            return
        self.tokens[token] = None
        held.locked_until = None
        if how == "abandon":
            held.deliveries += 1
        if how == "complete":
            held.place = "gone"
        elif how == "dead_letter" or held.deliveries >= MAX_DELIVERIES or self.has_expired(held):
            held.place = "dead"

    @rule(seconds=st.sampled_from([1, 4, 10, 30, 61]))
    def time_goes_by(self, seconds: int) -> None:
        for _ in range(seconds):
            self.seconds += 1
            for token, held in self.tokens.items():
                if held is not None and held.locked_until == self.seconds:
                    self.tokens[token] = None
                    held.locked_until = None
                    held.deliveries += 1
                    if held.deliveries >= MAX_DELIVERIES:
                        held.place = "dead"
            for one in self.in_queue():
                if one.active_from <= self.seconds and one.locked_until is None and self.has_expired(one):
                    one.place = "dead"
        self.queue.advance(self.now)

    @invariant()
    def both_hold_the_same(self) -> None:
        assert self.queue.dead_letters is not None
        assert sorted(m.content for m in self.in_queue()) == sorted(
            int(str(m.content)) for m in self.queue.messages()
        )
        dead = sorted(m.content for m in self.model if m.place == "dead")
        assert dead == sorted(int(str(m.content)) for m in self.queue.dead_letters.messages())

    @invariant()
    def the_next_event_is_in_the_future(self) -> None:
        due = self.queue.next_event()
        assert due is None or due > self.now

    def in_queue(self) -> list[Modelled]:
        return [one for one in self.model if one.place == "queue"]

    def has_expired(self, one: Modelled) -> bool:
        return one.ends is not None and one.ends <= self.seconds


QueueMachine.TestCase.settings = settings(stateful_step_count=40)
TestQueueAgainstModel = QueueMachine.TestCase
