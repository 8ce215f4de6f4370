"""Assembles a link's transfers, and accepts or rejects them with the conditions that Service Bus uses."""

import logging

from proton import Condition, Delivery, Link, symbol

from boilermaker.localbus.messages import (
    BatchTooLong,
    InvalidMessage,
    LockLost,
    MessageTooLarge,
    NotAllowed,
    QueueError,
)

log = logging.getLogger("boilermaker.local")


class Transfers:
    """Assembles a link's transfers. A transfer that is too large is read to its end and discarded.

    Args:
        link: a receiving link.
        limit: maximum bytes of one message.
        allowance: bytes that a transfer may have beyond the limit.
    """

    def __init__(self, link: Link, limit: int, *, allowance: int = 0) -> None:
        self._link, self._limit, self._most = link, limit, limit + allowance
        self._is_too_large = False

    def take(self, delivery: Delivery) -> bytes | None:
        """The bytes of a complete transfer; None if it is incomplete or was aborted.

        Raises:
            MessageTooLarge: the transfer is complete and larger than the limit.
        """
        if delivery.aborted:
            self._is_too_large = False
            delivery.settle()
            return None
        if delivery.pending > self._most:
            self._is_too_large = True
        if delivery.partial:
            if self._is_too_large:
                self._link.recv(delivery.pending)
            return None
        if not delivery.readable:
            return None
        data = self._link.recv(delivery.pending) if delivery.pending else b""
        self._link.advance()
        if self._is_too_large:
            self._is_too_large = False
            raise MessageTooLarge(f"the message is larger than the maximum of {self._limit:,} bytes")
        return bytes(data or b"")


def condition_of(error: QueueError) -> str:
    """The AMQP condition with which Service Bus reports an error."""
    if isinstance(error, LockLost):
        return "com.microsoft:message-lock-lost"
    if isinstance(error, MessageTooLarge):
        return "amqp:link:message-size-exceeded"
    if isinstance(error, NotAllowed):
        return "amqp:not-allowed"
    if isinstance(error, InvalidMessage):
        return "com.microsoft:argument-error"
    if isinstance(error, BatchTooLong):  # the service gives no more detail
        return "amqp:internal-error"
    return "com.microsoft:message-not-found"


def accept(delivery: Delivery) -> None:
    """Accept a transfer."""
    delivery.update(Delivery.ACCEPTED)
    delivery.settle()


def reject(delivery: Delivery, condition: str, description: str) -> None:
    """Reject a transfer, with a reason."""
    log.warning("Rejected a message: %s", description)
    delivery.local.condition = failure(condition, description)
    delivery.update(Delivery.REJECTED)
    delivery.settle()


def failure(condition: str, description: str) -> Condition:
    """An AMQP error. Clients fail to parse one without info, so it has some, as from Service Bus."""
    return Condition(condition, description, {symbol("source"): "boilermaker local"})
