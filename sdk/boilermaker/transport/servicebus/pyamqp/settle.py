"""Settlements on a link, in AMQP's own words: see `pyamqp.connection` for why.

Those of one turn of the event loop that say the same of neighbours are one disposition, as AMQP has it (2.7.6) and
qpid-proton's clients do. What stays unanswered, or belongs to a link that is gone, is `Unconfirmed`: the caller settles
it by its lock token, through the SDK's public methods.
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
    """A settlement to be sent. Neighbours are put together where the rest is the same."""

    outcome: bytes
    is_settled: bool
    delivery_id: int


class _Answer(NamedTuple):
    """What the service is awaited to say about a delivery, at the latest when."""

    future: asyncio.Future[amqp.Described | None]
    until: float


class Settlements:
    """What is settled, and what is not yet, of the deliveries of one link. `line` is set before the first comes."""

    line: Line

    def __init__(self, receiver: ServiceBusReceiver) -> None:
        self._receiver = receiver
        self._held: set[int] = set()
        self._due: list[_Due] = []
        self._answers: dict[int, _Answer] = {}

    def hold(self, delivery_id: int) -> None:
        """A delivery has come."""
        self._held.add(delivery_id)

    def give_back(self, delivery_id: int) -> None:
        """Release a delivery that nobody has seen."""
        self._write_soon(delivery_id, _RELEASED, is_settled=True)

    async def settle(self, delivery_id: int, outcome: bytes, *, confirmed: bool) -> None:
        """Settle a delivery.

        Raises:
            Unconfirmed: it is settled already, the link ended or did not answer.
            Exception: the service refused, as the SDK words it.
        """
        if delivery_id not in self._held:
            raise Unconfirmed("it was settled before")
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
        """Write what is due: one disposition for each run of neighbours with the same outcome."""
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
        """The service answers about some deliveries, perhaps of a range."""
        if not self.line.is_ours(frame):
            return False
        found, _ = amqp.fields(data, frame, 5)
        is_receiver, first, last, is_settled, outcome = found
        if is_receiver:  # about what we send, which is requests
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
        """Tell those that have waited long enough.

        Raises:
            ConnectionResetError: nothing at all was heard meanwhile. By its lock token a message is then settled over
                another connection.
        """
        now = time.monotonic()
        late = [each for each in self._answers.values() if each.until <= now and not each.future.done()]
        if late and self.line.silent_seconds >= _ANSWER_SECONDS:
            raise ConnectionResetError("the service does not answer")
        for answer in late:
            answer.future.set_result(None)

    def on_over(self) -> None:
        """The link has ended: nothing will be answered."""
        for answer in self._answers.values():
            if not answer.future.done():
                answer.future.set_result(None)


def outcome_of(disposition: Disposition) -> bytes:
    """A disposition as AMQP has it (3.4)."""
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
    """Raise unless the service says that it did what was asked: "the service echoes the outcome it applied".

    Raises:
        MessageException: it refused, or did something else.
    """
    refusal: Any = MessageException
    error = answer.value[0] if answer.code == amqp.REJECTED and answer.value else None
    if isinstance(error, amqp.Described):
        said: list[object] = [*error.value, None, None]
        raise refusal(str(said[0]).encode(), description=said[1])
    if answer.code != outcome[2]:
        raise refusal(b"amqp:internal-error", description=f"the service answered with outcome {answer.code}")
