"""Sends messages to a link with several batches in flight: see `pyamqp.connection` for why.

The SDK waits for the answer to one batch before it sends the next, and encodes each message twice. Here batches are sent
immediately while the service grants credit, and each has its own result.
"""

import asyncio
import time
from collections import deque
from collections.abc import Sequence
from typing import Any, NamedTuple

from azure.servicebus._pyamqp.error import MessageException
from azure.servicebus.aio import ServiceBusSender

from boilermaker.transport.servicebus import frames as amqp
from boilermaker.transport.servicebus.connect import TRY_TIMEOUT_SECONDS, in_sdk_words
from boilermaker.transport.servicebus.message import Encoded, payload_of
from boilermaker.transport.servicebus.pyamqp.connection import Line
from boilermaker.transport.servicebus.pyamqp.names import parts

_LEAST_FRAME_BYTES = 512  # AMQP 1.0, 2.7.1: the minimum that every peer accepts


class _Transfer(NamedTuple):
    payload: bytes
    message_format: int
    fate: asyncio.Future[None]
    until: float


class Writer:
    """Sends over one attached link until the connection ends.

    Raises:
        UnknownSDKError: the SDK has changed and a name used here is missing.
    """

    def __init__(self, sender: ServiceBusSender) -> None:
        found = parts(sender)
        self._frame_bytes = max(int(found.connection._remote_max_frame_size), _LEAST_FRAME_BYTES)  # noqa: SLF001
        self._sender = sender
        self._waiting: deque[_Transfer] = deque()
        self._sent: dict[int, _Transfer] = {}
        hear = {amqp.DISPOSITION: self._on_disposition, amqp.FLOW: self._on_flow}
        self._line = Line(sender, found, hear, self._give_up_waiting, self._on_over)
        self._link, self._session = found.link, found.session
        self._credit: int = (
            self._link.current_link_credit
        )  # the SDK's default until the service grants credit
        self._window: int = self._session.remote_incoming_window
        self._extra_frames = 0  # the SDK counts a delivery of many frames as one

    @property
    def is_alive(self) -> bool:
        """True while the link accepts messages."""
        return self._line.is_alive

    def send(self, messages: Sequence[Encoded]) -> asyncio.Future[None]:
        """Send these as one batch, accepted or rejected together. The future raises the SDK's error if rejected.

        If it raises ConnectionResetError or TimeoutError, the batch may or may not have been accepted.
        """
        fate: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        payload, message_format = payload_of(messages)
        self._waiting.append(_Transfer(payload, message_format, fate, time.monotonic() + TRY_TIMEOUT_SECONDS))
        self._send_waiting()
        return fate

    async def close(self) -> None:
        """Wait for messages in flight, then disconnect."""
        await self._line.close()

    def _send_waiting(self) -> None:
        if not self.is_alive:
            self._on_over()
        while self._waiting and self._credit > 0 and self._window > 0:
            transfer = self._waiting.popleft()
            link, session = self._link, self._session
            delivery_id: int = session.next_outgoing_id
            frames = amqp.transfers(
                self._line.channel,
                link.handle,
                delivery_id,
                transfer.payload,
                self._frame_bytes,
                transfer.message_format,
            )
            self._sent[delivery_id] = transfer
            self._line.write_soon(b"".join(frames))
            session.next_outgoing_id += 1
            session.outgoing_window -= 1
            session.remote_incoming_window -= len(frames)
            link.delivery_count += 1
            link.current_link_credit -= 1
            self._extra_frames += len(frames) - 1
            self._window -= len(frames)
            self._credit -= 1

    def _on_flow(self, data: bytes, frame: amqp.Frame) -> bool:
        """AMQP 1.0, 2.5.6 and 2.6.7."""
        if not self._line.is_ours(frame):
            return False
        found, _ = amqp.fields(data, frame, 7)
        next_incoming_id, incoming_window, next_outgoing_id, _, handle, delivery_count, credit = found
        sent = self._session.next_outgoing_id + self._extra_frames
        self._window = sent if next_incoming_id is None else next_incoming_id
        self._window += incoming_window - sent
        if handle != self._link.remote_handle:
            self._send_waiting()
            return False
        if credit is not None and delivery_count is not None:
            self._credit = delivery_count + credit - self._link.delivery_count
            self._link.current_link_credit = self._credit
        self._session.next_incoming_id = next_outgoing_id
        self._session.remote_incoming_window = self._window
        self._send_waiting()
        return True

    def _on_disposition(self, data: bytes, frame: amqp.Frame) -> bool:
        if not self._line.is_ours(frame):
            return False
        found, _ = amqp.fields(data, frame, 5)
        is_receiver, first, last, is_settled, outcome = found
        if not is_receiver or not is_settled:
            return False
        first, last = int(first), int(first if last is None else last)
        ours = [number for number in self._sent if first <= number <= last]
        for number in ours:
            self._settle(self._sent.pop(number).fate, outcome)
        return len(ours) == last - first + 1

    def _settle(self, fate: asyncio.Future[None], outcome: object) -> None:
        if fate.done():
            return
        said = outcome if isinstance(outcome, amqp.Described) else amqp.Described(None, [])
        if said.code == amqp.ACCEPTED:
            fate.set_result(None)
            return
        refusal: Any = MessageException
        error = said.value[0] if said.code == amqp.REJECTED and said.value else None
        if isinstance(error, amqp.Described):
            condition, description = [*error.value, None, None][:2]
            refused = refusal(str(condition).encode(), description=description)
        else:
            refused = refusal(b"amqp:internal-error", description=f"the service answered {said.code}")
        fate.set_exception(in_sdk_words(self._sender, refused))

    def _give_up_waiting(self) -> None:
        now = time.monotonic()
        late = TimeoutError(f"the service did not answer for {TRY_TIMEOUT_SECONDS:g}s")
        for transfer in [*self._sent.values(), *self._waiting]:
            if transfer.until <= now and not transfer.fate.done():
                transfer.fate.set_exception(late)

    def _on_over(self) -> None:
        error = self._line.error or ConnectionResetError("the connection was closed")
        left = [*self._sent.values(), *self._waiting]
        self._sent.clear()
        self._waiting.clear()
        for transfer in left:
            if not transfer.fate.done():
                transfer.fate.set_exception(error)
