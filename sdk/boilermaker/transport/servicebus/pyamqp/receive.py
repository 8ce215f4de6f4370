"""Receives messages from a link with raw AMQP frames: see `pyamqp.connection` for why.

Link credit follows the number of messages that callers request and prefetch.
"""

import asyncio
import contextlib
import time
from collections import deque
from collections.abc import Sequence
from typing import NamedTuple

from azure.servicebus.aio import ServiceBusReceiver

from boilermaker.transport.clock import ServiceClock
from boilermaker.transport.servicebus import frames as amqp
from boilermaker.transport.servicebus.delivery import AzureDelivery
from boilermaker.transport.servicebus.pyamqp.connection import Line
from boilermaker.transport.servicebus.pyamqp.delivery import LinkDelivery
from boilermaker.transport.servicebus.pyamqp.names import parts
from boilermaker.transport.servicebus.pyamqp.settle import Settlements, outcome_of
from boilermaker.transport.servicebus.settle import Disposition, Unconfirmed

# Without prefetch, messages that arrive after `take` has returned are released, so wait until none arrives for this long.
_QUIET_SECONDS = 0.002
_MOST_QUIET_SECONDS = 0.02
_DRAIN_SECONDS = 0.2


class _Arrival(NamedTuple):
    delivery_id: int
    delivery_tag: bytes
    payload: bytes
    received_at: float


class Reader:
    """Reads one attached link until the connection ends.

    Raises:
        UnknownSDKError: the SDK has changed and a name used here is missing.
    """

    def __init__(self, receiver: ServiceBusReceiver, prefetch: int, clock: ServiceClock) -> None:
        found = parts(receiver)
        self._clock = clock
        self._prefetch = prefetch
        self._receiver = receiver
        self._buffer: deque[_Arrival] = deque()
        self._parts: list[bytes] = []
        self._first: tuple[int, bytes] = (0, b"")
        self._settlements = Settlements(receiver)
        self._taking = asyncio.Lock()
        self._arrived = asyncio.Event()
        self._drained = asyncio.Event()
        self._is_stopped = self._is_draining = False
        hear = {
            amqp.TRANSFER: self._on_transfer,
            amqp.DISPOSITION: self._settlements.on_disposition,
            amqp.FLOW: self._on_flow,
        }
        self._line = Line(receiver, found, hear, self._settlements.give_up_waiting, self._on_over)
        self._settlements.line = self._line
        self._link, self._session = found.link, found.session

    @property
    def is_alive(self) -> bool:
        """True while the link can receive messages."""
        return self._line.is_alive

    async def take(self, max_messages: int, wait_seconds: float) -> Sequence[AzureDelivery]:
        """Receive up to `max_messages` as soon as there is one; empty if none arrives within `wait_seconds`.

        Raises:
            Exception: the SDK's error, if the link or the connection is closed.
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
            return [self._delivery(arrival) for arrival in arrivals]

    async def settle(self, delivery: AzureDelivery, disposition: Disposition, *, confirmed: bool) -> None:
        """Settle a message of this link.

        Raises:
            Unconfirmed: the link is closed or did not answer.
            Exception: the SDK's error, if the service rejected the settlement.
        """
        if not self.is_alive or not isinstance(delivery, LinkDelivery):
            raise Unconfirmed
        await self._settlements.settle(delivery.delivery_id, outcome_of(disposition), confirmed=confirmed)

    async def stop(self) -> None:
        """Stop receiving: revoke the credit and release messages that are buffered or in flight. Settling still works."""
        if self._is_stopped:
            return
        self._is_stopped = True
        await self._release_all()

    async def set_prefetch(self, count: int) -> None:
        """Set how many messages are prefetched; 0 releases prefetched messages."""
        self._prefetch = count
        if count == 0:
            await self._release_all()
        elif not self._is_stopped and self._link.current_link_credit > (wanted := self._wanted(count)):
            with contextlib.suppress(Exception):  # the next `take` reports a dead connection
                await self._link.flow(link_credit=wanted)

    async def close(self) -> None:
        """Release messages that are buffered or in flight, and disconnect."""
        await self.stop()
        await self._line.close()

    # ---- messages -----------------------------------------------------------------------------------------

    def _delivery(self, arrival: _Arrival) -> LinkDelivery:
        made = LinkDelivery(self, self._receiver, arrival.delivery_id, arrival.delivery_tag, arrival.payload)
        if made.enqueued_time is not None:
            self._clock.note_enqueued(made.enqueued_time, arrival.received_at)
        return made

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
            self._on_message(_Arrival(*self._first, payload, self._clock.monotonic()))
        return True

    def _count_frame(self) -> None:
        """Maintain the session's window (AMQP 1.0, 2.5.6)."""
        session = self._session
        session.next_incoming_id += 1
        session.remote_outgoing_window -= 1
        session.incoming_window -= 1
        if session.incoming_window <= session.target_incoming_window // 2:
            session.incoming_window = session.target_incoming_window
            self._flow_task = asyncio.create_task(session._outgoing_flow())  # noqa: SLF001

    def _on_message(self, arrival: _Arrival) -> None:
        self._settlements.hold(arrival.delivery_id)
        if not self._is_stopped and (self._prefetch or self._taking.locked()):
            self._buffer.append(arrival)
            self._arrived.set()
        else:  # no caller waits for it; buffering it would only use up its lock
            self._settlements.release(arrival.delivery_id)

    async def _wait_for_arrival(self, max_messages: int, wait_seconds: float) -> None:
        self._arrived.clear()
        if not self.is_alive:
            return
        await self._ask_for(max(max_messages, self._prefetch))
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(wait_seconds):
                await self._arrived.wait()
        if self._prefetch:
            return  # later messages are buffered
        quiet_until = time.monotonic() + _MOST_QUIET_SECONDS
        seen = 0
        while seen < len(self._buffer) < max_messages and time.monotonic() < quiet_until:
            seen = len(self._buffer)
            await asyncio.sleep(_QUIET_SECONDS)

    async def _ask_for(self, window: int) -> None:
        """Grant credit to fill `window`, counting buffered messages, in few large steps."""
        wanted = self._wanted(window)
        if self._link.current_link_credit <= wanted // 2 and wanted > 0:
            await self._link.flow(link_credit=wanted)

    def _wanted(self, window: int) -> int:
        return max(window - len(self._buffer), 0)

    async def _release_all(self) -> None:
        with contextlib.suppress(Exception):  # a dead connection has no locks to release
            if self._link.current_link_credit > 0 and self.is_alive:
                await self._drain()
            while self._buffer:
                self._settlements.release(self._buffer.popleft().delivery_id)

    async def _drain(self) -> None:
        """Let messages in flight arrive. Without remaining credit, the SDK's close does not wait for them again."""
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

    def _on_over(self) -> None:
        self._arrived.set()
        self._drained.set()
        self._settlements.on_over()
