"""The one coroutine that reads a receiver's connection. What we use of the SDK without a public name stands here.

Why. In azure-servicebus 7.15 whoever waits for something (a message, the answer to a settlement, the answer to
a request) reads the connection in turn, a frame at a time, for up to 0.2 s, and holds a lock that writers need
too. So waiters that have what they want sleep in a read, and a settlement waits for the end of a read:
17 settlements a second with 4 at a time. `receive_messages` waits 0.2 s for a second message after the first.

What. The connection gets one reader; everybody else's `listen` waits until it has read something. Writes no
longer wait for reads: asyncio's streams bear a reader and any number of writers. The answer to a settlement
wakes who waits for it. Messages are asked for (link credit) by what callers want and what they prefetch.

What stays unanswered, or belongs to a link that is gone, is `Unconfirmed`: the caller settles it by its lock
token, through the SDK's public methods. Where the SDK has changed and a name used here is gone,
`servicebus_plain` stands in.
"""

import asyncio
import contextlib
import time
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from azure.servicebus import ServiceBusReceivedMessage
from azure.servicebus._pyamqp.error import AMQPError, MessageException, MessageSettlementUnconfirmed
from azure.servicebus.aio import ServiceBusReceiver

from boilermaker.transport.servicebus_connect import Socket, in_sdk_words, stop_keep_alive
from boilermaker.transport.servicebus_settle import Disposition, Unconfirmed

_READ_SECONDS = 0.2  # the SDK's own limit for one read; how soon the end of a connection is noticed
_ANSWER_SECONDS = 20.0
# Without prefetch, what arrives after `take` has returned is given back: so wait until nothing comes for this long.
_QUIET_SECONDS = 0.002
_MOST_QUIET_SECONDS = 0.02
_DRAIN_SECONDS = 0.2
_DEAD_LETTER = b"com.microsoft:dead-letter"


