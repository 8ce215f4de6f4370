"""Interprets errors of the SDK: what was rejected, and whether the same call may succeed later.

The AMQP condition of the error decides. If one condition has several causes, the beginning of the service's text decides,
never a word within it. Without a condition, the SDK's public exception classes decide.
"""

import struct
from collections.abc import Mapping
from typing import Literal

from azure.core.exceptions import ClientAuthenticationError
from azure.servicebus import exceptions as sdk

from boilermaker.errors import (
    BusError,
    LockLostError,
    MessageRefusedError,
    MessageTooLargeError,
    NotAuthorizedError,
    QueueNotFoundError,
    SessionQueueError,
)
from boilermaker.transport.servicebus.address import redact

Doing = Literal["send to", "attach a sender to", "receive from", "settle a message of", "renew a lock of"]
"""The operation that failed. Only `send to` concerns one message; all others concern the queue."""

_Meaning = Literal["no queue", "no right", "too large", "lock lost", "refused", "waits"]

# The conditions of AMQP 1.0 (2.8.15 to 2.8.18) and of Service Bus ("Service Bus AMQP protocol guide"; azure-servicebus,
# `_common/constants.py` and `_ServiceBusErrorPolicy.no_retry`) that are permanent for the same request. All others belong to a link, a
# session, a connection or a transient state, and are retried, whatever their name.
_MEANINGS: Mapping[str, _Meaning] = {
    "amqp:not-found": "no queue",  # 2.8.15; "The messaging entity could not be found"
    "amqp:resource-deleted": "no queue",  # 2.8.15: "a server entity the client was working with has been deleted"
    "amqp:unauthorized-access": "no right",  # 2.8.15: "no access due to security settings"
    "com.microsoft:auth-failed": "no right",
    "amqp:link:message-size-exceeded": "too large",  # 2.8.18
    "com.microsoft:message-lock-lost": "lock lost",
    "amqp:decode-error": "refused",  # 2.8.15: "data could not be decoded"
    "amqp:invalid-field": "refused",  # 2.8.15: "an invalid field was passed"
    "amqp:not-allowed": "refused",  # 2.8.15; also sessions and batches, by their texts below
    "amqp:not-implemented": "refused",  # 2.8.15
    "amqp:precondition-failed": "refused",  # 2.8.15
    "com.microsoft:precondition-failed": "refused",
    "com.microsoft:argument-error": "refused",
    "com.microsoft:argument-out-of-range": "refused",
    "com.microsoft:message-not-found": "refused",
    # Transient, listed for reference:
    "amqp:resource-limit-exceeded": "waits",  # the queue is full, or there are too many connections
    "com.microsoft:entity-disabled": "waits",  # until the queue is enabled
    "com.microsoft:server-busy": "waits",
    "com.microsoft:timeout": "waits",
    # "The service was unable to process the request; please retry the operation." Service Bus also returns it, permanently, for a
    # property of more than 32 KB (Particular/NServiceBus.Transport.AzureServiceBus issue 171): those are rejected before sending.
    "amqp:internal-error": "waits",
}
# Texts that come with `amqp:not-allowed`, in older services with `amqp:not-implemented`. Only their beginnings are stable.
_SESSIONS = (
    "It is not possible for an entity that requires sessions to create a non-sessionful message receiver",
    "The SessionId was not set on a message, and it cannot be sent to the entity",
)
# "... SessionId, PartitionKey, or MessageId  is not supported for an entity with partitioning and duplicate detection enabled", and
# "... SessionId or PartitionKey is not supported for an entity with partitioning enabled" (Azure/azure-sdk-for-python issue 21955,
# Azure/amqpnetlite issue 120).
_BATCH = "Batching brokered messages with distinct SessionId"

_NO_RIGHT = (
    sdk.ServiceBusAuthenticationError,
    sdk.ServiceBusAuthorizationError,
    ClientAuthenticationError,
)
_WAITS = (
    sdk.ServiceBusServerBusyError,
    sdk.ServiceBusConnectionError,
    sdk.ServiceBusCommunicationError,
    sdk.OperationTimeoutError,
    sdk.ServiceBusQuotaExceededError,
    sdk.MessagingEntityDisabledError,
    OSError,
    TimeoutError,
)
_NOT_FOUND = 404
_BROKEN = (TypeError, ValueError, LookupError, AttributeError, struct.error)
_RIGHTS: Mapping[str, str] = {
    "send": "the role 'Azure Service Bus Data Sender', or a key with the Send right",
    "receive": "the role 'Azure Service Bus Data Receiver', or a key with the Listen right",
}


