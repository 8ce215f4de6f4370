"""Carries faults out at one client's connection: whatever it asks for goes through here while faults stand."""

import asyncio
from collections.abc import Callable

from proton import Link

from boilermaker.localbus.amqp.wire import Wire
from boilermaker.localbus.faults import REFUSALS, Fault, Faults, Operation, Refused

Answer = Callable[[], None]
"""Tells the client what has been done."""


def no_answer() -> None:
    """For what has none."""


class Ordeal:
    """What one client goes through.

    Args:
        faults: the bus's.
        wire: the client's.
        loop: the event loop.
        has: whether the client still has this link.
        detach: ends one of the client's links, and says why.
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

    def undergo(
        self,
        operation: Operation,
        queue: str | None,
        link: Link,
        *,
        do: Callable[[], Answer],
        refuse: Callable[[Refused], None] = lambda _: None,
    ) -> None:
        """Do something and answer, unless a fault strikes.

        Args:
            operation: what it is.
            queue: where.
            link: on which the answer is to go.
            do: does it, without a word; returns how to answer.
            refuse: answers that it is not done.
        """
        fault = self._faults.strike(operation, queue)
        if fault is None:
            do()()
        elif fault.do in REFUSALS:
            refuse(REFUSALS[fault.do])
            self._wire.flush_soon()
        else:
            self._suffer(fault, link, do)

    def begin(self) -> None:
        """The client has connected."""
        fault = self._faults.strike("connect")
        match None if fault is None else fault.do:
            case "cut":
                self._wire.abort()
            case "delay" | "freeze":
                self._wire.freeze(None if fault is None else fault.seconds)
            case "half":
                self._wire.babble(b"AMQP")
                self._wire.freeze()
            case "garbage":
                self._wire.babble()
            case _:
                pass

    def _suffer(self, fault: Fault, link: Link, do: Callable[[], Answer]) -> None:
        match fault.do:
            case "delay":
                self._loop.call_later(fault.seconds or 0.0, self._late, link, do)
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
                self._wire.break_off()
            case "garbage":
                do()
                self._wire.babble()
            case _:  # ignore: nothing is done, and nothing said
                pass

    def _late(self, link: Link, do: Callable[[], Answer]) -> None:
        """What was put off, if the client is still there to hear of it."""
        if self._has(link):
            self._wire.guarded(self._do, do)
            self._wire.flush_soon()

    @staticmethod
    def _do(do: Callable[[], Answer]) -> None:
        do()()
