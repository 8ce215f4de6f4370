"""The request-response operations of `$cbs` and `<entity>/$management`.

Names and shapes: "AMQP 1.0 in Azure Service Bus: request-response-based operations" in the Service Bus documentation.
"""

import uuid
from collections.abc import Callable
from datetime import datetime
from typing import Any

import proton
from proton import Message, symbol, timestamp

from boilermaker.localbus import amqp_messages
from boilermaker.localbus.messages import LockLost, MessageTooLarge, QueueError
from boilermaker.localbus.queue import Queue

_TYPES: Any = proton.Data
Reply = tuple[int, str, dict[str, Any], str | None]


def reply_to(request: Any, queue: Queue | None, now: datetime) -> Any:
    """The reply to a request; `queue` is None for `$cbs`, which takes every token."""
    reply: Any = Message(correlation_id=request.id, address=request.reply_to)
    if queue is None:
        reply.properties = {"status-code": 202, "status-description": "Accepted"}
        return reply
    properties: dict[str, Any] = dict(request.properties or {})
    code, said, body, condition = _operate(str(properties.get("operation")), request.body, queue, now)
    reply.properties = {"statusCode": code, "statusDescription": said}
    if condition is not None:
        reply.properties = {**reply.properties, "errorCondition": symbol(condition)}
    reply.body = body
    return reply


def _operate(operation: str, body: Any, queue: Queue, now: datetime) -> Reply:
    run = _OPERATIONS.get(operation)
    if run is None:
        return 501, f"the local bus does not know the operation {operation}", {}, "amqp:not-implemented"
    try:
        return run(queue, body, now)
    except LockLost as error:
        return 410, str(error), {}, "com.microsoft:message-lock-lost"
    except MessageTooLarge as error:
        return 403, str(error), {}, "amqp:link:message-size-exceeded"
    except QueueError as error:
        return 404, str(error), {}, "com.microsoft:message-not-found"
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        return 400, f"malformed request: {type(error).__name__}", {}, "amqp:invalid-field"


def _renew(queue: Queue, body: Any, now: datetime) -> Reply:
    ends = [queue.renew(token, now) for token in _tokens(body)]
    stamps = [timestamp(int(end.timestamp() * 1000)) for end in ends]
    return 200, "OK", {"expirations": _array(_TYPES.TIMESTAMP, stamps)}, None


def _settle(queue: Queue, body: Any, now: datetime) -> Reply:
    for token in _tokens(body):
        match str(body["disposition-status"]):
            case "completed":
                queue.complete(token, now)
            case "abandoned":
                queue.abandon(token, now)
            case "suspended":
                queue.dead_letter(
                    token, body.get("deadletter-reason"), body.get("deadletter-description"), now
                )
            case other:
                raise ValueError(other)
    return 200, "OK", {}, None


def _peek(queue: Queue, body: Any, now: datetime) -> Reply:
    found = queue.peek(int(body["from-sequence-number"]), int(body["message-count"]), now)
    if not found:
        return 204, "No messages", {}, None
    return 200, "OK", {"messages": [{"message": amqp_messages.outgoing(message)} for message in found]}, None


def _schedule(queue: Queue, body: Any, now: datetime) -> Reply:
    wanted = [amqp_messages.incoming(bytes(entry["message"])) for entry in body["messages"]]
    for one in wanted:
        queue.check(one)
    numbers = [queue.send(one, now) or 0 for one in wanted]
    return 200, "OK", {"sequence-numbers": _array(_TYPES.LONG, numbers)}, None


def _cancel(queue: Queue, body: Any, now: datetime) -> Reply:
    queue.cancel_scheduled([int(number) for number in body["sequence-numbers"]], now)
    return 200, "OK", {}, None


def _array(type_: Any, items: list[Any]) -> Any:
    make: Any = proton.Array  # its annotations do not know its own constant
    return make(proton.UNDESCRIBED, type_, *items)


def _tokens(body: Any) -> list[uuid.UUID]:
    return [uuid.UUID(str(token)) for token in body["lock-tokens"]]


_OPERATIONS: dict[str, Callable[[Queue, Any, datetime], Reply]] = {
    "com.microsoft:renew-lock": _renew,
    "com.microsoft:update-disposition": _settle,
    "com.microsoft:peek-message": _peek,
    "com.microsoft:schedule-message": _schedule,
    "com.microsoft:cancel-scheduled-message": _cancel,
}
