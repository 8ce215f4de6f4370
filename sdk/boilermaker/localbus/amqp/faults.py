"""Injects faults into one client's connection: all of its operations pass through here."""

import asyncio
from collections.abc import Callable

from proton import Link

from boilermaker.localbus.amqp.wire import Wire
from boilermaker.localbus.faults import REFUSALS, Fault, Faults, Operation, Refused

Answer = Callable[[], None]
"""Answers the client."""


def no_answer() -> None:
    """The answer of operations that have none."""


class FaultInjector:
    """Injects faults into the operations of one client.

    Args:
        faults: the active faults of the bus.
        wire: the client's socket.
        loop: the event loop.
        has: whether the client still has this link.
        detach: detaches one of the client's links, with a reason.
    """

    def __init__(
        self,
        faults: Faults,
        wire: Wire,
        loop: asyncio.AbstractEventLoop,
        has: Callable[[Link], bool],
        detach: Callable[[Link, Refused], None],
    ) -> None:
        self._faults, self._wire, self._loop, self._has, self._detach = faults, wire, loop, has, detach

    def run(
        self,
        operation: Operation,
        queue: str | None,
        link: Link,
        *,
        do: Callable[[], Answer],
        refuse: Callable[[Refused], None] = lambda _: None,
    ) -> None:
        """Perform an operation and answer, unless a fault strikes.

        Args:
            operation: the kind of operation.
            queue: the queue concerned.
            link: the link on which the answer is sent.
            do: performs the operation without answering; returns a function that answers.
            refuse: answers that the operation is rejected.
        """
        fault = self._faults.strike(operation, queue)
        if fault is None:
            do()()
        elif fault.do in REFUSALS:
            refuse(REFUSALS[fault.do])
            self._wire.flush_soon()
        else:
            self._apply(fault, link, do)

    def begin(self) -> None:
        """The client has connected."""
        fault = self._faults.strike("connect")
        match None if fault is None else fault.do:
            case "cut":
                self._wire.abort()
            case "delay" | "freeze":
                self._wire.freeze(None if fault is None else fault.seconds)
            case "half":
                self._wire.send_garbage(b"AMQP")
                self._wire.freeze()
            case "garbage":
                self._wire.send_garbage()
            case _:
                pass

    def _apply(self, fault: Fault, link: Link, do: Callable[[], Answer]) -> None:
        match fault.do:
            case "delay":
                self._loop.call_later(fault.seconds or 0.0, self._run_late, link, do)
            case "lose":
                do()
            case "detach":
                self._detach(link, REFUSALS["internal"])
            case "cut":
                self._wire.abort()
            case "cut-after":
                do()
                self._wire.abort()
            case "freeze":
                self._wire.freeze(fault.seconds)
            case "half":
                do()()
                self._wire.send_partially()
            case "garbage":
                do()
                self._wire.send_garbage()
            case _:  # ignore: neither performed nor answered
                pass

    def _run_late(self, link: Link, do: Callable[[], Answer]) -> None:
        """Perform a delayed operation, if the client still has the link."""
        if self._has(link):
            self._wire.guarded(self._do, do)
            self._wire.flush_soon()

    @staticmethod
    def _do(do: Callable[[], Answer]) -> None:
        do()()
