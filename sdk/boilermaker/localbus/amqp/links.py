"""The links that carry messages: those that clients send to, and those that they receive from."""

import uuid
from typing import Any, Protocol, cast

from proton import Delivery, Link, symbol, ulong

from boilermaker.localbus.amqp import messages as amqp_messages
from boilermaker.localbus.amqp.faults import Answer, FaultInjector, no_answer
from boilermaker.localbus.amqp.formats import Formats
from boilermaker.localbus.amqp.messages import DEAD_LETTER_DESCRIPTION, DEAD_LETTER_REASON
from boilermaker.localbus.amqp.namespace import Namespace, now
from boilermaker.localbus.amqp.transfers import Transfers, accept, condition_of, failure, reject
from boilermaker.localbus.amqp.wire import Wire
from boilermaker.localbus.faults import Refused
from boilermaker.localbus.messages import LockLost, NotAllowed, QueueError, StoredMessage
from boilermaker.localbus.queue import Queue

BATCH_FORMAT = 0x80013700  # "a batch envelope's message-format"

_CREDIT = 1000  # messages that a sender may have in flight
_SETTLED: int = cast("Any", Link).SND_SETTLED
# Service Bus's own texts, some of which clients parse; the two spaces are Service Bus's too.
_NO_SESSION_ID = (
    "The SessionId was not set on a message, and it cannot be sent to the entity. Entities that have session support "
    "enabled can only receive messages that have the SessionId set to a valid value."
)
_DISTINCT_IDS = (
    "Batching brokered messages with distinct SessionId, PartitionKey, or MessageId  is not supported for an entity with "
    "partitioning and duplicate detection enabled."
)
_BATCH_ENVELOPE_BYTES = 4096  # maximum size of a batch's envelope


class Role(Protocol):
    """The role of a link."""

    @property
    def queue_name(self) -> str | None:
        """The queue that the link is for; None if it is for none."""
        ...

    def on_delivery(self, delivery: Delivery) -> None:
        """A transfer or a disposition has arrived."""
        ...

    def on_flow(self) -> None:
        """The peer's credit has changed."""
        ...

    def on_gone(self) -> None:
        """The link or its connection is closed."""
        ...


class SendingLink:
    """A link on which a client sends messages to a queue."""

    def __init__(
        self, link: Link, queue: Queue, namespace: Namespace, formats: Formats, injector: FaultInjector
    ) -> None:
        self._link, self._queue, self._namespace, self._injector = link, queue, namespace, injector
        self._formats = formats
        self.queue_name = queue.name
        limit = queue.settings.max_message_size
        self._transfers = Transfers(link, limit, allowance=_BATCH_ENVELOPE_BYTES)
        link.flow(_CREDIT)

    def on_delivery(self, delivery: Delivery) -> None:
        """A transfer, or a part of one."""
        try:
            data = self._transfers.take(delivery)
        except QueueError as error:
            self._formats.take(self._link.name)
            reject(delivery, condition_of(error), str(error))
        else:
            if data is None:
                return
            is_batch = self._formats.take(self._link.name) == BATCH_FORMAT
            self._injector.run(
                "send",
                self.queue_name,
                self._link,
                do=lambda: self._store(delivery, data, is_batch=is_batch),
                refuse=lambda why: reject(delivery, why.condition, why.description),
            )
        if self._link.credit < _CREDIT / 2:
            self._link.flow(_CREDIT - self._link.credit)

    def _store(self, delivery: Delivery, data: bytes, *, is_batch: bool) -> Answer:
        try:
            parts = amqp_messages.unbatch(data) if is_batch else [data]
            messages = [amqp_messages.incoming(part) for part in parts]
            if self._queue.settings.requires_session and not all(map(amqp_messages.has_session, messages)):
                raise NotAllowed(_NO_SESSION_ID)
            if is_batch and self._queue.settings.takes_one_id and len({m.message_id for m in messages}) > 1:
                raise NotAllowed(_DISTINCT_IDS)
            if is_batch:
                self._queue.send_batch(messages, now())
            else:
                self._queue.send(messages[0], now())
        except QueueError as error:
            said = error
            return lambda: reject(delivery, condition_of(said), str(said))
        self._namespace.touch(self._queue)
        return lambda: accept(delivery)

    def on_flow(self) -> None:
        """Ignored: this side grants a sender's credit."""

    def on_gone(self) -> None:
        """Nothing to release."""


def announce_limits(link: Link, queue: Queue) -> None:
    """Announce the maximum sizes of messages and batches when a sender's link is opened."""
    limit = queue.settings.max_message_size
    link.max_message_size = limit
    link.properties = {symbol("com.microsoft:max-message-batch-size"): ulong(queue.settings.max_batch_size)}


