"""One queue with the semantics of Service Bus, pure: no sockets, no threads, no clock of its own.

Every call is told what time it is, so a real clock and a virtual one drive the same code. Two faces stand on it: `amqp`
(sockets, for real clients) and `transport.memory` (no sockets). Rules are those of "Message transfers, locks, and
settlement", "Duplicate detection", "Message sequencing and timestamps", "Overview of dead-letter queues" in the Azure
Service Bus documentation.
"""

import heapq
import re
import uuid
from collections import OrderedDict, deque
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import Enum

MAX_MESSAGE_ID = 128
_NAME = re.compile(r"^[A-Za-z0-9$][A-Za-z0-9._/$-]{0,258}[A-Za-z0-9]$|^[A-Za-z0-9]$")
DEAD_LETTER_SUFFIX = "/$deadletterqueue"


class QueueError(Exception):
    """The queue refuses; the faces turn it into an AMQP condition or an error of the port."""


class LockLost(QueueError):
    """The lock has expired, or was never this one's."""


class MessageTooLarge(QueueError):
    """The message is larger than the queue takes."""


class InvalidMessage(QueueError):
    """A property breaks a limit of Service Bus."""


@dataclass(frozen=True, kw_only=True)
class QueueSettings:
    """What is set when a queue is created.

    Attributes:
        name: 1 to 260 letters, digits, `.`, `-`, `_`, `/`; begins and ends with a letter or digit.
        duplicate_detection_window: None switches detection off.
        max_message_size: bytes, all properties included; 256 KB as on the Standard tier.

    Raises:
        ValueError: a name or number that Service Bus would refuse.
    """

    name: str
    lock_duration: timedelta = timedelta(seconds=60)
    max_delivery_count: int = 10
    duplicate_detection_window: timedelta | None = timedelta(minutes=10)
    default_time_to_live: timedelta | None = None
    dead_letter_on_expiration: bool = True
    requires_session: bool = False
    max_message_size: int = 256 * 1024

    def __post_init__(self) -> None:
        if not _NAME.match(self.name):
            raise ValueError(
                f"{self.name!r} is no name for a queue: 1 to 260 letters, digits, periods, hyphens, underscores and "
                "slashes, with a letter or digit at both ends"
            )
        if not timedelta(0) < self.lock_duration <= timedelta(minutes=5):
            raise ValueError(f"{self.name}: the lock duration is more than 0 and at most 5 minutes")
        if self.max_delivery_count < 1:
            raise ValueError(f"{self.name}: the maximum delivery count is 1 or more")
        if self.max_message_size < 1024:
            raise ValueError(f"{self.name}: the maximum message size is 1 KB or more")


@dataclass(frozen=True, kw_only=True)
class Incoming:
    """A message as a sender hands it over. `content` is the face's own form of it, kept untouched."""

    content: object
    size: int
    message_id: str | None = None
    time_to_live: timedelta | None = None
    scheduled_enqueue_time: datetime | None = None


class State(Enum):
    """Where a message is in its life; the numbers are those of `x-opt-message-state`."""

    ACTIVE = 0
    DEFERRED = 1
    SCHEDULED = 2


@dataclass(eq=False, kw_only=True)
class StoredMessage:
    """A message in the queue. `delivery_count` counts deliveries that ended without settlement."""

    incoming: Incoming
    sequence_number: int
    enqueued_time: datetime
    state: State = State.ACTIVE
    expires_at: datetime | None = None
    delivery_count: int = 0
    lock_token: uuid.UUID | None = None
    locked_until: datetime | None = None
    dead_letter_reason: str | None = None
    dead_letter_description: str | None = None
    dead_letter_source: str | None = None
    properties_to_modify: dict[str, object] = field(default_factory=dict[str, object])

    @property
    def content(self) -> object:
        """The face's own form of the message."""
        return self.incoming.content


