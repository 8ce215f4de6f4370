"""A queue's rules, one sentence each. Time is told, so nothing here waits."""

import uuid
from datetime import UTC, datetime, timedelta

import pytest

from boilermaker.localbus.agenda import Agenda
from boilermaker.localbus.messages import (
    BatchTooLong,
    Counts,
    Incoming,
    InvalidMessage,
    LockLost,
    MessageNotFound,
    MessageTooLarge,
    QueueError,
    StoredMessage,
)
from boilermaker.localbus.queue import Queue
from boilermaker.localbus.settings import QueueSettings

START = datetime(2030, 1, 1, tzinfo=UTC)
SECOND = timedelta(seconds=1)
LOCK = timedelta(seconds=30)


def queue_of(**settings: object) -> Queue:
    defaults: dict[str, object] = {
        "name": "orders",
        "lock_duration": LOCK,
        "duplicate_detection_window": None,
    }
    return Queue(QueueSettings(**{**defaults, **settings}))  # type: ignore[arg-type] # one row a test


def message(content: object = "m", **details: object) -> Incoming:
    return Incoming(**{"content": content, "size": 100, **details})  # type: ignore[arg-type] # as above


def take(queue: Queue, now: datetime = START) -> StoredMessage:
    stored = queue.receive(now)
    assert stored is not None
    return stored


def token_of(stored: StoredMessage) -> uuid.UUID:
    assert stored.lock_token is not None
    return stored.lock_token


def dead(queue: Queue) -> list[tuple[object, str | None]]:
    assert queue.dead_letters is not None
    return [(stored.content, stored.dead_letter_reason) for stored in queue.dead_letters.messages()]


def test_messages_come_in_the_order_of_sending():
    """First in, first out, with sequence numbers from 1."""
    queue = queue_of()
    assert [1, 2, 3] == queue.send_batch([message("a"), message("b"), message("c")], START)
    assert ["a", "b", "c"] == [take(queue).content for _ in range(3)]
    assert queue.receive(START) is None


def test_a_locked_message_is_invisible_until_its_lock_ends():
    """Then it comes again, under another token, with a delivery counted."""
    queue = queue_of()
    queue.send(message(), START)
    first = token_of(take(queue))
    assert queue.receive(START + LOCK - SECOND) is None
    again = take(queue, START + LOCK)
    assert 1 == again.delivery_count
    assert first != again.lock_token


SETTLEMENTS = ["complete", "abandon", "release", "defer", "renew"]


def settle(queue: Queue, how: str, token: uuid.UUID, now: datetime) -> None:
    if how == "dead_letter":
        queue.dead_letter(token, "why", "because", now)
    else:
        getattr(queue, how)(token, now)


@pytest.mark.parametrize("how", [*SETTLEMENTS, "dead_letter"])
def test_nothing_settles_under_a_lock_that_has_ended(how: str):
    """The message goes on as if nothing had been asked."""
    queue = queue_of()
    queue.send(message(), START)
    token = token_of(take(queue))
    with pytest.raises(LockLost):
        settle(queue, how, token, START + LOCK)
    assert 1 == take(queue, START + LOCK).delivery_count


@pytest.mark.parametrize("how", [*SETTLEMENTS, "dead_letter"])
def test_nothing_settles_twice(how: str):
    """A token is worth one settlement."""
    queue = queue_of()
    queue.send(message(), START)
    token = token_of(take(queue))
    queue.complete(token, START)
    with pytest.raises(LockLost):
        settle(queue, how, token, START)


@pytest.mark.parametrize(
    ("how", "delivered_before"),
    [("abandon", 1), ("release", 0)],
)
def test_what_is_given_back_comes_first_again(how: str, delivered_before: int):
    """An abandoned message counts a delivery, a released one does not."""
    queue = queue_of()
    queue.send_batch([message("a"), message("b")], START)
    settle(queue, how, token_of(take(queue)), START)
    again = take(queue)
    assert ("a", delivered_before) == (again.content, again.delivery_count)


def test_a_renewed_lock_lasts_from_the_renewal():
    """And the end that it had before means nothing any more."""
    queue = queue_of()
    queue.send(message(), START)
    token = token_of(take(queue))
    assert START + SECOND + LOCK == queue.renew(token, START + SECOND)
    assert queue.receive(START + LOCK) is None
    assert 1 == take(queue, START + SECOND + LOCK).delivery_count


@pytest.mark.parametrize("ends_by", ["abandon", "lock"])
def test_the_last_delivery_leads_to_the_dead_letters(ends_by: str):
    """Whether it was abandoned or its lock ended."""
    queue = queue_of(max_delivery_count=2)
    queue.send(message(), START)
    now = START
    for _ in range(2):
        token = token_of(take(queue, now))
        if ends_by == "abandon":
            queue.abandon(token, now)
        now += LOCK
    assert queue.receive(now) is None
    assert [("m", "MaxDeliveryCountExceeded")] == dead(queue)