class ReceivingLink:
    """A link on which a client receives messages from a queue and settles them."""

    def __init__(
        self, link: Link, queue: Queue, namespace: Namespace, wire: Wire, injector: FaultInjector
    ) -> None:
        self._link, self._queue, self._namespace, self._wire, self._injector = (
            link, queue, namespace, wire, injector,
        )  # fmt: skip
        self._tokens: dict[Delivery, uuid.UUID] = {}
        self.is_settled = link.remote_snd_settle_mode == _SETTLED
        self.queue_name = queue.name
        namespace.join(queue, self)

    def can_take(self) -> bool:
        """Whether the link has credit and the client reads."""
        return self._wire.is_writable and self._link.credit > 0

    def deliver(self, message: StoredMessage) -> None:
        """Send a message."""
        self._injector.run("deliver", self.queue_name, self._link, do=lambda: self._send(message))

    def _send(self, message: StoredMessage) -> Answer:
        # "The delivery-tag is the lock token": its bytes as .NET writes a Guid.
        token = message.lock_token or uuid.uuid4()
        send: Any = self._link  # proton's annotations require a str for a tag; AMQP needs bytes
        delivery: Delivery = send.delivery(token.bytes_le)
        self._link.send(amqp_messages.outgoing(message))
        self._link.advance()
        if self.is_settled:
            delivery.settle()
        else:
            self._tokens[delivery] = token
        self._wire.flush_soon()
        return no_answer

    def on_flow(self) -> None:
        """Deliver messages; if the receiver drains, return its remaining credit."""
        if self._link.drain_mode:
            self._namespace.deliver(self._queue)
            self._link.drained()
        else:
            self._namespace.touch(self._queue)

    def on_delivery(self, delivery: Delivery) -> None:
        """A disposition: the client settles a message."""
        state: Any = delivery.remote_state
        if not delivery.settled and state not in _OUTCOMES:
            return
        token = self._tokens.pop(delivery, None)
        if token is None:
            delivery.settle()
            return
        self._injector.run(
            "settle",
            self.queue_name,
            self._link,
            do=lambda: self._settle(token, delivery),
            refuse=lambda why: _refuse_settlement(delivery, why),
        )

    def _settle(self, token: uuid.UUID, delivery: Delivery) -> Answer:
        try:
            settle(self._queue, token, delivery)
        except LockLost as error:
            lost = Refused(condition_of(error), str(error), 410)
            return lambda: _refuse_settlement(delivery, lost)
        finally:
            self._namespace.touch(self._queue)
        return lambda: _confirm_settlement(delivery)

    def on_gone(self) -> None:
        """Locked messages stay locked until their locks expire or they are settled over the management link."""
        self._tokens.clear()
        self._namespace.leave(self._queue, self)


def _confirm_settlement(delivery: Delivery) -> None:
    state: Any = delivery.remote_state
    if state in _OUTCOMES:
        delivery.update(state)  # the service "echoes the outcome it applied"
    delivery.settle()


def _refuse_settlement(delivery: Delivery, why: Refused) -> None:
    delivery.local.condition = failure(why.condition, why.description)
    delivery.update(Delivery.REJECTED)
    delivery.settle()


_OUTCOMES = {Delivery.ACCEPTED, Delivery.RELEASED, Delivery.MODIFIED, Delivery.REJECTED}


def settle(queue: Queue, token: uuid.UUID, delivery: Delivery) -> None:
    """Settle a message as its disposition asks; the outcomes are those of "AMQP 1.0 in Azure Service Bus".

    Raises:
        LockLost: the lock has expired.
    """
    state: Any = delivery.remote_state
    if state == Delivery.ACCEPTED:
        queue.complete(token, now())
    elif state == Delivery.REJECTED:
        condition = delivery.remote.condition
        info = condition.info if condition is not None and isinstance(condition.info, dict) else {}
        queue.dead_letter(
            token,
            _text(info, DEAD_LETTER_REASON),
            _text(info, DEAD_LETTER_DESCRIPTION),
            now(),
            amqp_messages.modified(info, without=(DEAD_LETTER_REASON, DEAD_LETTER_DESCRIPTION)),
        )
    elif state == Delivery.MODIFIED:
        # "abandon": modified, whatever `delivery-failed` says (azure-sdk-for-js issue 15116); "defer": undeliverable-here.
        act = queue.defer if delivery.remote.undeliverable else queue.abandon
        act(token, now(), amqp_messages.modified(delivery.remote.annotations))
    else:
        queue.release(token, now())


def _text(info: dict[Any, Any], name: str) -> str | None:
    value = info.get(name)
    return None if value is None else str(value)
