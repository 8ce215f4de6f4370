"""Messages from a link and settlements to it, in AMQP's own words: see `servicebus_pyamqp` for why.

Messages are asked for (link credit) by what callers want and what they prefetch. They are read where they are looked
at. Settlements of one turn of the event loop that say the same of neighbours are one disposition, as AMQP has it
(2.7.6) and qpid-proton's clients do. What stays unanswered, or belongs to a link that is gone, is `Unconfirmed`: the
caller settles it by its lock token, through the SDK's public methods.
"""

import asyncio
import contextlib
import time
from collections import deque
from collections.abc import Sequence
from typing import Any, NamedTuple

from azure.servicebus._pyamqp.error import MessageException
from azure.servicebus.aio import ServiceBusReceiver

from boilermaker.transport import servicebus_frames as amqp
from boilermaker.transport.servicebus_connect import in_sdk_words
from boilermaker.transport.servicebus_delivery import AzureDelivery
from boilermaker.transport.servicebus_pyamqp import Line
from boilermaker.transport.servicebus_pyamqp_delivery import LinkDelivery
from boilermaker.transport.servicebus_settle import Disposition, Unconfirmed

_ANSWER_SECONDS = 20.0
# Without prefetch, what arrives after `take` has returned is given back: so wait until nothing comes for this long.
_QUIET_SECONDS = 0.002
_MOST_QUIET_SECONDS = 0.02
_DRAIN_SECONDS = 0.2
_DEAD_LETTER = "com.microsoft:dead-letter"
_ACCEPTED = amqp.state(amqp.ACCEPTED)
_RELEASED = amqp.state(amqp.RELEASED)
# "delivery-failed" counts the delivery; "undeliverable-here" would defer the message on Service Bus.
_ABANDONED = amqp.state(amqp.MODIFIED, [b"\x41", b"\x42"])


class _Arrival(NamedTuple):
    delivery_id: int
    delivery_tag: bytes
    payload: bytes


class _Due(NamedTuple):
    """A settlement to be sent. Neighbours are put together where the rest is the same."""

    outcome: bytes
    is_settled: bool
    delivery_id: int


class _Answer(NamedTuple):
    """What the service is awaited to say about a delivery, at the latest when."""

    future: asyncio.Future[amqp.Described | None]
    until: float