def test_releasing_never_leads_to_the_dead_letters():
    """Ten deploys in a row leave the delivery count as it was."""
    queue = queue_of(max_delivery_count=1)
    queue.send(message(), START)
    for _ in range(10):
        queue.release(token_of(take(queue)), START)
    assert 0 == take(queue).delivery_count


def test_a_dead_letter_carries_reason_description_and_its_number():
    """All that an operator needs; it can be received and completed as anything else."""
    queue = queue_of()
    queue.send(message(), START)
    queue.dead_letter(token_of(take(queue)), "why", "because", START)
    letters = queue.dead_letters
    assert letters is not None
    letter = take(letters)
    assert ("why", "because", 1) == (
        letter.dead_letter_reason,
        letter.dead_letter_description,
        letter.sequence_number,
    )
    letters.complete(token_of(letter), START)
    assert [] == letters.messages()


def test_dead_letters_are_never_buried_deeper():
    """However often they are abandoned, and whatever their time to live was."""
    queue = queue_of(max_delivery_count=1)
    queue.send(message(time_to_live=SECOND), START)
    queue.dead_letter(token_of(take(queue)), "why", None, START)
    letters = queue.dead_letters
    assert letters is not None
    later = START + timedelta(days=100)
    for _ in range(5):
        letters.abandon(token_of(take(letters, later)), later)
    letters.dead_letter(token_of(take(letters, later)), "again", None, later)
    assert ("again", 5) == (take(letters, later).dead_letter_reason, 5)


def test_nobody_sends_to_the_dead_letters():
    """Only the queue itself does."""
    letters = queue_of().dead_letters
    assert letters is not None
    with pytest.raises(InvalidMessage):
        letters.send(message(), START)


def test_a_scheduled_message_becomes_active_at_its_time_under_a_new_number():
    """Appended as if it had been sent then."""
    queue = queue_of()
    scheduled = queue.send(message("late", scheduled_enqueue_time=START + SECOND), START)
    queue.send(message("now"), START)
    assert START + SECOND == queue.next_event()
    assert "now" == take(queue).content
    assert queue.receive(START) is None
    late = take(queue, START + LOCK - SECOND)
    assert ("late", START + SECOND) == (late.content, late.enqueued_time)
    assert scheduled != late.sequence_number


def test_a_schedule_in_the_past_means_now():
    """No detour through the scheduled state."""
    queue = queue_of()
    queue.send(message(scheduled_enqueue_time=START - SECOND), START)
    assert "m" == take(queue).content


def test_cancelling_takes_all_or_nothing():
    """One number that is not scheduled, and everything stays."""
    queue = queue_of()
    later = START + SECOND
    first, second = queue.send_batch([message("a", scheduled_enqueue_time=later)] * 2, START)
    assert first is not None
    assert second is not None
    with pytest.raises(MessageNotFound):
        queue.cancel_scheduled([first, 99], START)
    queue.cancel_scheduled([first], START)
    with pytest.raises(MessageNotFound):
        queue.cancel_scheduled([second], later)
    assert "a" == take(queue, later).content
    assert queue.receive(later) is None


def test_a_deferred_message_comes_only_by_its_number():
    """Locked like any other; given back it stays deferred."""
    queue = queue_of()
    number = queue.send(message(), START)
    assert number is not None
    queue.defer(token_of(take(queue)), START)
    assert queue.receive(START) is None
    [stored] = queue.receive_deferred([number], START)
    with pytest.raises(MessageNotFound):
        queue.receive_deferred([number], START)
    queue.abandon(token_of(stored), START)
    assert queue.receive(START) is None
    [stored] = queue.receive_deferred([number], START)
    queue.complete(token_of(stored), START)
    assert Counts(active=0, locked=0, scheduled=0, deferred=0, dead_letter=0) == queue.counts()


@pytest.mark.parametrize(
    ("settings", "own", "lives"),
    [
        ({}, 5 * SECOND, 5 * SECOND),
        ({"default_time_to_live": 5 * SECOND}, None, 5 * SECOND),
        ({"default_time_to_live": 5 * SECOND}, 9 * SECOND, 5 * SECOND),
        ({"default_time_to_live": 5 * SECOND}, 2 * SECOND, 2 * SECOND),
    ],
)
def test_a_message_expires_after_the_shorter_of_both_lives(
    settings: dict[str, object], own: timedelta | None, lives: timedelta
):
    """The queue's default is also the most that a message may ask for."""
    queue = queue_of(**settings)
    queue.send(message(time_to_live=own), START)
    assert START + lives == queue.next_event()
    assert queue.receive(START + lives) is None
    assert [("m", "TTLExpiredException")] == dead(queue)