class BatchRefusedError(MessageRefusedError):
    """The queue rejects batches of messages with different ids: it is partitioned and detects duplicates."""


def translate(error: BaseException, queue: str, doing: Doing) -> BusError:
    """Convert an error of the SDK to a `BusError`.

    Args:
        error: the error that was raised.
        queue: the queue concerned.
        doing: the operation that failed.
    """
    if isinstance(error, BusError):
        return error
    text = redact(str(error))
    what = f"cannot {doing} queue {queue!r}"
    if (known := _known_text(error, queue)) is not None:
        return known
    match _meaning(error):
        case "lock lost":
            return LockLostError(
                f"{what}: its lock is lost, the message will be redelivered ({text})", queue=queue
            )
        case "no queue":
            name = queue.partition("/$")[0]  # a sub-queue exists exactly as long as its queue
            return QueueNotFoundError(
                f"there is no queue {name!r}: create it, or correct the name ({text})", queue=queue
            )
        case "too large":
            return MessageTooLargeError(
                f"queue {queue!r} rejects a message of this size ({text})", queue=queue
            )
        case "no right":
            right = _RIGHTS["send" if doing in {"send to", "attach a sender to"} else "receive"]
            return NotAuthorizedError(
                f"not authorized to {doing} queue {queue!r}: this needs {right} ({text})", queue=queue
            )
        case "refused" if doing == "send to":
            return MessageRefusedError(f"queue {queue!r} rejects the message: {text}", queue=queue)
        case meaning:
            return BusError(f"{what}: {text}", queue=queue, is_transient=meaning == "waits")


def condition_of(error: BaseException) -> str:
    """The AMQP error condition that an error of the SDK carries, such as `amqp:not-found`; empty without one."""
    found: object = getattr(error, "_condition", None) or getattr(error, "condition", None)
    return found.decode(errors="replace") if isinstance(found, bytes) else str(found or "")


def _known_text(error: BaseException, queue: str) -> BusError | None:
    if condition_of(error) not in {"amqp:not-allowed", "amqp:not-implemented"}:
        return None
    said = _description(error)
    if said.startswith(_SESSIONS):
        return SessionQueueError(
            f"queue {queue!r} requires sessions, which Boilermaker does not use: "
            "create a queue with sessions disabled (it cannot be changed later) and use that one",
            queue=queue,
        )
    if said.startswith(_BATCH):
        return BatchRefusedError(
            f"queue {queue!r} rejects batches of messages with different ids ({redact(said)})", queue=queue
        )
    return None


def _description(error: BaseException) -> str:
    """The service's text: the SDK's public errors begin with it, and errors of its AMQP layer have it as `description`."""
    found: object = getattr(error, "description", None)
    said = found.decode(errors="replace") if isinstance(found, bytes) else str(found or error)
    return " ".join(said.split())


def _meaning(error: BaseException) -> _Meaning | None:
    """The meaning of an error; None for unexpected errors, such as bugs in the SDK or in this package."""
    condition = condition_of(error)
    inner: object = getattr(error, "inner_exception", None)
    meaning = _MEANINGS.get(condition)
    if isinstance(error, sdk.MessageLockLostError):
        meaning = "lock lost"
    elif isinstance(error, sdk.MessagingEntityNotFoundError) or _status(inner) == _NOT_FOUND:
        meaning = "no queue"
    elif isinstance(error, sdk.MessageSizeExceededError):
        meaning = "too large"
    elif _is_passing(error, inner):
        meaning = "waits"
    elif isinstance(error, _NO_RIGHT) or isinstance(inner, _NO_RIGHT):
        meaning = "no right"
    elif isinstance(error, _WAITS) or isinstance(inner, _WAITS):
        meaning = "waits"
    if meaning is None and condition:
        meaning = "waits"
    return meaning


def _status(inner: object) -> int | None:
    """The status of an answer from `$cbs`, which is 404 for a token of a queue that does not exist."""
    status: object = getattr(inner, "status_code", None)
    return status if isinstance(status, int) else None


def _is_passing(error: BaseException, inner: object) -> bool:
    """Whether the SDK's error hides a transient error of the bus.

    The SDK reports every token that is not accepted as an authorization error, even if the service is busy; and an answer
    that is not valid AMQP raises arbitrary errors in its decoder.
    """
    status = _status(inner)
    if status is not None:
        return status >= 500 or status in {408, 429}
    return isinstance(error, sdk.ServiceBusError) and isinstance(inner, _BROKEN)