class Reader:
    """Reads one attached link until the connection ends.

    Raises:
        AttributeError: the SDK has changed, a name used here is gone.
    """

    def __init__(self, receiver: ServiceBusReceiver, prefetch: int) -> None:
        self._prefetch = prefetch
        self._receiver = receiver
        self._buffer: deque[_Arrival] = deque()
        self._parts: list[bytes] = []
        self._first: tuple[int, bytes] = (0, b"")
        self._held: set[int] = set()
        self._due: list[_Due] = []
        self._answers: dict[int, _Answer] = {}
        self._taking = asyncio.Lock()
        self._arrived = asyncio.Event()
        self._drained = asyncio.Event()
        self._is_stopped = self._is_draining = False
        hear = {
            amqp.TRANSFER: self._on_transfer,
            amqp.DISPOSITION: self._on_disposition,
            amqp.FLOW: self._on_flow,
        }
        self._line = Line(receiver, hear, self._give_up_waiting, self._on_over)
        link, session = self._line.link, self._line.session
        _ = (
            link.current_link_credit,
            link.delivery_count,
            link.received_delivery_id,
            link.flow,
        )  # must be there
        _ = session.next_incoming_id, session.remote_outgoing_window, session.incoming_window
        _ = session.target_incoming_window
        self._link, self._session = link, session

    @property
    def is_alive(self) -> bool:
        """True while the link can bring messages."""
        return self._line.is_alive

    async def take(self, max_messages: int, wait_seconds: float) -> Sequence[AzureDelivery]:
        """Up to `max_messages` as soon as there is one; empty after `wait_seconds` without.

        Raises:
            Exception: the link or the connection is gone, as the SDK words it.
        """
        async with self._taking:
            try:
                if not self._buffer and wait_seconds > 0 and not self._is_stopped:
                    await self._wait_for_arrival(max_messages, wait_seconds)
            finally:
                if not self._prefetch and self._link.current_link_credit > 0 and self.is_alive:
                    await self._link.flow(link_credit=0)
            count = min(max_messages, len(self._buffer))
            arrivals = [self._buffer.popleft() for _ in range(count)]
            if not arrivals and not self.is_alive:
                raise self._line.error or ConnectionResetError("the connection was closed")
            if self._prefetch and self.is_alive and not self._is_stopped:
                await self._ask_for(self._prefetch)
            return [LinkDelivery(self, self._receiver, *arrival) for arrival in arrivals]

    async def settle(self, delivery: AzureDelivery, disposition: Disposition, *, confirmed: bool) -> None:
        """Settle a message of this link.

        Raises:
            Unconfirmed: the link is gone or did not answer.
            Exception: the service refused, as the SDK words it.
        """
        if not self.is_alive or not isinstance(delivery, LinkDelivery):
            raise Unconfirmed
        if delivery.delivery_id not in self._held:
            raise Unconfirmed("it was settled before")
        outcome = _outcome(disposition)
        # Sent as settled (AMQP 1.0, 2.6.12), the service will not answer.
        self._settle_soon(delivery.delivery_id, outcome, is_settled=not confirmed)
        if not confirmed:
            return
        future: asyncio.Future[amqp.Described | None] = asyncio.get_running_loop().create_future()
        self._answers[delivery.delivery_id] = _Answer(future, time.monotonic() + _ANSWER_SECONDS)
        try:
            answer = await future
        finally:
            self._answers.pop(delivery.delivery_id, None)
        if answer is None:
            raise Unconfirmed("the link ended, or did not answer in time")
        try:
            _judge(answer, outcome)
        except MessageException as error:
            raise in_sdk_words(self._receiver, error) from error

    async def stop(self) -> None:
        """Bring no more messages: take the credit back, give back what is buffered or under way. Settling goes on."""
        if self._is_stopped:
            return
        self._is_stopped = True
        await self._give_all_back()

    async def set_prefetch(self, count: int) -> None:
        """Hold so many messages ahead of being asked for; 0 gives back what is held."""
        self._prefetch = count
        if count == 0:
            await self._give_all_back()
        elif not self._is_stopped and self._link.current_link_credit > (wanted := self._wanted(count)):
            with contextlib.suppress(Exception):  # a dead connection is told by the next `take`
                await self._link.flow(link_credit=wanted)

    async def close(self) -> None:
        """Give back what is buffered or under way, and disconnect."""
        await self.stop()
        await self._line.close()

    # ---- messages -----------------------------------------------------------------------------------------

    def _on_transfer(self, data: bytes, frame: amqp.Frame) -> bool:
        if not self._line.is_ours(frame):
            return False
        found, payload_at = amqp.fields(data, frame, 10)
        handle, delivery_id, tag, _, _, is_more, _, _, _, is_aborted = found
        if handle != self._link.remote_handle:
            return False
        self._count_frame()
        if delivery_id is not None:
            self._first = (delivery_id, tag)
        payload = data[payload_at : frame.end]
        if is_more:
            self._parts.append(payload)
            return True
        if self._parts:
            parts, self._parts = self._parts, []
            payload = b"".join((*parts, payload))
        self._link.received_delivery_id = self._first[0]
        self._link.delivery_count += 1
        self._link.current_link_credit -= 1
        if not is_aborted:
            self._on_message(_Arrival(*self._first, payload))
        return True

    def _count_frame(self) -> None:
        """Keep the session's window, as AMQP has it (2.5.6)."""
        session = self._session
        session.next_incoming_id += 1
        session.remote_outgoing_window -= 1
        session.incoming_window -= 1
        if session.incoming_window <= session.target_incoming_window // 2:
            session.incoming_window = session.target_incoming_window
            self._flow_task = asyncio.create_task(session._outgoing_flow())  # noqa: SLF001

    def _on_message(self, arrival: _Arrival) -> None:
        self._held.add(arrival.delivery_id)
        if not self._is_stopped and (self._prefetch or self._taking.locked()):
            self._buffer.append(arrival)
            self._arrived.set()
        else:  # nobody asks for it any more; it would only lie here while its lock runs
            self._settle_soon(arrival.delivery_id, _RELEASED, is_settled=True)

    async def _wait_for_arrival(self, max_messages: int, wait_seconds: float) -> None:
        self._arrived.clear()
        if not self.is_alive:
            return
        await self._ask_for(max(max_messages, self._prefetch))
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(wait_seconds):
                await self._arrived.wait()
        if self._prefetch:
            return  # what comes later is kept
        quiet_until = time.monotonic() + _MOST_QUIET_SECONDS
        seen = 0
        while seen < len(self._buffer) < max_messages and time.monotonic() < quiet_until:
            seen = len(self._buffer)
            await asyncio.sleep(_QUIET_SECONDS)

    async def _ask_for(self, window: int) -> None:
        """Let as many messages come that `window` is filled, counting what is buffered; in few, large steps."""
        wanted = self._wanted(window)
        if self._link.current_link_credit <= wanted // 2 and wanted > 0:
            await self._link.flow(link_credit=wanted)

    def _wanted(self, window: int) -> int:
        return max(window - len(self._buffer), 0)

    async def _give_all_back(self) -> None:
        with contextlib.suppress(Exception):  # a dead connection holds nothing to give back
            if self._link.current_link_credit > 0 and self.is_alive:
                await self._drain()
            while self._buffer:
                self._settle_soon(self._buffer.popleft().delivery_id, _RELEASED, is_settled=True)

    async def _drain(self) -> None:
        """Let what is under way arrive. Without credit left, the SDK's close does not wait for it again."""
        self._drained.clear()
        self._is_draining = True
        await self._link.flow(link_credit=0, drain=True)
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_DRAIN_SECONDS):
                await self._drained.wait()
        self._is_draining = False

    def _on_flow(self, data: bytes, frame: amqp.Frame) -> bool:
        found, _ = amqp.fields(data, frame, 9)
        is_ours = self._line.is_ours(frame) and found[4] == self._link.remote_handle
        # drain; no link-credit is left (AMQP 1.0, 2.6.7)
        if is_ours and self._is_draining and (found[8] or not found[6]):
            self._drained.set()
        return False

    # ---- settlements --------------------------------------------------------------------------------------

    def _settle_soon(self, delivery_id: int, outcome: bytes, *, is_settled: bool) -> None:
        self._held.discard(delivery_id)
        if not self._due:
            self._line.write_soon(before=self._settle_due)
        self._due.append(_Due(outcome, is_settled, delivery_id))

    def _settle_due(self) -> None:
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
        self._line.write_soon(
            amqp.disposition(
                self._line.channel, delivery_id, last.delivery_id, outcome, is_settled=is_settled
            )
        )

    def _on_disposition(self, data: bytes, frame: amqp.Frame) -> bool:
        if not self._line.is_ours(frame):
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

    def _give_up_waiting(self) -> None:
        now = time.monotonic()
        for answer in self._answers.values():
            if answer.until <= now and not answer.future.done():
                answer.future.set_result(None)

    def _on_over(self) -> None:
        self._arrived.set()
        self._drained.set()
        for answer in self._answers.values():
            if not answer.future.done():
                answer.future.set_result(None)


def _outcome(disposition: Disposition) -> bytes:
    """AMQP 1.0, 3.4."""
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