class Queue:
    """One queue and, unless it is one, its dead-letter sub-queue."""

    def __init__(self, settings: QueueSettings, *, is_dead_letter: bool = False) -> None:
        self.settings = settings
        self.name = settings.name + (DEAD_LETTER_SUFFIX if is_dead_letter else "")
        self.dead_letters: Queue | None = None if is_dead_letter else Queue(settings, is_dead_letter=True)
        self._next_number = 1
        self._messages: OrderedDict[int, StoredMessage] = OrderedDict()
        self._ready: deque[int] = deque()  # sequence numbers, active and not locked, in order of delivery
        self._scheduled: list[tuple[datetime, int]] = []
        self._locks: dict[uuid.UUID, int] = {}
        self._lock_ends: list[tuple[datetime, int, uuid.UUID]] = []
        self._expiries: list[tuple[datetime, int]] = []
        self._ids: OrderedDict[str, datetime] = OrderedDict()

    # ---- sending

    def send(self, incoming: Incoming, now: datetime) -> int | None:
        """Enqueue; returns the sequence number, or None where a duplicate was accepted and dropped.

        Raises:
            MessageTooLarge: over `max_message_size`.
            InvalidMessage: a message id of more than 128 characters.
        """
        self.check(incoming)
        self.advance(now)
        if self._is_duplicate(incoming.message_id, now):
            return None
        number = self._next_number
        self._next_number += 1
        message = StoredMessage(incoming=incoming, sequence_number=number, enqueued_time=now)
        self._messages[number] = message
        due = incoming.scheduled_enqueue_time
        if due is not None and due > now:
            message.state = State.SCHEDULED
            heapq.heappush(self._scheduled, (due, number))
        else:
            self._activate(message, now)
        return number

    def check(self, incoming: Incoming) -> None:
        """Whether the queue would take it. Raises as `send`."""
        if incoming.size > self.settings.max_message_size:
            raise MessageTooLarge(
                f"the message has {incoming.size} bytes, {self.settings.name} takes {self.settings.max_message_size}"
            )
        if incoming.message_id is not None and len(incoming.message_id) > MAX_MESSAGE_ID:
            raise InvalidMessage(f"a message id has at most {MAX_MESSAGE_ID} characters")

    def cancel_scheduled(self, numbers: Iterable[int]) -> None:
        """Remove scheduled messages that have not become active.

        Raises:
            InvalidMessage: one of them is not there or not scheduled; none is removed.
        """
        wanted = list(numbers)
        for number in wanted:
            message = self._messages.get(number)
            if message is None or message.state is not State.SCHEDULED:
                raise InvalidMessage(f"no scheduled message has the sequence number {number}")
        for number in wanted:
            del self._messages[number]

    # ---- receiving

    def receive(self, now: datetime) -> StoredMessage | None:
        """Lock and return the next message, if there is one."""
        self.advance(now)
        while self._ready:
            message = self._messages.get(self._ready.popleft())
            if message is None or message.lock_token is not None:
                continue
            message.lock_token = uuid.uuid4()
            message.locked_until = now + self.settings.lock_duration
            self._locks[message.lock_token] = message.sequence_number
            self._watch_lock(message)
            return message
        return None

    def receive_and_delete(self, now: datetime) -> StoredMessage | None:
        """Remove and return the next message, if there is one."""
        message = self.receive(now)
        if message is not None and message.lock_token is not None:
            self.complete(message.lock_token, now)
        return message

    def peek(self, from_number: int, count: int, now: datetime) -> list[StoredMessage]:
        """Up to `count` messages from this sequence number on, locked, scheduled or not, without locking them."""
        self.advance(now)
        found = (m for number, m in self._messages.items() if number >= from_number)
        return [message for message, _ in zip(found, range(count), strict=False)]

    # ---- settling

    def complete(self, token: uuid.UUID, now: datetime) -> None:
        """Remove the message. Raises LockLost."""
        del self._messages[self._take(token, now).sequence_number]

    def abandon(self, token: uuid.UUID, now: datetime, properties: dict[str, object] | None = None) -> None:
        """Give the lock up; counts a delivery. Raises LockLost."""
        message = self._take(token, now)
        message.properties_to_modify.update(properties or {})
        self._failed_delivery(message, now)

    def release(self, token: uuid.UUID, now: datetime) -> None:
        """Give the lock up without counting a delivery. Raises LockLost."""
        self._ready.appendleft(self._take(token, now).sequence_number)

    def dead_letter(
        self, token: uuid.UUID, reason: str | None, description: str | None, now: datetime
    ) -> None:
        """Move the message to the dead-letter sub-queue. Raises LockLost."""
        self._bury(self._take(token, now), reason, description, now)

    def renew(self, token: uuid.UUID, now: datetime) -> datetime:
        """Lock for another lock duration from now; returns until when. Raises LockLost."""
        self.advance(now)
        message = self._messages.get(self._locks.get(token, 0))
        if message is None:
            raise LockLost("the lock is lost: it expired, or the message was settled")
        message.locked_until = now + self.settings.lock_duration
        self._watch_lock(message)
        return message.locked_until

    def holds(self, token: uuid.UUID) -> bool:
        """Whether a lock with this token is held."""
        return token in self._locks

    # ---- time

    def advance(self, now: datetime) -> None:
        """Let happen what is due: locks run out, scheduled messages become active, messages expire."""
        while self._lock_ends and self._lock_ends[0][0] <= now:
            _, number, token = heapq.heappop(self._lock_ends)
            message = self._messages.get(number)
            if message is not None and message.lock_token == token and (message.locked_until or now) <= now:
                self._failed_delivery(self._unlock(message), now)
        while self._scheduled and self._scheduled[0][0] <= now:
            due, number = heapq.heappop(self._scheduled)
            if (message := self._messages.get(number)) is not None:
                message.enqueued_time = due
                self._activate(message, now)
        while self._expiries and self._expiries[0][0] <= now:
            _, number = heapq.heappop(self._expiries)
            message = self._messages.get(number)
            if message is not None and message.lock_token is None:
                self._expire(message, now)

    def next_event(self) -> datetime | None:
        """When time alone will change something that a receiver sees: a lock running out, a message becoming active."""
        times = [due for due, number in self._scheduled if number in self._messages]
        times += [end for end, _, token in self._lock_ends if token in self._locks]
        return min(times, default=None)

    # ---- looking

    def counts(self) -> dict[str, int]:
        """How many messages are active (locked ones included), locked, scheduled, and dead-lettered."""
        scheduled = sum(1 for message in self._messages.values() if message.state is State.SCHEDULED)
        return {
            "active": len(self._messages) - scheduled,
            "locked": len(self._locks),
            "scheduled": scheduled,
            "dead-letter": len(self.dead_letters._messages) if self.dead_letters is not None else 0,  # noqa: SLF001 - its own sub-queue
        }

    def messages(self) -> list[StoredMessage]:
        """Everything in the queue, by sequence number."""
        return list(self._messages.values())

    @property
    def has_ready(self) -> bool:
        """Whether something may be received now, as of the last call that told the time."""
        return bool(self._ready)

    # ---- inside

    def _activate(self, message: StoredMessage, now: datetime) -> None:
        message.state = State.ACTIVE
        ttl = message.incoming.time_to_live
        default = self.settings.default_time_to_live
        ttl = min(ttl, default) if ttl is not None and default is not None else ttl or default
        if ttl is not None and self.dead_letters is not None:
            message.expires_at = message.enqueued_time + ttl
            heapq.heappush(self._expiries, (message.expires_at, message.sequence_number))
        self._ready.append(message.sequence_number)
        if message.expires_at is not None and message.expires_at <= now:
            self._expire(message, now)

    def _watch_lock(self, message: StoredMessage) -> None:
        if message.lock_token is not None and message.locked_until is not None:
            heapq.heappush(
                self._lock_ends, (message.locked_until, message.sequence_number, message.lock_token)
            )

    def _take(self, token: uuid.UUID, now: datetime) -> StoredMessage:
        self.advance(now)
        message = self._messages.get(self._locks.get(token, 0))
        if message is None:
            raise LockLost("the lock is lost: it expired, or the message was settled")
        return self._unlock(message)

    def _unlock(self, message: StoredMessage) -> StoredMessage:
        if message.lock_token is not None:
            self._locks.pop(message.lock_token, None)
        message.lock_token = message.locked_until = None
        return message

    def _failed_delivery(self, message: StoredMessage, now: datetime) -> None:
        message.delivery_count += 1
        if message.expires_at is not None and message.expires_at <= now:
            self._expire(message, now)
        elif self.dead_letters is not None and message.delivery_count >= self.settings.max_delivery_count:
            count = message.delivery_count
            self._bury(
                message,
                "MaxDeliveryCountExceeded",
                f"Message could not be consumed after {count} delivery attempts.",
                now,
            )
        else:
            self._ready.appendleft(message.sequence_number)

    def _expire(self, message: StoredMessage, now: datetime) -> None:
        if self.settings.dead_letter_on_expiration:
            self._bury(message, "TTLExpiredException", "The message expired and was dead lettered.", now)
        else:
            self._messages.pop(message.sequence_number, None)

    def _bury(
        self, message: StoredMessage, reason: str | None, description: str | None, now: datetime
    ) -> None:
        if self.dead_letters is None:  # a dead letter that is dead-lettered again stays where it is
            self._ready.append(message.sequence_number)
            return
        self._messages.pop(message.sequence_number, None)
        self.dead_letters._receive_dead(message, reason, description, now)  # noqa: SLF001 - its own sub-queue

    def _receive_dead(
        self, message: StoredMessage, reason: str | None, description: str | None, now: datetime
    ) -> None:
        message.state = State.ACTIVE
        message.expires_at = None
        message.enqueued_time = now
        message.dead_letter_reason = reason
        message.dead_letter_description = description
        message.dead_letter_source = self.settings.name
        self._messages[message.sequence_number] = message
        self._ready.append(message.sequence_number)

    def _is_duplicate(self, message_id: str | None, now: datetime) -> bool:
        window = self.settings.duplicate_detection_window
        if window is None or not message_id:
            return False
        while self._ids and next(iter(self._ids.values())) + window <= now:
            self._ids.popitem(last=False)
        if message_id in self._ids:
            return True
        self._ids[message_id] = now
        return False
