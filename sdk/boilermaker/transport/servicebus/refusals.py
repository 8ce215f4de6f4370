"""What an error of the SDK means: who refuses, what, and whether the same call may go well later.

Told by the AMQP condition that the error carries. Where one condition stands for several causes, by the text that the service
sends with it, from its first word; never by a word somewhere in it. Where there is no condition, by the SDK's public classes.
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
"""What was being done. Only `send to` is about one message; everything else is about the queue."""

_Meaning = Literal["no queue", "no right", "too large", "lock lost", "refused", "waits"]

# The conditions of AMQP 1.0 (2.8.15 to 2.8.18) and of Service Bus ("Service Bus AMQP protocol guide"; azure-servicebus,
# `_common/constants.py` and `_ServiceBusErrorPolicy.no_retry`) that the same request meets again however often it is made. Every
# other one belongs to a link, a session, a connection or a moment, and is waited for, whatever it is called.
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
    # Named for those who look for them here:
    "amqp:resource-limit-exceeded": "waits",  # the queue is full, or too many connections: until somebody takes messages out
    "com.microsoft:entity-disabled": "waits",  # until somebody enables the queue
    "com.microsoft:server-busy": "waits",
    "com.microsoft:timeout": "waits",
    # "The service was unable to process the request; please retry the operation." Service Bus says so also, each time, of a property of
    # more than 32 KB (Particular/NServiceBus.Transport.AzureServiceBus issue 171): such ones are refused before they are sent.
    "amqp:internal-error": "waits",
}
# Texts that come with `amqp:not-allowed`, in older services with `amqp:not-implemented`. What follows them changes.
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
    """The queue takes no batch of messages with several ids: it is partitioned, and detects duplicates."""


def translate(error: BaseException, queue: str, doing: Doing) -> BusError:
    """What an error of the SDK is in our words.

    Args:
        error: whatever was raised.
        queue: the queue concerned.
        doing: what was being done.
    """
    if isinstance(error, BusError):
        return error
    text = redact(str(error))
    what = f"cannot {doing} queue {queue!r}"
    if (known := _known_text(error, queue)) is not None:
        return known
    match _meaning(error):
        case "lock lost":
            return LockLostError(f"{what}: its lock is lost, the message comes again ({text})", queue=queue)
        case "no queue":
            name = queue.partition("/$")[0]  # a sub-queue comes and goes with its queue
            return QueueNotFoundError(
                f"there is no queue {name!r}: create it, or correct the name ({text})", queue=queue
            )
        case "too large":
            return MessageTooLargeError(
                f"queue {queue!r} refuses a message of this size ({text})", queue=queue
            )
        case "no right":
            right = _RIGHTS["send" if doing in {"send to", "attach a sender to"} else "receive"]
            return NotAuthorizedError(
                f"not authorized to {doing} queue {queue!r}: it takes {right} ({text})", queue=queue
            )
        case "refused" if doing == "send to":
            return MessageRefusedError(f"queue {queue!r} refuses the message: {text}", queue=queue)
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
            f"queue {queue!r} takes no batch of messages with several ids ({redact(said)})", queue=queue
        )
    return None


def _description(error: BaseException) -> str:
    """What the service said: the SDK's public errors begin with it, those of its AMQP layer have it beside their own text."""
    found: object = getattr(error, "description", None)
    said = found.decode(errors="replace") if isinstance(found, bytes) else str(found or error)
    return " ".join(said.split())


def _meaning(error: BaseException) -> _Meaning | None:
    """None for what nobody foresaw: a fault of the SDK, or of ours."""
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
    """The status of an answer from `$cbs`: it refuses a token for a queue that is not there with 404."""
    status: object = getattr(inner, "status_code", None)
    return status if isinstance(status, int) else None


def _is_passing(error: BaseException, inner: object) -> bool:
    """Whether the SDK's error hides that the bus is not itself just now.

    It calls every token that is not taken a refusal, also where the service says that it is busy; and an answer that is
    no AMQP fails in its decoder, in whatever way.
    """
    status = _status(inner)
    if status is not None:
        return status >= 500 or status in {408, 429}
    return isinstance(error, sdk.ServiceBusError) and isinstance(inner, _BROKEN)
