"""What the SDK raises, and what it becomes. Conditions are those that Service Bus sends."""

import pytest
from azure.core.exceptions import ClientAuthenticationError
from azure.servicebus import exceptions as sdk
from azure.servicebus._pyamqp.error import (
    AMQPConnectionError,
    AMQPLinkError,
    AMQPSessionError,
    MessageException,
    TokenAuthFailure,
)

from boilermaker.errors import (
    BusError,
    LockLostError,
    MessageRefusedError,
    MessageTooLargeError,
    NotAuthorizedError,
    QueueNotFoundError,
    SessionQueueError,
)
from boilermaker.transport.servicebus.refusals import BatchRefusedError, Doing, translate

_SESSIONS = (
    "It is not possible for an entity that requires sessions to create a non-sessionful message receiver. "
    "TrackingId:56c88faf_G14_B10, SystemTracker:ns:Queue:q, Timestamp:2026-11-28T10:23:33"
)
_NO_SESSION_ID = (
    "The SessionId was not set on a message, and it cannot be sent to the entity. Entities that have session support "
    "enabled can only receive messages that have the SessionId set to a valid value. Reference:824e1746, TrackingId:98_G19_B6"
)
_DISTINCT = (
    "Batching brokered messages with distinct SessionId, PartitionKey, or MessageId  is not supported for an entity with "
    "partitioning and duplicate detection enabled.LogicalPartitionId:143::PartitionKey:::SessionId:::MessageId:918e"
)
_DISTINCT_KEYS = (
    "Batching brokered messages with distinct SessionId or PartitionKey is not supported for an entity with "
    "partitioning enabled. Reference:1, TrackingId:2a3a_G26_B20"
)


@pytest.mark.parametrize(
    ("error", "kind", "is_transient"),
    [
        (sdk.MessageLockLostError(), LockLostError, False),
        (MessageException(b"com.microsoft:message-lock-lost"), LockLostError, False),
        (sdk.MessagingEntityNotFoundError(), QueueNotFoundError, False),
        (AMQPLinkError(b"amqp:not-found"), QueueNotFoundError, False),
        (AMQPLinkError(b"amqp:resource-deleted"), QueueNotFoundError, False),
        (sdk.MessageSizeExceededError(), MessageTooLargeError, False),
        (AMQPLinkError(b"amqp:link:message-size-exceeded"), MessageTooLargeError, False),
        (sdk.ServiceBusError(_SESSIONS, condition=b"amqp:not-allowed"), SessionQueueError, False),
        (sdk.ServiceBusError("Unknown operation.", condition=b"amqp:not-allowed"), BusError, False),
        (sdk.ServiceBusError("No session today.", condition=b"amqp:not-allowed"), BusError, False),
        (sdk.ServiceBusAuthorizationError(), NotAuthorizedError, False),
        (sdk.ServiceBusAuthenticationError(), NotAuthorizedError, False),
        (AMQPLinkError(b"amqp:unauthorized-access"), NotAuthorizedError, False),
        (ClientAuthenticationError("no token"), NotAuthorizedError, False),
        (
            sdk.ServiceBusError("Handler failed", error=ClientAuthenticationError("no token")),
            NotAuthorizedError,
            False,
        ),
        (
            sdk.ServiceBusAuthenticationError(
                error=TokenAuthFailure(404, "There is no such entity."),
            ),
            QueueNotFoundError,
            False,
        ),
        (sdk.ServiceBusServerBusyError(), BusError, True),
        (sdk.ServiceBusConnectionError(), BusError, True),
        (sdk.ServiceBusCommunicationError(), BusError, True),
        (sdk.OperationTimeoutError(), BusError, True),
        (sdk.ServiceBusQuotaExceededError(), BusError, True),
        (sdk.MessagingEntityDisabledError(), BusError, True),
        (ConnectionResetError("gone"), BusError, True),
        (sdk.ServiceBusError("Handler failed", error=ConnectionResetError("gone")), BusError, True),
        # As its AMQP layer raises them where it writes to a connection that is gone, past all of its public errors.
        (
            AMQPConnectionError(b"amqp:socket-error", description="Server unexpectedly closed connection"),
            BusError,
            True,
        ),
        (AMQPConnectionError(b"amqp:connection:framing-error"), BusError, True),
        (AMQPSessionError(b"amqp:session:window-violation"), BusError, True),
        (AMQPLinkError(b"amqp:link:detach-forced"), BusError, True),
        (AMQPLinkError(b"amqp:link:stolen"), BusError, True),
        (AMQPLinkError(b"com.microsoft:container-close"), BusError, True),
        (AMQPLinkError(b"amqp:not-implemented"), BusError, False),
        (AMQPLinkError(b"com.microsoft:argument-error"), BusError, False),
        (AMQPLinkError(b"amqp:resource-limit-exceeded"), BusError, True),
        (AMQPLinkError(b"com.microsoft:nobody-knows-it"), BusError, True),
        (ValueError("odd"), BusError, False),
    ],
)
def test_an_error_of_the_sdk_becomes_one_of_ours(
    error: Exception, kind: type[BusError], is_transient: bool
) -> None:
    """Each tells the queue, and whether a repeat may help."""
    found = translate(error, "accounts", "receive from")

    assert (kind, "accounts", is_transient) == (type(found), found.queue, found.is_transient)
    assert "'accounts'" in str(found)


