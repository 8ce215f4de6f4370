"""What the SDK raises, and what it becomes. Conditions are those that Service Bus sends."""

import pytest
from azure.core.exceptions import ClientAuthenticationError
from azure.servicebus import exceptions as sdk
from azure.servicebus._pyamqp.error import (
    AMQPConnectionError,
    AMQPLinkError,
    AMQPSessionError,
    MessageException,
)

from boilermaker.errors import (
    BusError,
    LockLostError,
    MessageTooLargeError,
    QueueNotFoundError,
    SessionQueueError,
)
from boilermaker.transport.servicebus.connect import translate

_SESSIONS = (
    "It is not possible for an entity that requires sessions to create a non-sessionful message receiver."
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
        (sdk.ServiceBusAuthorizationError(), BusError, False),
        (sdk.ServiceBusAuthenticationError(), BusError, False),
        (ClientAuthenticationError("no token"), BusError, False),
        (sdk.ServiceBusError("Handler failed", error=ClientAuthenticationError("no token")), BusError, False),
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


@pytest.mark.parametrize(("doing", "right"), [("send to", "Data Sender"), ("receive from", "Data Receiver")])
def test_who_is_not_authorized_learns_what_it_takes(doing: str, right: str) -> None:
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
