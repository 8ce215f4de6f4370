"""Settles messages on a link with raw AMQP frames: see `pyamqp.connection` for why.

Settlements of one turn of the event loop with the same outcome and consecutive delivery ids form one disposition, as AMQP
allows (2.7.6) and qpid-proton's clients do. A settlement that gets no answer, or whose link is closed, raises `Unconfirmed`:
the caller then settles by lock token, through the SDK's public methods.
"""

import asyncio
import time
from typing import Any, NamedTuple

from azure.servicebus._pyamqp.error import MessageException
from azure.servicebus.aio import ServiceBusReceiver

from boilermaker.transport.servicebus import frames as amqp
from boilermaker.transport.servicebus.connect import in_sdk_words
from boilermaker.transport.servicebus.pyamqp.connection import Line
from boilermaker.transport.servicebus.settle import Disposition, Unconfirmed

_ANSWER_SECONDS = 20.0
_DEAD_LETTER = "com.microsoft:dead-letter"
_ACCEPTED = amqp.state(amqp.ACCEPTED)
_RELEASED = amqp.state(amqp.RELEASED)
# "delivery-failed" counts the delivery; "undeliverable-here" would defer the message on Service Bus.
_ABANDONED = amqp.state(amqp.MODIFIED, [b"\x41", b"\x42"])


class _Due(NamedTuple):
    """A settlement to be sent. Consecutive deliveries with the same outcome are combined."""

    outcome: bytes
    is_settled: bool
    delivery_id: int


class _Answer(NamedTuple):
    """The expected answer of the service about a delivery, and its deadline."""

    future: asyncio.Future[amqp.Described | None]
    until: float


class Settlements:
    """The settlements of one link's deliveries. `line` is set before the first delivery arrives."""

    line: Line

    def __init__(self, receiver: ServiceBusReceiver) -> None:
        self._receiver = receiver
        self._held: set[int] = set()
        self._due: list[_Due] = []
        self._answers: dict[int, _Answer] = {}

    def hold(self, delivery_id: int) -> None:
        """Record that a delivery has arrived."""
        self._held.add(delivery_id)

    def release(self, delivery_id: int) -> None:
        """Release a delivery that no caller has received."""
        self._write_soon(delivery_id, _RELEASED, is_settled=True)

    async def settle(self, delivery_id: int, outcome: bytes, *, confirmed: bool) -> None:
        """Settle a delivery.

        Raises:
            Unconfirmed: it is already settled, or the link ended or did not answer.
            Exception: the SDK's error, if the service rejected the settlement.
        """
        if delivery_id not in self._held:
            raise Unconfirmed("it was already settled")
        # Sent as settled (AMQP 1.0, 2.6.12), the service will not answer.
        self._write_soon(delivery_id, outcome, is_settled=not confirmed)
        if not confirmed:
            return
        future: asyncio.Future[amqp.Described | None] = asyncio.get_running_loop().create_future()
        self._answers[delivery_id] = _Answer(future, time.monotonic() + _ANSWER_SECONDS)
        try:
            answer = await future
        finally:
            self._answers.pop(delivery_id, None)
        if answer is None:
            raise Unconfirmed("the link ended, or did not answer in time")
        try:
            _judge(answer, outcome)
        except MessageException as error:
            raise in_sdk_words(self._receiver, error) from error

    def _write_soon(self, delivery_id: int, outcome: bytes, *, is_settled: bool) -> None:
        self._held.discard(delivery_id)
        if not self._due:
            self.line.write_soon(before=self._write_due)
        self._due.append(_Due(outcome, is_settled, delivery_id))

    def _write_due(self) -> None:
        """Write due settlements: one disposition per run of consecutive deliveries with the same outcome."""
        due, self._due = sorted(self._due), []
        first = last = due[0]
        for each in due[1:]:
            if each[:2] != last[:2] or each.delivery_id != last.delivery_id + 1:
                self._write_disposition(first, last)
                first = each
            last = each
        self._write_disposition(first, last)

    def _write_disposition(self, first: _Due, last: _Due) -> None:
        outcome, is_settled, delivery_id = first
        self.line.write_soon(
            amqp.disposition(self.line.channel, delivery_id, last.delivery_id, outcome, is_settled=is_settled)
        )

    def on_disposition(self, data: bytes, frame: amqp.Frame) -> bool:
        """Handle the service's answer about a delivery or a range of deliveries."""
        if not self.line.is_ours(frame):
            return False
        found, _ = amqp.fields(data, frame, 5)
        is_receiver, first, last, is_settled, outcome = found
        if is_receiver:  # about our own transfers, which are requests
            return False
        # "An unsettled disposition does not confirm": the service settles once it has done what was asked.
        if is_settled and self._answers:
            last = first if last is None else last
            said = outcome if isinstance(outcome, amqp.Described) else amqp.Described(None, [])
            few = range(first, last + 1) if last - first < len(self._answers) else list(self._answers)
            for delivery_id in few:
                answer = self._answers.get(delivery_id) if first <= delivery_id <= last else None
                if answer is not None and not answer.future.done():
                    answer.future.set_result(said)
        return True

    def give_up_waiting(self) -> None:
        """End settlements whose answer is overdue.

        Raises:
            ConnectionResetError: nothing at all was received meanwhile. Messages are then settled by lock token over another
                connection.
        """
        now = time.monotonic()
        late = [each for each in self._answers.values() if each.until <= now and not each.future.done()]
        if late and self.line.silent_seconds >= _ANSWER_SECONDS:
            raise ConnectionResetError("the service does not answer")
        for answer in late:
            answer.future.set_result(None)

    def on_over(self) -> None:
        """The link has ended: no answer will arrive."""
        for answer in self._answers.values():
            if not answer.future.done():
                answer.future.set_result(None)


def outcome_of(disposition: Disposition) -> bytes:
    """Encode a disposition as an AMQP outcome (3.4)."""
    match disposition.outcome:
        case "complete":
            return _ACCEPTED
        case "release":
            return _RELEASED
        case "abandon":
            return _ABANDONED
        case "dead-letter":
            info = {
                "DeadLetterReason": disposition.reason,
                "DeadLetterErrorDescription": disposition.description,
            }
            return amqp.rejection(_DEAD_LETTER, disposition.description, info)


def _judge(answer: amqp.Described, outcome: bytes) -> None:
    """Raise unless the service applied the requested outcome: "the service echoes the outcome it applied".

    Raises:
        MessageException: the service rejected the settlement, or applied another outcome.
    """
    refusal: Any = MessageException
    error = answer.value[0] if answer.code == amqp.REJECTED and answer.value else None
    if isinstance(error, amqp.Described):
        said: list[object] = [*error.value, None, None]
        raise refusal(str(said[0]).encode(), description=said[1])
    if answer.code != outcome[2]:
        raise refusal(b"amqp:internal-error", description=f"the service answered with outcome {answer.code}")
