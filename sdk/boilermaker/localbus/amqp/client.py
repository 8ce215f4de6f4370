"""One client's connection: opens sessions, and accepts or rejects links as Service Bus does."""

import asyncio
import logging
from collections.abc import Callable
from typing import Any, cast

from proton import Condition, Connection, Data, Delivery, Event, EventType, Link, Session, Terminus

from boilermaker.localbus.amqp.faults import Answer, FaultInjector, no_answer
from boilermaker.localbus.amqp.links import ReceivingLink, Role, SendingLink, announce_limits
from boilermaker.localbus.amqp.management import CBS, MANAGEMENT, RepliesLink, RequestsLink
from boilermaker.localbus.amqp.namespace import Namespace
from boilermaker.localbus.amqp.wire import Wire
from boilermaker.localbus.faults import Faults, Refused
from boilermaker.localbus.queue import Queue

log = logging.getLogger("boilermaker.local")

_UNSPECIFIED: int = cast("Any", Terminus).UNSPECIFIED
_MAP: int = cast("Any", Data).MAP
_VANISHED = "connection aborted"  # proton's text for a socket that ends without AMQP's close
_LATE_DETACH = "no such channel"  # azure-servicebus 7 detaches its management links after the session's end
_SESSION_FILTER = "com.microsoft:session-filter"
_NEEDS_SESSION = (
    "It is not possible for an entity that requires sessions to create a non-sessionful message receiver."
)
_NO_SESSIONS = (
    "A sessionful message receiver cannot be created on an entity that does not require sessions. Ensure RequiresSession is "
    "set to true when creating a Queue or Subscription to enable sessionful behavior."
)


class Refusal(Exception):  # noqa: N818 - it is an answer, not an error of ours
    """An attach is rejected."""

    def __init__(self, condition: str, description: str) -> None:
        super().__init__(description)
        self.condition = condition
        self.description = description