@pytest.mark.parametrize(
    ("error", "kind", "is_transient"),
    [
        (MessageException(b"com.microsoft:argument-error"), MessageRefusedError, False),
        (MessageException(b"com.microsoft:argument-out-of-range"), MessageRefusedError, False),
        (MessageException(b"com.microsoft:precondition-failed"), MessageRefusedError, False),
        (MessageException(b"amqp:invalid-field"), MessageRefusedError, False),
        (MessageException(b"amqp:decode-error"), MessageRefusedError, False),
        (MessageException(b"amqp:not-allowed", description="session, they said"), MessageRefusedError, False),
        (MessageException(b"amqp:not-allowed", description=_NO_SESSION_ID), SessionQueueError, False),
        (sdk.ServiceBusError(_NO_SESSION_ID, condition=b"amqp:not-allowed"), SessionQueueError, False),
        (sdk.ServiceBusError(_DISTINCT, condition=b"amqp:not-allowed"), BatchRefusedError, False),
        (MessageException(b"amqp:not-allowed", description=_DISTINCT_KEYS), BatchRefusedError, False),
        (MessageException(b"amqp:link:message-size-exceeded"), MessageTooLargeError, False),
        (MessageException(b"amqp:resource-limit-exceeded"), BusError, True),
        (MessageException(b"com.microsoft:entity-disabled"), BusError, True),
        (MessageException(b"amqp:internal-error"), BusError, True),
    ],
)
def test_a_message_that_is_rejected_permanently_is_told_from_a_queue_that_does_not_work(
    error: Exception, kind: type[BusError], is_transient: bool
) -> None:
    """By condition; `not-allowed`, which stands for several causes, by the beginning of the service's text."""
    found = translate(error, "accounts", "send to")

    assert (kind, "accounts", is_transient) == (type(found), found.queue, found.is_transient)


def test_a_link_that_is_refused_is_no_refused_message() -> None:
    """Whatever the condition: no message was looked at."""
    found = translate(AMQPLinkError(b"com.microsoft:argument-error"), "accounts", "attach a sender to")

    assert type(found) is BusError


@pytest.mark.parametrize(("doing", "right"), [("send to", "Data Sender"), ("receive from", "Data Receiver")])
def test_who_is_not_authorized_learns_what_it_takes(doing: Doing, right: str) -> None:
    """The role to assign, or the right a key needs."""
    assert right in str(translate(sdk.ServiceBusAuthorizationError(), "accounts", doing))


def test_a_key_in_an_error_of_the_sdk_is_not_passed_on() -> None:
    """Whatever the SDK quotes."""
    found = translate(sdk.ServiceBusError("bad SharedAccessKey=c2VjcmV0"), "accounts", "send to")

    assert "c2VjcmV0" not in str(found)


def test_an_error_of_ours_stays_what_it_is() -> None:
    """Translating twice changes nothing."""
    error = QueueNotFoundError("none", queue="accounts")

    assert translate(error, "other", "send to") is error