def test_expired_messages_vanish_where_the_queue_says_so():
    """`dead_letter_on_expiration=False` is Azure's default."""
    queue = queue_of(dead_letter_on_expiration=False)
    queue.send(message(time_to_live=SECOND), START)
    queue.advance(START + SECOND)
    assert ([], []) == (queue.messages(), dead(queue))


def test_a_lock_outlives_the_message_it_is_on():
    """A message does not expire under a lock; once given back it does."""
    queue = queue_of()
    queue.send(message(time_to_live=SECOND), START)
    token = token_of(take(queue))
    queue.advance(START + 2 * SECOND)
    assert [] == dead(queue)
    queue.release(token, START + 2 * SECOND)
    assert [("m", "TTLExpiredException")] == dead(queue)


def test_a_life_starts_when_the_message_becomes_active():
    """Waiting for its schedule costs nothing, even if nobody looked in between."""
    queue = queue_of()
    queue.send(message(scheduled_enqueue_time=START + LOCK, time_to_live=2 * SECOND), START)
    assert "m" == take(queue, START + LOCK + SECOND).content
    queue.send(message("x", scheduled_enqueue_time=START + 2 * LOCK, time_to_live=2 * SECOND), START + LOCK)
    queue.advance(START + 9 * LOCK)
    assert ("x", "TTLExpiredException") in dead(queue)


def test_a_life_beyond_the_calendar_is_for_ever():
    """.NET's TimeSpan.MaxValue is what some clients send."""
    queue = queue_of()
    queue.send(message(time_to_live=timedelta.max), START)
    assert queue.next_event() is None


def test_a_duplicate_is_accepted_and_dropped():
    """Completed, scheduled or locked: the id counts, and only within the window."""
    window = timedelta(minutes=1)
    queue = queue_of(duplicate_detection_window=window)
    queue.send(message(message_id="a"), START)
    queue.complete(token_of(take(queue)), START)
    assert queue.send(message(message_id="a"), START + window - SECOND) is None
    assert queue.send(message(message_id="a", scheduled_enqueue_time=START + LOCK), START + SECOND) is None
    assert queue.receive(START + LOCK) is None
    assert queue.send(message(message_id="a"), START + window) is not None


def test_a_duplicate_does_not_prolong_the_window():
    """It counts from the first message of that id that was kept."""
    window = timedelta(minutes=1)
    queue = queue_of(duplicate_detection_window=window)
    queue.send(message(message_id="a"), START)
    queue.send(message(message_id="a"), START + window / 2)
    assert queue.send(message(message_id="a"), START + window) is not None


def test_a_cancelled_schedule_keeps_its_id():
    """The history knows what was accepted, not what became of it."""
    queue = queue_of(duplicate_detection_window=timedelta(minutes=1))
    number = queue.send(message(message_id="a", scheduled_enqueue_time=START + LOCK), START)
    assert number is not None
    queue.cancel_scheduled([number], START)
    assert queue.send(message(message_id="a"), START) is None


def test_messages_without_id_are_never_duplicates():
    """There is nothing to compare."""
    queue = queue_of(duplicate_detection_window=timedelta(minutes=1))
    assert [1, 2] == queue.send_batch([message(), message()], START)


@pytest.mark.parametrize(
    ("incoming", "error"),
    [
        (message(size=256 * 1024 + 1), MessageTooLarge),
        (message(message_id="x" * 129), InvalidMessage),
        (message(largest_property=32 * 1024 + 1), InvalidMessage),
        (message(properties_size=64 * 1024 + 1), InvalidMessage),
    ],
)
def test_a_batch_with_one_message_over_a_limit_is_refused_whole(incoming: Incoming, error: type[QueueError]):
    """Size 256 KB, id 128 characters, a property 32 KB, properties 64 KB; right at the limit is fine."""
    queue = queue_of()
    at_the_limit = message(message_id="x" * 128, largest_property=32 * 1024, properties_size=64 * 1024)
    with pytest.raises(error):
        queue.send_batch([at_the_limit, incoming], START)
    assert [] == queue.messages()
    assert [1] == queue.send_batch([at_the_limit], START)
    assert 2 == queue.send(message(size=256 * 1024), START)


