"""One queue with the semantics of Service Bus. Pure: no sockets, no threads, no clock.

Callers pass the time, so real and virtual clocks drive the same code. Two transports use it: `amqp` (sockets, for real
clients) and `transport.memory` (no sockets). The rules are those of "Message transfers, locks, and
settlement", "Duplicate detection", "Message sequencing and timestamps", "Message expiration" and "Overview of dead-letter
queues" in the Azure Service Bus documentation.
"""

import heapq
import uuid
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from boilermaker.localbus.agenda import Agenda
from boilermaker.localbus.messages import (
    MAX_BATCH_MESSAGES,
    MAX_MESSAGE_ID,
    MAX_PROPERTIES,
    MAX_PROPERTY,
    BatchTooLong,
    Counts,
    Incoming,
    InvalidMessage,
    LockLost,
    MessageNotFound,
    MessageTooLarge,
    State,
    StoredMessage,
)
from boilermaker.localbus.seen import SeenIds
from boilermaker.localbus.settings import QueueSettings

DEAD_LETTER_SUFFIX = "/$deadletterqueue"
TRANSFER_DEAD_LETTER_SUFFIX = "/$transfer/$deadletterqueue"


class Queue:
    """One queue with its dead-letter sub-queues, or one such sub-queue.

    The transfer dead-letter sub-queue stays empty: it is for messages that a queue fails to forward, and these queues do not
    forward.

    Args:
        settings: the queue's settings; its sub-queues share name, lock duration and sizes.
        on_dead_letter: called with the queue's name and each message that moves to the dead-letter sub-queue.
        sub_queue: the suffix of a sub-queue's name.
    """

    def __init__(
        self,
        settings: QueueSettings,
        *,
        on_dead_letter: Callable[[str, StoredMessage], None] | None = None,
        sub_queue: str = "",
    ) -> None:
        self.settings = settings
        self.name = settings.name + sub_queue
        self.dead_letters: Queue | None = None
        self.transfer_dead_letters: Queue | None = None
        if not sub_queue:
            self.dead_letters = Queue(settings, sub_queue=DEAD_LETTER_SUFFIX)
            self.transfer_dead_letters = Queue(settings, sub_queue=TRANSFER_DEAD_LETTER_SUFFIX)
        self._on_dead_letter = on_dead_letter
        self._last_number = 0
        self._messages: dict[int, StoredMessage] = {}
        self._ready: list[int] = []  # a heap of numbers; some may no longer be ready
        self._locks: dict[uuid.UUID, StoredMessage] = {}
        self._agenda = Agenda(self._messages)
        self._seen = SeenIds(settings.duplicate_detection_window)

    # ---- sending

    def send(self, incoming: Incoming, now: datetime) -> int | None:
        """Enqueue a message; returns its sequence number, or None if it was dropped as a duplicate.

        A scheduled message gets another sequence number when it becomes active.

        Raises:
            MessageTooLarge: over `max_message_size`.
            InvalidMessage: the message id has more than 128 characters, or properties are too large.
        """
        self.check(incoming)
        self.advance(now)
        return self._enqueue(incoming, now)

    def send_batch(self, batch: Sequence[Incoming], now: datetime) -> list[int | None]:
        """Enqueue all messages or, if one is rejected, none.

        Returns and raises as `send`, and:

        Raises:
            MessageTooLarge: the batch is larger than `QueueSettings.max_batch_size`.
            BatchTooLong: the batch has more than 4,500 messages.
        """
        if len(batch) > MAX_BATCH_MESSAGES:
            raise BatchTooLong(
                f"the batch has {len(batch):,} messages; the maximum is {MAX_BATCH_MESSAGES:,}"
            )
        if sum(incoming.size for incoming in batch) > self.settings.max_batch_size:
            raise MessageTooLarge(
                f"the batch is larger than the maximum of {self.settings.max_batch_size:,} bytes of the queue"
            )
        for incoming in batch:
            self.check(incoming)
        self.advance(now)
        return [self._enqueue(incoming, now) for incoming in batch]

    def check(self, incoming: Incoming) -> None:
        """Check that the queue would accept a message. Raises as `send`."""
        if self.dead_letters is None:
            raise InvalidMessage(f"messages cannot be sent to {self.name}")
        if incoming.size > self.settings.max_message_size:
            raise MessageTooLarge(
                f"the message has {incoming.size:,} bytes; the maximum of {self.name} is {self.settings.max_message_size:,}"
            )
        if incoming.message_id is not None and len(incoming.message_id) > MAX_MESSAGE_ID:
            raise InvalidMessage(f"a message id has at most {MAX_MESSAGE_ID} characters")
        if incoming.largest_property > MAX_PROPERTY:
            raise InvalidMessage(f"an application property has at most {MAX_PROPERTY:,} bytes")
        if incoming.properties_size > MAX_PROPERTIES:
            raise InvalidMessage(f"a message's properties have at most {MAX_PROPERTIES:,} bytes in all")

    def cancel_scheduled(self, numbers: Iterable[int], now: datetime) -> None:
        """Remove scheduled messages that have not become active. Their ids stay in the duplicate detection history.

        Raises:
            MessageNotFound: one of them does not exist or is not scheduled; none is removed.
        """
        self.advance(now)
        wanted = set(numbers)
        for number in sorted(wanted):
            message = self._messages.get(number)
            if message is None or message.state is not State.SCHEDULED:
                raise MessageNotFound(f"no scheduled message has the sequence number {number}")
        for number in wanted:
            del self._messages[number]

    # ---- receiving

    def receive(self, now: datetime) -> StoredMessage | None:
        """Lock and return the next message; None if there is none."""
        self.advance(now)
        if not self.has_ready:
            return None
        message = self._messages[heapq.heappop(self._ready)]
        self._lock(message, now)
        return message

    def receive_and_delete(self, now: datetime) -> StoredMessage | None:
        """Remove and return the next message; None if there is none."""
        self.advance(now)
        return self._messages.pop(heapq.heappop(self._ready)) if self.has_ready else None

    def receive_deferred(
        self, numbers: Iterable[int], now: datetime, *, delete: bool = False
    ) -> list[StoredMessage]:
        """Lock (or remove) deferred messages.

        Raises:
            MessageNotFound: one of them does not exist, is not deferred, or is locked; none is locked.
        """
        self.advance(now)
        found: list[StoredMessage] = []
        for number in dict.fromkeys(numbers):
            message = self._messages.get(number)
            if message is None or message.state is not State.DEFERRED or message.lock_token is not None:
                raise MessageNotFound(f"no deferred message has the sequence number {number}")
            found.append(message)
        for message in found:
            if delete:
                del self._messages[message.sequence_number]
            else:
                self._lock(message, now)
        return found

    def peek(self, from_number: int, count: int, now: datetime) -> list[StoredMessage]:
        """Up to `count` messages from this sequence number on, in any state, without locking them."""
        self.advance(now)
        numbers = heapq.nsmallest(count, (number for number in self._messages if number >= from_number))
        return [self._messages[number] for number in numbers]

    # ---- settling

    def complete(self, token: uuid.UUID, now: datetime) -> None:
        """Remove the message. Raises LockLost."""
        del self._messages[self._take(token, now).sequence_number]

    # `properties` replace application properties of the same names in all later deliveries.

    def abandon(self, token: uuid.UUID, now: datetime, properties: Mapping[str, Any] | None = None) -> None:
        """Release the lock and increase the delivery count. Raises LockLost."""
        self._failed_delivery(self._modified(token, now, properties), now)

    def release(self, token: uuid.UUID, now: datetime) -> None:
        """Release the lock without increasing the delivery count. Raises LockLost."""
        self._make_available(self._take(token, now), now)

    def defer(self, token: uuid.UUID, now: datetime, properties: Mapping[str, Any] | None = None) -> None:
        """Defer the message: it is received only by its sequence number. Raises LockLost."""
        self._modified(token, now, properties).state = State.DEFERRED

    def dead_letter(
        self,
        token: uuid.UUID,
        reason: str | None,
        description: str | None,
        now: datetime,
        properties: Mapping[str, Any] | None = None,
    ) -> None:
        """Move the message to the dead-letter sub-queue. Raises LockLost."""
        self._move_to_dead_letters(self._modified(token, now, properties), reason, description)

    def renew(self, token: uuid.UUID, now: datetime) -> datetime:
        """Renew the lock for the lock duration from now; returns when it expires. Raises LockLost."""
        message = self._held(token, now)
        return self._watch_lock(message, now)

    def lose_locks(self, now: datetime) -> None:
        """Expire all locks; each increases the delivery count of its message."""
        self.advance(now)
        for message in list(self._locks.values()):
            self._unlock(message)
            self._failed_delivery(message, now)

    def has_lock(self, token: uuid.UUID, now: datetime) -> bool:
        """Whether this lock token is valid."""
        self.advance(now)
        return token in self._locks

    # ---- time

    def advance(self, now: datetime) -> None:
        """Process due events in order: locks expire, scheduled messages become active, messages expire."""
        for when, message in self._agenda.due(now):
            self._on_due(message, when)
        if self.dead_letters is not None:
            self.dead_letters.advance(now)

    def next_event(self) -> datetime | None:
        """The time of the next event: a lock expires, a scheduled message becomes active, or a message expires."""
        return self._agenda.next()

    # ---- inspecting

    @property
    def has_ready(self) -> bool:
        """Whether a message can be received, as of the last call with a time."""
        while self._ready:
            message = self._messages.get(self._ready[0])
            if message is not None and message.lock_token is None and message.state is State.ACTIVE:
                return True
            heapq.heappop(self._ready)
        return False

    def counts(self) -> Counts:
        """Numbers of messages by state."""
        scheduled = sum(message.state is State.SCHEDULED for message in self._messages.values())
        deferred = sum(message.state is State.DEFERRED for message in self._messages.values())
        return Counts(
            active=len(self._messages) - scheduled - deferred,
            locked=len(self._locks),
            scheduled=scheduled,
            deferred=deferred,
            dead_letter=0 if self.dead_letters is None else len(self.dead_letters.messages()),
        )

    def messages(self) -> list[StoredMessage]:
        """All messages of the queue, by sequence number."""
        return [self._messages[number] for number in sorted(self._messages)]

    # ---- internals

    def _enqueue(self, incoming: Incoming, now: datetime) -> int | None:
        if self._seen.is_duplicate(incoming.message_id, now):
            return None
        self._last_number += 1
        message = StoredMessage(incoming=incoming, sequence_number=self._last_number, enqueued_time=now)
        self._messages[message.sequence_number] = message
        due = incoming.scheduled_enqueue_time
        if due is not None and due > now:
            message.state = State.SCHEDULED
            message.scheduled_for = due
            self._agenda.add(due, message)
        else:
            self._activate(message, now)
        return message.sequence_number

    def _activate(self, message: StoredMessage, when: datetime) -> None:
        message.state = State.ACTIVE
        message.enqueued_time = when
        message.expires_at = self._end_of_life(message)
        if message.expires_at is not None:
            self._agenda.add(message.expires_at, message)
        heapq.heappush(self._ready, message.sequence_number)

    def _end_of_life(self, message: StoredMessage) -> datetime | None:
        lives = [
            life
            for life in (message.incoming.time_to_live, self.settings.default_time_to_live)
            if life is not None
        ]
        try:
            return message.enqueued_time + min(lives) if lives else None
        except OverflowError:  # beyond datetime's range: never expires
            return None

    def _lock(self, message: StoredMessage, now: datetime) -> None:
        message.lock_token = uuid.uuid4()
        self._locks[message.lock_token] = message
        self._watch_lock(message, now)

    def _watch_lock(self, message: StoredMessage, now: datetime) -> datetime:
        message.locked_until = now + self.settings.lock_duration
        self._agenda.add(message.locked_until, message, message.lock_token)
        return message.locked_until

    def _held(self, token: uuid.UUID, now: datetime) -> StoredMessage:
        self.advance(now)
        message = self._locks.get(token)
        if message is None:
            raise LockLost("the lock is lost: it expired, or the message was already settled")
        return message

    def _take(self, token: uuid.UUID, now: datetime) -> StoredMessage:
        message = self._held(token, now)
        self._unlock(message)
        return message

    def _modified(
        self, token: uuid.UUID, now: datetime, properties: Mapping[str, Any] | None
    ) -> StoredMessage:
        message = self._take(token, now)
        message.modified |= properties or {}
        return message

    def _unlock(self, message: StoredMessage) -> None:
        if message.lock_token is not None:
            del self._locks[message.lock_token]
        message.lock_token = message.locked_until = None

    def _on_due(self, message: StoredMessage, when: datetime) -> None:
        if message.lock_token is not None:
            self._unlock(message)
            self._failed_delivery(message, when)
        elif message.state is State.SCHEDULED:
            # "As the message transitions to the active state, the message is appended to the queue as if it had been
            # enqueued at the current instant, which includes assigning a new SequenceNumber."
            del self._messages[message.sequence_number]
            self._last_number += 1
            message.sequence_number = self._last_number
            self._messages[self._last_number] = message
            self._activate(message, when)
        else:
            self._expire(message)

    def _failed_delivery(self, message: StoredMessage, now: datetime) -> None:
        message.delivery_count += 1
        if self.dead_letters is not None and message.delivery_count >= self.settings.max_delivery_count:
            self._move_to_dead_letters(
                message,
                "MaxDeliveryCountExceeded",
                f"Message could not be consumed after {message.delivery_count} delivery attempts.",
            )
        else:
            self._make_available(message, now)

    def _make_available(self, message: StoredMessage, now: datetime) -> None:
        if message.state is State.DEFERRED:  # it stays deferred until it is completed or dead-lettered
            return
        if message.expires_at is not None and message.expires_at <= now:
            self._expire(message)
        else:
            heapq.heappush(self._ready, message.sequence_number)
            if message.expires_at is not None:  # may have been skipped while it was locked
                self._agenda.add(message.expires_at, message)

    def _expire(self, message: StoredMessage) -> None:
        if self.settings.dead_letter_on_expiration:
            self._move_to_dead_letters(
                message, "TTLExpiredException", "The message expired and was dead lettered."
            )
        else:
            del self._messages[message.sequence_number]

    def _move_to_dead_letters(
        self, message: StoredMessage, reason: str | None, description: str | None
    ) -> None:
        message.dead_letter_reason = reason
        message.dead_letter_description = description
        message.state = State.ACTIVE
        message.expires_at = None  # "there's no time to live in the dead-letter queue"
        if (
            self.dead_letters is None
        ):  # a dead letter that is dead-lettered again stays here, with its new reason
            heapq.heappush(self._ready, message.sequence_number)
            return
        del self._messages[message.sequence_number]
        self.dead_letters._messages[message.sequence_number] = message  # noqa: SLF001 - its own sub-queue
        heapq.heappush(self.dead_letters._ready, message.sequence_number)  # noqa: SLF001 - its own sub-queue
        if self._on_dead_letter is not None:
            self._on_dead_letter(self.settings.name, message)
