"""The request-response operations of `$cbs` and `<entity>/$management`.

Names and shapes: "AMQP 1.0 in Azure Service Bus: request-response-based operations" in the Service Bus documentation.
"""

import logging
import uuid
from collections.abc import Callable
from datetime import datetime
from typing import Any, cast
from urllib.parse import unquote

import proton
from proton import Delivery, Link, Message, int32, symbol, timestamp

from boilermaker.localbus.amqp import messages as amqp_messages
from boilermaker.localbus.amqp.faults import Answer, FaultInjector
from boilermaker.localbus.amqp.namespace import Namespace, now
from boilermaker.localbus.amqp.transfers import Transfers, accept, condition_of, reject
from boilermaker.localbus.amqp.wire import Wire
from boilermaker.localbus.faults import Operation, Refused
from boilermaker.localbus.messages import LockLost, MessageTooLarge, QueueError, StoredMessage
from boilermaker.localbus.queue import Queue
from boilermaker.transport import amqp_types

log = logging.getLogger("boilermaker.local")

CBS = "$cbs"
MANAGEMENT = "/$management"
_CREDIT = 100
_REQUEST_BYTES = 1024 * 1024
_PEEK_MOST = 1000
_TYPES: Any = proton.Data
Result = tuple[int, dict[str, Any]]


class RepliesLink:
    """The link on which a client receives the replies of one node."""

    def __init__(self, link: Link, wire: Wire, queue_name: str | None) -> None:
        self._link, self._wire, self.queue_name = link, wire, queue_name

    def send(self, reply: Any) -> None:
        """Send a reply; without credit the engine keeps it until there is some."""
        self._link.delivery(self._link.delivery_tag())
        self._link.send(bytes(reply.encode()))
        self._link.advance()
        self._wire.flush_soon()

    def on_delivery(self, delivery: Delivery) -> None:
        """The client has received a reply."""
        delivery.settle()

    def on_flow(self) -> None:
        """Ignored: the engine sends waiting replies."""

    def on_gone(self) -> None:
        """Nothing to release."""


class RequestsLink:
    """The link on which a client sends requests; `queue` is None for `$cbs`."""

    def __init__(
        self,
        link: Link,
        queue: Queue | None,
        namespace: Namespace,
        replies: Callable[[], RepliesLink | None],
        injector: FaultInjector,
    ) -> None:
        self._link, self._queue, self._namespace, self._replies = link, queue, namespace, replies
        self._injector = injector
        self.queue_name = None if queue is None else queue.name
        self._transfers = Transfers(link, _REQUEST_BYTES)
        link.flow(_CREDIT)

    def on_delivery(self, delivery: Delivery) -> None:
        """A request has arrived."""
        try:
            data = self._transfers.take(delivery)
            if data is None:
                return
            self._link.flow(1)
            request = amqp_messages.decode(data)
        except QueueError as error:
            reject(delivery, condition_of(error), str(error))
            return
        accept(delivery)
        self._injector.run(
            _operation(request, self._queue),
            self.queue_name,
            self._link,
            do=lambda: self._carry_out(request),
            refuse=lambda why: self._reply(_refusal(request, self._queue, why)),
        )

    def _carry_out(self, request: Any) -> Answer:
        if self._queue is None:
            reply = _token_reply(request, self._namespace)
        else:
            reply = reply_to(request, self._queue, now())
            self._namespace.touch(self._queue)
        return lambda: self._reply(reply)

    def _reply(self, reply: Any) -> None:
        if (replies := self._replies()) is not None:
            replies.send(reply)

    def on_flow(self) -> None:
        """Ignored: this side grants a requester's credit."""

    def on_gone(self) -> None:
        """Nothing to release."""


def _token_reply(request: Any, namespace: Namespace) -> Any:
    """The reply to `put-token`: any token is accepted, for the namespace or one of its entities."""
    reply = _blank(request)
    asked: Any = request.properties
    audience = str(cast("dict[str, Any]", asked).get("name") or "") if isinstance(asked, dict) else ""
    path = unquote(audience.partition("://")[2].partition("/")[2]).strip("/").lower()
    entity = path.removesuffix(MANAGEMENT)
    if entity and namespace.entity(entity) is None:
        said = f"The messaging entity '{audience}' could not be found."
        log.warning("Rejected put-token: %s", said)
        reply.properties = _token_properties(404, said)
    else:
        reply.properties = _token_properties(202, "Accepted")
    return reply


def reply_to(request: Any, queue: Queue, moment: datetime) -> Any:
    """The reply to a request to `<entity>/$management`."""
    reply = _blank(request)
    operation = _asked(request)
    condition: str | None = None
    body: dict[str, Any] = {}
    try:
        code, body = _operate(operation, request.body, queue, moment)
        said = _SAID[code]
    except LockLost as error:
        code, said, condition = 410, str(error), condition_of(error)
    except MessageTooLarge as error:
        code, said, condition = 403, str(error), condition_of(error)
    except QueueError as error:
        code, said, condition = 404, str(error), condition_of(error)
    except NotImplementedError:
        code, said, condition = (
            501,
            f"the local bus does not support the operation {operation}",
            "amqp:not-implemented",
        )
    except Exception as error:  # noqa: BLE001 - a request may contain anything
        code, said, condition = (
            400,
            f"malformed {operation}: {type(error).__name__}",
            "com.microsoft:argument-error",
        )
    if condition is not None:
        log.warning("Rejected %s on %s: %s", operation, queue.name, said)
    reply.body = body
    _say(reply, code, said, condition)
    return reply