@pytest.mark.parametrize(
    ("max_message_size", "limit"), [(256 * 1024, 256 * 1024), (100 * 1024 * 1024, 1024 * 1024)]
)
def test_a_batch_has_limits_of_its_own(max_message_size: int, limit: int):
    """1 MB, or 256 KB where a message has no more, and 4,500 messages; a single message may be larger."""
    queue = queue_of(max_message_size=max_message_size)
    for batch, error in (
        ([message(size=limit // 2), message(size=limit // 2 + 1)], MessageTooLarge),
        ([message(size=1)] * 4501, BatchTooLong),
    ):
        with pytest.raises(error):
            queue.send_batch(batch, START)
    assert [] == queue.messages()
    assert [1, 2] == queue.send_batch([message(size=limit // 2)] * 2, START)
    assert 4500 == len(queue.send_batch([message(size=1)] * 4500, START))
    assert queue.send(message(size=max_message_size), START)


def test_what_receivers_modify_replaces_what_was_set_before():
    """Application properties that come with an abandon, a defer or a dead-lettering."""
    queue = queue_of()
    queue.send(message(), START)
    queue.abandon(token_of(take(queue)), START, {"a": 1, "b": 1})
    queue.defer(token_of(take(queue)), START, {"b": 2})
    [held] = queue.receive_deferred([1], START)
    queue.dead_letter(token_of(held), None, None, START, {"c": 3})
    assert queue.dead_letters is not None
    assert {"a": 1, "b": 2, "c": 3} == take(queue.dead_letters).modified


def test_peeking_shows_everything_and_changes_nothing():
    """Locked, scheduled, deferred and active messages, from a number on."""
    queue = queue_of()
    queue.send_batch([message("a"), message("b"), message("c")], START)
    queue.send(message("late", scheduled_enqueue_time=START + LOCK), START)
    queue.defer(token_of(take(queue)), START)
    token = token_of(take(queue))
    assert ["b", "c", "late"] == [seen.content for seen in queue.peek(2, 10, START)]
    assert ["a", "b"] == [seen.content for seen in queue.peek(0, 2, START)]
    assert queue.has_lock(token, START)
    assert Counts(active=2, locked=1, scheduled=1, deferred=1, dead_letter=0) == queue.counts()


def test_receive_and_delete_leaves_nothing():
    """No lock, no second delivery."""
    queue = queue_of()
    queue.send(message(), START)
    stored = queue.receive_and_delete(START)
    assert stored is not None
    assert ("m", None) == (stored.content, stored.lock_token)
    assert ([], None) == (queue.messages(), queue.receive_and_delete(START))


def test_next_event_is_the_earliest_that_still_holds():
    """What was settled or cancelled has no future."""
    queue = queue_of()
    assert queue.next_event() is None
    number = queue.send(message(scheduled_enqueue_time=START + SECOND), START)
    assert number is not None
    queue.send(message(), START)
    token = token_of(take(queue))
    assert START + SECOND == queue.next_event()
    queue.cancel_scheduled([number], START)
    assert START + LOCK == queue.next_event()
    queue.complete(token, START)
    assert queue.next_event() is None


def test_settled_locks_do_not_pile_up():
    """A queue through which a million messages pass in a lock's time keeps no note of each."""
    agenda = Agenda({})  # a queue that has nothing any more
    for number in range(5_000):
        agenda.add(START, StoredMessage(incoming=message(), sequence_number=number, enqueued_time=START))
    assert len(agenda) < 2_000


def test_who_asked_is_told_of_dead_letters():
    """However they died."""
    told: list[str | None] = []
    queue = Queue(
        QueueSettings(name="orders", duplicate_detection_window=None),
        on_dead_letter=lambda _, stored: told.append(stored.dead_letter_reason),
    )
    queue.send_batch([message(), message(time_to_live=SECOND)], START)
    queue.dead_letter(token_of(take(queue)), "why", None, START)
    queue.advance(START + SECOND)
    assert ["why", "TTLExpiredException"] == told


@pytest.mark.parametrize("name", ["a", "Orders", "a/b/c", "a-b.c_d", "x" * 260])
def test_names_that_service_bus_takes(name: str):
    """Letters, digits, and in between periods, hyphens, underscores, slashes."""
    assert name == QueueSettings(name=name).name


@pytest.mark.parametrize("name", ["", "-a", "a-", "a b", "a$b", "ä", "x" * 261, "a\n", "/a"])
def test_names_that_service_bus_refuses(name: str):
    """The message says what a name may be."""
    with pytest.raises(ValueError, match="1 to 260 letters"):
        QueueSettings(name=name)


@pytest.mark.parametrize(
    ("setting", "value", "said"),
    [
        ("lock_duration", timedelta(0), "lock duration"),
        ("lock_duration", timedelta(minutes=5, seconds=1), "lock duration"),
        ("max_delivery_count", 0, "delivery count"),
        ("duplicate_detection_window", timedelta(days=8), "duplicate detection window"),
        ("default_time_to_live", timedelta(0), "time to live"),
        ("max_message_size", 10, "message size"),
    ],
)
def test_settings_that_service_bus_refuses(setting: str, value: object, said: str):
    """The message names queue and setting."""
    with pytest.raises(ValueError, match=f"orders: .*{said}"):
        queue_of(**{setting: value})
