"""An AMQP 1.0 front for the queues, on qpid-proton: what azure-servicebus clients talk to.

Everything here runs in the container's thread. A client that sends nonsense loses its connection or gets an AMQP
error; nobody else notices.
"""

import contextlib
import logging
import uuid
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, cast

import cproton
from proton import Condition, Delivery, Terminus, symbol
from proton.handlers import MessagingHandler

from boilermaker.localbus import amqp_management, amqp_messages
from boilermaker.localbus.messages import LockLost, MessageTooLarge, QueueError
from boilermaker.localbus.queue import DEAD_LETTER_SUFFIX, Queue

_C: Any = cproton  # the C library under proton, which has no types
log = logging.getLogger("boilermaker.local")

_UNSPECIFIED: int = cast("Any", Terminus).UNSPECIFIED
_CREDIT = 1000  # messages that a sender may have under way
_MANAGEMENT = "/$management"
_CBS = "$cbs"
_TIMER_SECONDS = 0.05


def _now() -> datetime:
    return datetime.now(UTC)


class Front(MessagingHandler):
    """Serves queues to AMQP clients."""

    def __init__(self, address: str, queues: Mapping[str, Queue]) -> None:
        super().__init__(auto_accept=False, auto_settle=False, prefetch=0, peer_close_is_error=False)
        self._address = address
        self._queues = {name.lower(): queue for name, queue in queues.items()}
        self._receivers: dict[str, list[Any]] = {}
        self._replies: dict[tuple[str, str], Any] = {}
        self._connections: list[Any] = []
        self._acceptor: Any = None
        self._container: Any = None
        self.started: Any = None
        """Called once the front listens."""

    # ---- connections

    def on_start(self, event: Any) -> None:
        """Listen."""
        self._container = event.container
        self._acceptor = event.container.listen(self._address)
        event.container.schedule(_TIMER_SECONDS, self)
        if self.started is not None:
            self.started()

    def on_stop_asked(self, event: Any) -> None:  # noqa: ARG002 - the shape of a handler
        """Stop listening and close all connections."""
        if self._acceptor is not None:
            self._acceptor.close()
        for connection in self._connections:
            connection.close()
        self._container.stop()

    def on_drop_asked(self, event: Any) -> None:  # noqa: ARG002 - the shape of a handler
        """Cut all connections without a word, as a network does."""
        for connection in list(self._connections):
            with contextlib.suppress(Exception):
                connection.transport.close_head()
                connection.transport.close_tail()

    def on_call_asked(self, event: Any) -> None:
        """Run something in this thread."""
        event.subject()

    def on_connection_opening(self, event: Any) -> None:
        """A client has come."""
        self._connections.append(event.connection)

    def on_transport_closed(self, event: Any) -> None:
        """A client has gone; what it had locked stays locked until the locks expire."""
        connection = event.connection
        self._connections = [known for known in self._connections if known != connection]
        for links in self._receivers.values():
            links[:] = [link for link in links if link.connection != connection]
        self._replies = {key: link for key, link in self._replies.items() if link.connection != connection}

    def on_transport_error(self, event: Any) -> None:
        """A client broke the protocol or vanished."""
        condition = event.transport.condition
        log.warning("A connection ended: %s", condition.description if condition else "no reason given")

    def on_timer_task(self, event: Any) -> None:
        """Deliver what time has made ready."""
        now = _now()
        for name, links in self._receivers.items():
            if links:
                queue = self._queue(name)
                if queue is not None:
                    queue.advance(now)
                    self._deliver(name)
        event.container.schedule(_TIMER_SECONDS, self)

    # ---- links

    def on_link_opening(self, event: Any) -> None:
        """Attach a link, or refuse it as Service Bus does."""
        link = event.link
        address = _entity(link.remote_source.address if link.is_sender else link.remote_target.address)
        link.source.copy(link.remote_source)
        link.target.copy(link.remote_target)
        link.snd_settle_mode = link.remote_snd_settle_mode
        link.rcv_settle_mode = link.remote_rcv_settle_mode
        queue = self._queue(address)
        if (refused := self._refusal(address, queue, is_receiver=link.is_sender)) is not None:
            self._refuse(link, refused)
            return
        link.context = address
        if link.is_sender:
            if _is_request(address):
                self._replies[event.connection.remote_container, address] = link
            else:
                self._receivers.setdefault(address, []).append(link)
                log.info("A receiver attached to %s", address)
        else:
            if queue is not None:
                link.max_message_size = queue.settings.max_message_size
            link.flow(_CREDIT)

    def _refusal(self, address: str, queue: Queue | None, *, is_receiver: bool) -> Condition | None:
        if address == _CBS:
            return None
        if queue is None:
            return Condition("amqp:not-found", f"The messaging entity '{address}' could not be found.")
        if queue.settings.requires_session and is_receiver and not _is_request(address):
            text = "It is not possible for an entity that requires sessions to create a non-sessionful message receiver."
            return Condition("amqp:not-allowed", text)
        return None

    def _refuse(self, link: Any, condition: Condition) -> None:
        log.warning("Refused a link: %s", condition.description)
        link.source.type = link.target.type = _UNSPECIFIED
        link.condition = condition
        link.open()
        self._container.schedule(0.005, _Closing(link))  # attach and detach in frames of their own

    def on_link_closing(self, event: Any) -> None:
        """A client detaches; proton answers."""
        for links in self._receivers.values():
            if event.link in links:
                links.remove(event.link)
                log.info("A receiver detached from %s", event.link.context)

    def on_link_flow(self, event: Any) -> None:
        """A receiver gives credit, or takes it back."""
        link = event.link
        if link.is_sender and link.context and not _is_request(link.context):
            self._deliver(link.context)
            if link.drain_mode:
                link.drained()

    # ---- messages

    def on_delivery(self, event: Any) -> None:
        """A transfer or a disposition."""
        link, delivery = event.link, event.delivery
        if link.context is None:
            return
        if link.is_receiver:
            if delivery.aborted:
                delivery.settle()
            elif delivery.readable and not delivery.partial:
                data = bytes(link.recv(delivery.pending))
                link.advance()
                link.flow(1)
                self._received(event, link, delivery, data)
        elif delivery.updated and (delivery.remote_state or delivery.settled):
            self._settled(link, delivery)

    def _received(self, event: Any, link: Any, delivery: Any, data: bytes) -> None:
        if _is_request(link.context):
            self._request(event, link, delivery, data)
            return
        queue = self._queue(link.context)
        if queue is None:
            return
        try:
            messages = [amqp_messages.incoming(part) for part in amqp_messages.unbatch(data)]
            for message in messages:
                queue.check(message)
            for message in messages:
                queue.send(message, _now())
        except MessageTooLarge as error:
            self._reject(delivery, "amqp:link:message-size-exceeded", error)
        except QueueError as error:
            self._reject(delivery, "amqp:invalid-field", error)
        else:
            delivery.update(Delivery.ACCEPTED)
            delivery.settle()
            self._deliver(link.context)

    def _request(self, event: Any, link: Any, delivery: Any, data: bytes) -> None:
        try:
            request = amqp_messages.decode(data)
        except QueueError as error:
            self._reject(delivery, "amqp:decode-error", error)
            return
        delivery.update(Delivery.ACCEPTED)
        delivery.settle()
        answer = self._replies.get((event.connection.remote_container, link.context))
        if answer is not None:
            queue = None if link.context == _CBS else self._queue(link.context)
            answer.send(amqp_management.reply_to(request, queue, _now()))
            if queue is not None:
                self._deliver(link.context.removesuffix(_MANAGEMENT))

    def _reject(self, delivery: Any, condition: str, error: Exception) -> None:
        # azure-servicebus waits for ever for an answer whose error has no third field; proton leaves out an empty one.
        delivery.local.condition = Condition(condition, str(error), {symbol("queue"): delivery.link.context})
        delivery.update(Delivery.REJECTED)
        delivery.settle()

    def _deliver(self, name: str) -> None:
        """Send what is ready to those with credit, in turn."""
        links, queue = self._receivers.get(name), self._queue(name)
        while links and queue is not None:
            link = next((candidate for candidate in links if candidate.credit > 0), None)
            if link is None:
                return
            is_settled = link.snd_settle_mode == link.SND_SETTLED
            stored = queue.receive_and_delete(_now()) if is_settled else queue.receive(_now())
            if stored is None:
                return
            links.append(links.pop(links.index(link)))
            tag = stored.lock_token or uuid.uuid4()
            delivery = link.delivery(tag.bytes_le)
            link.send(amqp_messages.outgoing(stored))
            if is_settled:
                delivery.settle()
            link.advance()

    def _settled(self, link: Any, delivery: Any) -> None:
        queue = self._queue(link.context)
        token = uuid.UUID(bytes_le=_C.bytes2pybytes(_C.lib.pn_delivery_tag(delivery._impl)))  # noqa: SLF001 - `tag` decodes as text
        if queue is None:
            return
        try:
            _dispose(queue, token, delivery)
        except LockLost as error:
            delivery.local.condition = Condition("com.microsoft:message-lock-lost", str(error))
            delivery.update(Delivery.REJECTED)
        else:
            if delivery.remote_state:
                delivery.update(delivery.remote_state)
        delivery.settle()
        self._deliver(link.context)
        self._deliver(link.context.removesuffix(DEAD_LETTER_SUFFIX) + DEAD_LETTER_SUFFIX)

    def _queue(self, address: str) -> Queue | None:
        name = address.removesuffix(_MANAGEMENT)
        is_dead = name.endswith(DEAD_LETTER_SUFFIX)
        queue = self._queues.get(name.removesuffix(DEAD_LETTER_SUFFIX))
        return queue.dead_letters if is_dead and queue is not None else queue


class _Closing:
    def __init__(self, link: Any) -> None:
        self._link = link

    def on_timer_task(self, event: Any) -> None:  # noqa: ARG002 - the shape of a handler
        self._link.close()


def _dispose(queue: Queue, token: uuid.UUID, delivery: Any) -> None:
    now = _now()
    match delivery.remote_state:
        case Delivery.ACCEPTED:
            queue.complete(token, now)
        case Delivery.RELEASED:
            queue.release(token, now)
        case Delivery.MODIFIED:
            if delivery.remote.failed:
                queue.abandon(token, now)
            else:
                queue.release(token, now)
        case Delivery.REJECTED:
            condition = delivery.remote.condition
            info: dict[str, Any] = dict(condition.info or {}) if condition else {}
            queue.dead_letter(
                token, info.get("DeadLetterReason"), info.get("DeadLetterErrorDescription"), now
            )
        case _:
            if queue.has_lock(token, now):
                queue.release(token, now)


def _entity(address: str | None) -> str:
    text = address or ""
    return (text.split("/", 3)[-1] if "://" in text else text).lower()


def _is_request(address: str) -> bool:
    return address == _CBS or address.endswith(_MANAGEMENT)
