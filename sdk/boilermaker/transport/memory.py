"""A bus in memory, for users' unit tests: no sockets, virtual time, and the queue code of the local Service Bus."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import msgspec

from boilermaker.errors import (
    BusError,
    LockLostError,
    MessageTooLargeError,
    QueueNotFoundError,
    SessionQueueError,
)
from boilermaker.localbus.messages import (
    Incoming,
    InvalidMessage,
    LockLost,
    MessageTooLarge,
    State,
    StoredMessage,
)
from boilermaker.localbus.queue import Queue
from boilermaker.localbus.settings import QueueSettings
from boilermaker.transport.port import Delivery, OutgoingMessage

_FIXED_OVERHEAD = 200  # bytes that AMQP sections take beside body and texts, about


class VirtualClock:
    """Time that moves when it is told to. Starts at the real time, so that schedules in users' tests make sense."""

    def __init__(self) -> None:
        self._now = datetime.now(UTC)

    def now(self) -> datetime:
        """The virtual time, UTC."""
        return self._now

    def advance_to(self, then: datetime) -> None:
        """Move forward; never back."""
        self._now = max(self._now, then)


class MemoryMessage(msgspec.Struct, frozen=True, kw_only=True):
    """A message as a test looks at it."""

    body: bytes
    message_id: str
    subject: str
    correlation_id: str
    content_type: str
    properties: Mapping[str, object]
    sequence_number: int
    delivery_count: int
    scheduled_enqueue_time: datetime | None = None
    dead_letter_reason: str | None = None
    dead_letter_description: str | None = None


@dataclass(frozen=True, kw_only=True, eq=False)
class MemoryDelivery:
    """One message under a peek-lock."""

    stored: StoredMessage
    outgoing: OutgoingMessage
    token: object
    locked_until: datetime
    delivery_count: int

    @property
    def body(self) -> bytes:
        """The body."""
        return self.outgoing.body

    @property
    def message_id(self) -> str | None:
        """The message's id."""
        return self.outgoing.message_id

    @property
    def sequence_number(self) -> int:
        """The queue's number for it."""
        return self.stored.sequence_number

    @property
    def enqueued_time(self) -> datetime | None:
        """When it became active."""
        return self.stored.enqueued_time

    @property
    def subject(self) -> str | None:
        """The task's name."""
        return self.outgoing.subject

    @property
    def correlation_id(self) -> str | None:
        """The workflow's id."""
        return self.outgoing.correlation_id

    @property
    def properties(self) -> Mapping[str, object]:
        """Application properties."""
        return self.outgoing.properties