class Client:
    """Handles the events of one connection and gives each link its role."""

    def __init__(
        self, namespace: Namespace, wire: Wire, faults: Faults, loop: asyncio.AbstractEventLoop
    ) -> None:
        self._namespace = namespace
        self._wire = wire
        self._injector = FaultInjector(faults, wire, loop, self._has, self._detach)
        self._attaching: set[Link] = set()
        self._roles: dict[Link, Role] = {}
        self._replies: dict[str, RepliesLink] = {}
        self._hear: dict[EventType, Callable[[Event], None]] = {
            Event.CONNECTION_REMOTE_OPEN: lambda event: _endpoint(event.connection).open(),
            Event.CONNECTION_REMOTE_CLOSE: lambda event: _endpoint(event.connection).close(),
            Event.SESSION_REMOTE_OPEN: lambda event: _endpoint(event.session).open(),
            Event.SESSION_REMOTE_CLOSE: lambda event: self._on_session_closed(event.session),
            Event.LINK_REMOTE_OPEN: lambda event: self._on_attach(_link(event)),
            Event.LINK_REMOTE_CLOSE: lambda event: self._on_detached(_link(event)),
            Event.LINK_REMOTE_DETACH: lambda event: self._on_detached(_link(event)),
            Event.LINK_FLOW: self._on_flow,
            Event.DELIVERY: self._on_delivery,
            Event.TRANSPORT_ERROR: self._on_error,
        }

    # ---- called by the wire

    def on_connected(self) -> None:
        """The socket is open."""
        self._injector.begin()

    def handle(self, event: Event) -> None:
        """One event of the protocol engine."""
        hear = self._hear.get(event.type)
        if hear is not None:
            hear(event)

    def on_writable(self) -> None:
        """The client reads again: deliver waiting messages."""
        for role in self._roles.values():
            role.on_flow()

    def on_gone(self) -> None:
        """The socket is closed."""
        roles, self._roles = self._roles, {}
        self._attaching.clear()
        for role in roles.values():
            role.on_gone()
        self._replies.clear()

    @property
    def links(self) -> int:
        """Number of links of this client."""
        return len(self._roles)

    def detach_all(self, queue: str | None, why: Refused) -> None:
        """Detach all links to a queue, or to any queue, with a reason."""
        for link, role in list(self._roles.items()):
            if role.queue_name is not None and (queue is None or role.queue_name.lower() == queue.lower()):
                self._detach(link, why)
        self._wire.flush_soon()

    def _has(self, link: Link) -> bool:
        return link in self._roles or link in self._attaching

    def _detach(self, link: Link, why: Refused) -> None:
        self._attaching.discard(link)
        self._forget(link)
        link.condition = Condition(why.condition, why.description)
        link.close()

    # ---- events

    def _on_flow(self, event: Event) -> None:
        if (role := self._roles.get(_link(event))) is not None:
            role.on_flow()

    def _on_delivery(self, event: Event) -> None:
        delivery = cast("Delivery", event.delivery)
        role = self._roles.get(delivery.link)
        if role is not None:
            role.on_delivery(delivery)
        elif delivery.link.is_receiver:  # sent to a link that was refused
            delivery.settle()

    def _on_error(self, event: Event) -> None:
        condition = event.transport.condition if event.transport is not None else None
        if condition is None:
            return
        if condition.description == _VANISHED:
            log.info("%s disconnected without closing the connection", self._wire.peer)
        elif str(condition.description).startswith(_LATE_DETACH):
            log.debug("%s detached a link after the end of its session", self._wire.peer)
        else:
            log.warning("%s violated the AMQP protocol: %s", self._wire.peer, condition.description)

    def _on_session_closed(self, session: Session | None) -> None:
        for link in [link for link in self._roles if link.session == session]:
            self._forget(link)
        _endpoint(session).close()

    def _on_detached(self, link: Link) -> None:
        self._forget(link)
        link.close()
        link.free()

    def _forget(self, link: Link) -> None:
        self._attaching.discard(link)
        role = self._roles.pop(link, None)
        if role is None:
            return
        role.on_gone()
        if isinstance(role, ReceivingLink):
            log.info("%s no longer receives from %s", self._wire.peer, role.queue_name)
        for address in [address for address, replies in self._replies.items() if replies is role]:
            del self._replies[address]

    # ---- attaching

    def _on_attach(self, link: Link) -> None:
        self._attaching.add(link)
        if (
            address := _address_of(link)
        ) == CBS:  # a client that is rejected here waits forever for its token
            self._attach(link)
            return
        self._injector.run(
            "attach",
            address.removesuffix(MANAGEMENT),
            link,
            do=lambda: self._attach(link),
            refuse=lambda refused: self._refuse(link, Refusal(refused.condition, refused.description)),
        )

    def _attach(self, link: Link) -> Answer:
        self._attaching.discard(link)
        try:
            self._roles[link] = self._role_of(link)
        except Refusal as refusal:
            self._refuse(link, refusal)
        return no_answer

    def _refuse(self, link: Link, refusal: Refusal) -> None:
        """Attach without source or target, then detach with the reason: this is how AMQP rejects a link."""
        self._attaching.discard(link)
        log.warning("Rejected a link of %s: %s", self._wire.peer, refusal.description)
        link.source.type = link.target.type = _UNSPECIFIED
        link.open()
        link.condition = Condition(refusal.condition, refusal.description)
        link.close()

    def _role_of(self, link: Link) -> Role:
        address = _address_of(link)
        name = address.removesuffix(MANAGEMENT)
        queue = None if address == CBS else self._namespace.entity(name)
        if queue is None and address != CBS:
            raise Refusal("amqp:not-found", f"The messaging entity '{name}' could not be found.")
        if queue is not None and address == name:
            _check(link, queue)
            if link.is_receiver:
                announce_limits(link, queue)
        _agree(link)
        if queue is not None and address == name:
            return self._queue_role(link, queue)
        if link.is_receiver:
            return RequestsLink(
                link, queue, self._namespace, lambda: self._replies.get(address), self._injector
            )
        replies = self._replies[address] = RepliesLink(link, self._wire, queue.name if queue else None)
        return replies

    def _queue_role(self, link: Link, queue: Queue) -> Role:
        if link.is_receiver:
            log.info("%s sends to %s", self._wire.peer, queue.name)
            return SendingLink(link, queue, self._namespace, self._wire.formats, self._injector)
        role = ReceivingLink(link, queue, self._namespace, self._wire, self._injector)
        log.info(
            "%s receives from %s%s", self._wire.peer, queue.name, " and deletes" if role.is_settled else ""
        )
        return role


def _check(link: Link, queue: Queue) -> None:
    """Reject what Service Bus rejects when a link to a queue is attached."""
    if link.is_receiver:
        if queue.dead_letters is None:
            raise Refusal("amqp:not-allowed", f"Messages cannot be sent to {queue.name}.")
        return
    wants_session = _SESSION_FILTER in _filters(link)
    if queue.settings.requires_session and queue.dead_letters is not None:
        what = "The local bus does not serve sessions." if wants_session else _NEEDS_SESSION
        raise Refusal("amqp:not-implemented" if wants_session else "amqp:not-allowed", what)
    if wants_session:
        raise Refusal("amqp:not-allowed", _NO_SESSIONS)


def _filters(link: Link) -> set[str]:
    data: Any = link.remote_source.filter
    data.rewind()
    found: dict[Any, Any] = data.get_dict() if data.next() == _MAP else {}
    return {str(key) for key in found}


def _agree(link: Link) -> None:
    """Open the link with what the client proposed."""
    link.source.copy(link.remote_source)
    link.target.copy(link.remote_target)
    link.snd_settle_mode = link.remote_snd_settle_mode
    link.rcv_settle_mode = link.remote_rcv_settle_mode
    link.open()


def _address_of(link: Link) -> str:
    """The entity that a link is for, in lower case; a client may write it as `amqps://host/entity`."""
    text: str = (link.remote_source.address if link.is_sender else link.remote_target.address) or ""
    return (text.split("/", 3)[-1] if "://" in text else text).lstrip("/").lower()


def _link(event: Event) -> Link:
    return cast("Link", event.link)


def _endpoint(endpoint: Connection | Session | None) -> Connection | Session:
    return cast("Connection | Session", endpoint)