def _blank(request: Any) -> Any:
    reply: Any = Message(correlation_id=request.id)
    if request.reply_to:
        reply.address = request.reply_to
    return reply


def _asked(request: Any) -> str:
    asked = request.properties  # the client may have sent anything instead of a map
    return str(cast("dict[str, Any]", asked).get("operation") if isinstance(asked, dict) else None)


def _operation(request: Any, queue: Queue | None) -> Operation:
    return "token" if queue is None else _FAULTY.get(_asked(request), "manage")


def _refusal(request: Any, queue: Queue | None, why: Refused) -> Any:
    reply = _blank(request)
    if queue is None:
        reply.properties = _token_properties(why.status, why.description)
    else:
        reply.body = {}
        _say(reply, why.status, why.description, why.condition)
    return reply


_FAULTY: dict[str, Operation] = {
    "com.microsoft:renew-lock": "renew",
    "com.microsoft:update-disposition": "settle",
}
_SAID = {200: "OK", 204: "No messages"}


def _token_properties(code: int, said: str) -> dict[Any, Any]:
    return {"status-code": int32(code), "status-description": said}  # C clients accept only an int


def _say(reply: Any, code: int, said: str, condition: str | None) -> None:
    properties: dict[Any, Any] = {"statusCode": int32(code), "statusDescription": said}
    if condition is not None:
        properties["errorCondition"] = symbol(condition)
    reply.properties = properties


def _operate(operation: str, body: Any, queue: Queue, moment: datetime) -> Result:
    run = _OPERATIONS.get(operation)
    if run is None:
        raise NotImplementedError
    return run(queue, body, moment)


def _renew(queue: Queue, body: Any, moment: datetime) -> Result:
    ends = [queue.renew(token, moment) for token in _tokens(body)]
    stamps = [timestamp(amqp_types.milliseconds(end)) for end in ends]
    return 200, {"expirations": _array(_TYPES.TIMESTAMP, stamps)}


def _settle(queue: Queue, body: Any, moment: datetime) -> Result:
    status = str(body["disposition-status"])
    changes = amqp_messages.modified(body.get("properties-to-modify"))
    for token in _tokens(body):
        match status:
            case "completed":
                queue.complete(token, moment)
            case "abandoned":
                queue.abandon(token, moment, changes)
            case "defered":  # the service's own spelling
                queue.defer(token, moment, changes)
            case "suspended":
                queue.dead_letter(
                    token, body.get("deadletter-reason"), body.get("deadletter-description"), moment, changes
                )
            case _:
                raise ValueError(status)
    return 200, {}


def _peek(queue: Queue, body: Any, moment: datetime) -> Result:
    count = min(int(body["message-count"]), _PEEK_MOST)
    found = queue.peek(int(body["from-sequence-number"]), count, moment)
    return _messages(found) if found else (204, {})


def _receive_deferred(queue: Queue, body: Any, moment: datetime) -> Result:
    is_deleting = int(body["receiver-settle-mode"]) == 0  # "0: settled on delivery; 1: peek-lock"
    numbers = [int(number) for number in body["sequence-numbers"]]
    return _messages(queue.receive_deferred(numbers, moment, delete=is_deleting))


def _messages(found: list[StoredMessage]) -> Result:
    entries: list[dict[str, Any]] = []
    for stored in found:
        entries.append({"message": amqp_messages.outgoing(stored)})
        if stored.lock_token is not None:
            entries[-1]["lock-token"] = stored.lock_token
    return 200, {"messages": entries}


def _schedule(queue: Queue, body: Any, moment: datetime) -> Result:
    wanted = [amqp_messages.incoming(bytes(entry["message"])) for entry in body["messages"]]
    numbers = queue.send_batch(wanted, moment)
    return 200, {"sequence-numbers": _array(_TYPES.LONG, [number or 0 for number in numbers])}


def _cancel(queue: Queue, body: Any, moment: datetime) -> Result:
    queue.cancel_scheduled([int(number) for number in body["sequence-numbers"]], moment)
    return 200, {}


def _array(type_: Any, entries: list[Any]) -> Any:
    make: Any = proton.Array  # its annotations do not know its own constant
    return make(proton.UNDESCRIBED, type_, *entries)


def _tokens(body: Any) -> list[uuid.UUID]:
    return [uuid.UUID(str(token)) for token in body["lock-tokens"]]


_OPERATIONS: dict[str, Callable[[Queue, Any, datetime], Result]] = {
    "com.microsoft:renew-lock": _renew,
    "com.microsoft:update-disposition": _settle,
    "com.microsoft:peek-message": _peek,
    "com.microsoft:receive-by-sequence-number": _receive_deferred,
    "com.microsoft:schedule-message": _schedule,
    "com.microsoft:cancel-scheduled-message": _cancel,
}