class InMemoryServiceBus:
    """A Service Bus namespace in memory.

    Args:
        queues: queues to create, by name or with settings.
        default_queue: the queue of workers that name none.
        create_queues: False refuses queues that are not declared, as Service Bus does.
    """

    def __init__(
        self, *queues: QueueSettings | str, default_queue: str = "tasks", create_queues: bool = True
    ) -> None:
        self.default_queue: str | None = default_queue
        self.clock = VirtualClock()
        self._create = create_queues
        self._queues: dict[str, Queue] = {}
        self._waiting: dict[str, set[asyncio.Event]] = {}
        for declared in queues:
            settings = QueueSettings(name=declared) if isinstance(declared, str) else declared
            self._queues[settings.name] = Queue(settings)

    def sender(self, queue: str) -> "MemorySender":
        """A sender to a queue."""
        return MemorySender(self, queue)

    def receiver(self, queue: str, *, prefetch: int = 0) -> "MemoryReceiver":  # noqa: ARG002 - nothing to fetch from afar
        """A receiver from a queue."""
        return MemoryReceiver(self, queue)

    async def close(self) -> None:
        """Nothing to close: messages stay, as they do in Service Bus."""

    # ---- time

    def advance(self, by: timedelta) -> None:
        """Let this much time go by."""
        self.clock.advance_to(self.clock.now() + by)
        self._let_happen()

    def next_event(self, queue: str | None = None) -> datetime | None:
        """When the next scheduled message or lapsed lock will show, in one queue or in any."""
        queues = list(self._queues.values()) if queue is None else [self.queue(queue)]
        return min((due for q in queues if (due := q.next_event()) is not None), default=None)

    def jump(self, queue: str) -> bool:
        """Move the clock to the next event of a queue; False where nothing is to come."""
        due = self.next_event(queue)
        if due is None:
            return False
        self.clock.advance_to(due)
        self._let_happen()
        return True

    # ---- looking

    def messages(self, queue: str) -> list[MemoryMessage]:
        """What is active in a queue, locked or not."""
        return [_shown(m) for m in self._looked_at(queue).messages() if m.state is State.ACTIVE]

    def scheduled(self, queue: str) -> list[MemoryMessage]:
        """What is scheduled for later."""
        return [_shown(m) for m in self._looked_at(queue).messages() if m.state is State.SCHEDULED]

    def dead_letters(self, queue: str) -> list[MemoryMessage]:
        """What is in the dead-letter sub-queue."""
        dead = self._looked_at(queue).dead_letters
        return [] if dead is None else [_shown(m) for m in dead.messages()]

    def queue(self, name: str) -> Queue:
        """The queue itself.

        Raises:
            QueueNotFoundError: there is none of that name, and `create_queues` is off.
        """
        found = self._queues.get(name)
        if found is None:
            if not self._create:
                known = ", ".join(sorted(self._queues)) or "none"
                raise QueueNotFoundError(f"there is no queue `{name}`; there are: {known}", queue=name)
            found = self._queues[name] = Queue(QueueSettings(name=name))
        return found

    def _looked_at(self, name: str) -> Queue:
        queue = self.queue(name)
        queue.advance(self.clock.now())
        return queue

    def _let_happen(self) -> None:
        for queue in self._queues.values():
            queue.advance(self.clock.now())
        for name in self._queues:
            self.wake(name)

    def wake(self, queue: str) -> None:
        """Tell waiting receivers to look again."""
        for event in self._waiting.get(queue, ()):
            event.set()

    async def wait(self, queue: str, seconds: float) -> None:
        """Wait, in real time, until something may have come."""
        event = asyncio.Event()
        self._waiting.setdefault(queue, set()).add(event)
        try:
            async with asyncio.timeout(seconds):
                await event.wait()
        except TimeoutError:
            pass  # nothing came
        finally:
            self._waiting[queue].discard(event)


class MemorySender:
    """Sends to one queue."""

    def __init__(self, bus: InMemoryServiceBus, queue: str) -> None:
        self._bus = bus
        self._name = queue

    @property
    def max_message_size(self) -> int:
        """Bytes that one message may have."""
        return self._bus.queue(self._name).settings.max_message_size

    async def open(self) -> None:
        """Raises QueueNotFoundError."""
        self._bus.queue(self._name)

    async def send(self, message: OutgoingMessage) -> None:
        """Enqueue. Raises as the port says."""
        await self.send_many([message])

    async def send_many(self, messages: Sequence[OutgoingMessage]) -> None:
        """Enqueue all of them or, where one is refused, none."""
        queue = self._bus.queue(self._name)
        incoming = [_incoming(message) for message in messages]
        try:
            for one in incoming:
                queue.check(one)
        except MessageTooLarge as error:
            raise MessageTooLargeError(str(error), queue=self._name) from None
        except InvalidMessage as error:
            raise BusError(str(error), queue=self._name) from None
        for one in incoming:
            queue.send(one, self._bus.clock.now())
        self._bus.wake(self._name)

    async def close(self) -> None:
        """Nothing to close."""