class Reader:
    """Reads one attached link until the connection ends.

    Raises:
        AttributeError: the SDK has changed, a name used here is gone.
    """

    def __init__(self, receiver: ServiceBusReceiver, prefetch: int) -> None:
        self._prefetch = prefetch
        self._receiver: Any = receiver
        handler: Any = self._receiver._handler  # noqa: SLF001
        connection: Any = handler._connection  # noqa: SLF001
        self._handler = handler
        self._connection = connection
        self._link: Any = handler._link  # noqa: SLF001
        self._buffer: Any = handler._received_messages  # noqa: SLF001
        self._socket = Socket(receiver)
        self._taking = asyncio.Lock()
        self._arrived = asyncio.Event()
        self._drained = asyncio.Event()
        self._is_closing = self._is_stopped = self._is_draining = False
        self._error: Exception | None = None
        self._answers: dict[int, asyncio.Future[None]] = {}
        self._listeners: list[asyncio.Future[None]] = []
        self._listen: Callable[..., Awaitable[None]] = connection.listen
        self._take_over()
        self._task = asyncio.create_task(self._read(), name=f"read {receiver.entity_path}")

    @property
    def is_alive(self) -> bool:
        """True while the link can bring messages."""
        return not self._task.done() and not self._is_closing

    async def take(self, max_messages: int, wait_seconds: float) -> list[ServiceBusReceivedMessage]:
        """Up to `max_messages` as soon as there is one; empty after `wait_seconds` without.

        Raises:
            Exception: the link or the connection is gone, as the SDK words it.
        """
        async with self._taking:
            try:
                if self._buffer.empty() and wait_seconds > 0 and not self._is_stopped:
                    await self._wait_for_arrival(max_messages, wait_seconds)
            finally:
                if not self._prefetch and self._link.current_link_credit > 0 and self.is_alive:
                    await self._link.flow(link_credit=0)
            messages: list[ServiceBusReceivedMessage] = []
            while len(messages) < max_messages and not self._buffer.empty():
                messages.append(self._receiver._build_received_message(self._buffer.get_nowait()))  # noqa: SLF001
            if not messages and not self.is_alive:
                raise self._error or ConnectionResetError("the connection was closed")
            if self._prefetch and self.is_alive and not self._is_stopped:
                await self._ask_for(self._prefetch)
            return messages

    async def settle(
        self, message: ServiceBusReceivedMessage, disposition: Disposition, *, confirmed: bool
    ) -> None:
        """Settle a message of this link.

        Raises:
            Unconfirmed: the link is gone or did not answer.
            Exception: the service refused, as the SDK words it.
        """
        if not self.is_alive:
            raise Unconfirmed
        received: Any = message
        try:
            await self._handler.settle_messages_async(
                received._delivery_id,  # noqa: SLF001
                received._delivery_tag,  # noqa: SLF001
                batchable=None,
                # Not awaited means sent as settled (AMQP 1.0, 2.6.12): the service will not answer.
                await_outcome=confirmed,
                outcome_timeout=_ANSWER_SECONDS,
                **_outcome(disposition),
            )
        except MessageSettlementUnconfirmed as error:
            raise Unconfirmed(str(error)) from error
        except MessageException as error:
            raise in_sdk_words(self._receiver, error) from error
        except Exception as error:
            raise Unconfirmed(str(error)) from error

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
        self._is_closing = True
        try:
            await self._receiver.close()
        finally:
            self._task.cancel()
            await asyncio.wait([self._task])
            await self._socket.close_if_lost()

    async def _drain(self) -> None:
        """Let what is under way arrive. Without credit left, the SDK's close does not wait for it again."""
        self._drained.clear()
        self._is_draining = True
        await self._link.flow(link_credit=0, drain=True)
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_DRAIN_SECONDS):
                await self._drained.wait()
        self._is_draining = False

    # ---- the reader ---------------------------------------------------------------------------------------

    def _take_over(self) -> None:
        """Put ourselves where the SDK's waiters would read."""
        transport, link = self._connection._transport, self._link  # noqa: SLF001
        write, self._settled = transport._write, link._incoming_disposition  # noqa: SLF001
        self._outcome, self._flowed = link._wait_for_disposition_outcome, link._incoming_flow  # noqa: SLF001
        self._pending: Mapping[int, Mapping[str, Any]] = link._pending_dispositions  # noqa: SLF001
        _ = link._on_transfer, link.current_link_credit, transport.write  # noqa: SLF001  # must be there
        stop_keep_alive(self._receiver)
        transport.write = write
        link._on_transfer = self._on_transfer  # noqa: SLF001
        link._incoming_disposition = self._on_disposition  # noqa: SLF001
        link._incoming_flow = self._on_flow  # noqa: SLF001
        link._wait_for_disposition_outcome = self._wait_for_answer  # noqa: SLF001
        self._connection.listen = self._listen_elsewhere

    async def _read(self) -> None:
        token_checked = time.monotonic()
        try:
            while True:
                self._check_attached()
                if time.monotonic() - token_checked > 1:
                    token_checked = time.monotonic()
                    await self._handler.auth_complete_async()  # renews the token in time
                await self._listen(wait=_READ_SECONDS)
                self._wake_listeners()
        except Exception as error:  # noqa: BLE001  # whatever ended it, those who wait learn it
            self._error = in_sdk_words(self._receiver, error)
        finally:
            self._arrived.set()
            self._drained.set()
            for answer in self._answers.values():
                answer.cancel()
            self._wake_listeners()

    def _check_attached(self) -> None:
        """Raise what the service said when it detached the link."""
        if self._link.get_state().value != 3 and not self._is_closing:  # LinkState.ATTACHED
            raise ConnectionResetError("the link was detached")

    async def _listen_elsewhere(self, wait: float | bool = False, batch: int = 1, **kwargs: Any) -> None:  # noqa: FBT001, FBT002  # the SDK's signature
        if self._task.done() or asyncio.current_task() is self._task:
            await self._listen(wait=wait, batch=batch, **kwargs)
            return
        heard: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._listeners.append(heard)
        await asyncio.wait([heard], timeout=_READ_SECONDS)

    def _wake_listeners(self) -> None:
        if self._listeners:
            waiting, self._listeners = self._listeners, []
            for each in waiting:
                if not each.done():
                    each.set_result(None)

    # ---- messages -----------------------------------------------------------------------------------------

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
        while seen < self._buffer.qsize() < max_messages and time.monotonic() < quiet_until:
            seen = self._buffer.qsize()
            await asyncio.sleep(_QUIET_SECONDS)

    async def _ask_for(self, window: int) -> None:
        """Let as many messages come that `window` is filled, counting what is buffered; in few, large steps."""
        wanted = self._wanted(window)
        if self._link.current_link_credit <= wanted // 2 and wanted > 0:
            await self._link.flow(link_credit=wanted)

    def _wanted(self, window: int) -> int:
        return max(window - int(self._buffer.qsize()), 0)

    async def _on_transfer(self, frame: Any, message: Any) -> None:
        if not self._is_stopped and (self._prefetch or self._taking.locked()):
            self._buffer.put((frame, message))
            self._arrived.set()
        else:  # nobody asks for it any more; it would only lie here while its lock runs
            await self._give_back(frame)

    async def _give_all_back(self) -> None:
        with contextlib.suppress(Exception):  # a dead connection holds nothing to give back
            if self._link.current_link_credit > 0:
                await self._drain()
            while not self._buffer.empty():
                frame, _ = self._buffer.get_nowait()
                await self._give_back(frame)

    async def _give_back(self, frame: Any) -> None:
        await self._handler.settle_messages_async(frame[1], frame[2], "released")

    async def _on_flow(self, frame: Any) -> None:
        await self._flowed(frame)
        if self._is_draining and (
            frame[8] or not frame[6]
        ):  # drain; no link-credit is left (AMQP 1.0, 2.6.7)
            self._drained.set()

    # ---- answers to settlements ---------------------------------------------------------------------------

    async def _on_disposition(self, frame: Any) -> None:
        await self._settled(frame)
        for delivery_id, answer in self._answers.items():
            if self._pending[delivery_id]["settled"] and not answer.done():
                answer.set_result(None)

    async def _wait_for_answer(self, delivery_ids: list[int], seconds: float | None, *rest: Any) -> None:
        """Wait without reading; then let the SDK judge the answer, or the lack of one."""
        for delivery_id in delivery_ids:
            answer: asyncio.Future[None] = asyncio.get_running_loop().create_future()
            self._answers[delivery_id] = answer
            try:
                if not self._pending[delivery_id]["settled"] and self.is_alive:
                    await asyncio.wait([answer], timeout=seconds)
            finally:
                del self._answers[delivery_id]
        # Unanswered, it gives up at once.
        await self._outcome(delivery_ids, 1e-6, *rest)


def _outcome(disposition: Disposition) -> dict[str, Any]:
    """AMQP 1.0, 3.4, as `settle_messages_async` takes it."""
    match disposition.outcome:
        case "complete":
            return {"outcome": "accepted"}
        case "release":
            return {"outcome": "released"}
        case "abandon":
            return {"outcome": "modified", "delivery_failed": True, "undeliverable_here": False}
        case "dead-letter":
            info = {
                "DeadLetterReason": disposition.reason,
                "DeadLetterErrorDescription": disposition.description,
            }
            return {"outcome": "rejected", "error": AMQPError(_DEAD_LETTER, disposition.description, info)}