class MemoryReceiver:
    """Receives from one queue."""

    def __init__(self, bus: InMemoryServiceBus, queue: str) -> None:
        self._bus = bus
        self._name = queue

    async def open(self) -> None:
        """Raises QueueNotFoundError, SessionQueueError."""
        if self._bus.queue(self._name).settings.requires_session:
            raise SessionQueueError(
                f"the queue `{self._name}` requires sessions, which Boilermaker does not use; create one without",
                queue=self._name,
            )

    async def receive(self, max_messages: int, max_wait_seconds: float) -> Sequence[Delivery]:
        """What is there, at most `max_messages`; waits in real time where nothing is."""
        found = self._take(max_messages)
        if not found and max_wait_seconds > 0:
            await self._bus.wait(self._name, max_wait_seconds)
            found = self._take(max_messages)
        return found

    def _take(self, max_messages: int) -> list[Delivery]:
        queue = self._bus.queue(self._name)
        taken: list[Delivery] = []
        while len(taken) < max_messages and (stored := queue.receive(self._bus.clock.now())) is not None:
            taken.append(
                MemoryDelivery(
                    stored=stored,
                    outgoing=_outgoing(stored),
                    token=stored.lock_token,
                    locked_until=stored.locked_until or self._bus.clock.now(),
                    delivery_count=stored.delivery_count,
                )
            )
        return taken

    async def complete(self, delivery: Delivery, *, confirmed: bool = True) -> None:  # noqa: ARG002 - always confirmed
        """Remove the message."""
        self._settle(delivery, "complete")

    async def abandon(self, delivery: Delivery) -> None:
        """Give the lock up, counting a delivery."""
        self._settle(delivery, "abandon")

    async def release(self, delivery: Delivery) -> None:
        """Give the lock up, counting nothing."""
        self._settle(delivery, "release")

    async def dead_letter(self, delivery: Delivery, reason: str, description: str) -> None:
        """Move the message to the dead-letter sub-queue."""
        self._settle(delivery, "dead_letter", reason, description)

    async def renew_lock(self, delivery: Delivery) -> datetime:
        """Lock for another lock duration."""
        return self._settle(delivery, "renew")

    def _settle(self, delivery: Delivery, how: str, *details: str) -> datetime:
        token = delivery.token if isinstance(delivery, MemoryDelivery) else None
        now = self._bus.clock.now()
        try:
            until: datetime | None = getattr(self._bus.queue(self._name), how)(token, *details, now)
        except LockLost as error:
            raise LockLostError(str(error), queue=self._name) from None
        self._bus.wake(self._name)
        return until or now

    async def close(self) -> None:
        """Nothing is buffered here; locks stay until they expire."""


def _incoming(message: OutgoingMessage) -> Incoming:
    texts = (message.message_id, message.subject, message.content_type, message.correlation_id)
    properties = sum(len(name) + len(str(value)) + 4 for name, value in message.properties.items())
    return Incoming(
        content=_copy_of(message),
        size=len(message.body) + sum(len(text.encode()) for text in texts) + properties + _FIXED_OVERHEAD,
        message_id=message.message_id,
        scheduled_enqueue_time=message.scheduled_enqueue_time,
    )


def _copy_of(message: OutgoingMessage) -> OutgoingMessage:
    """The message with properties of its own: what the sender does with its dict later changes nothing."""
    return msgspec.structs.replace(message, properties=dict(message.properties))


def _outgoing(stored: StoredMessage) -> OutgoingMessage:
    content = stored.content
    if not isinstance(content, OutgoingMessage):
        raise BusError("this queue holds a message that did not come through this bus")
    return content


def _shown(stored: StoredMessage) -> MemoryMessage:
    message = _outgoing(stored)
    return MemoryMessage(
        body=message.body,
        message_id=message.message_id,
        subject=message.subject,
        correlation_id=message.correlation_id,
        content_type=message.content_type,
        properties=message.properties,
        sequence_number=stored.sequence_number,
        delivery_count=stored.delivery_count,
        scheduled_enqueue_time=message.scheduled_enqueue_time,
        dead_letter_reason=stored.dead_letter_reason,
        dead_letter_description=stored.dead_letter_description,
    )
