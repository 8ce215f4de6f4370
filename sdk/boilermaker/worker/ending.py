"""How a worker ends: it waits for what runs, cancels the rest of it, and gives that back."""

import asyncio
import logging
from collections.abc import Iterable, Mapping, Sequence

import msgspec

from boilermaker.attempt import Cause
from boilermaker.transport.port import Receiver
from boilermaker.worker.handle import Handling
from boilermaker.worker.settle import give_back

log = logging.getLogger("boilermaker.app")

_CLEAN_UP_SECONDS = 5.0  # what cancelled handlers are given to clean up


class Ending(msgspec.Struct, frozen=True, kw_only=True):
    """How a worker ended that was told to stop.

    Attributes:
        handled: messages taken since it started.
        given_back: handlers that were cancelled and whose messages come again, without a counted delivery.
        lost: handlers that were cancelled and whose messages had been settled before (`acks_late=False`).
        stuck: of those, handlers that did not end when they were cancelled; they end with the process.
        is_cut_short: the end of the `lifespan` was cancelled, because the worker was told to stop once more meanwhile.
    """

    handled: int = 0
    given_back: int = 0
    lost: int = 0
    stuck: int = 0
    is_cut_short: bool = False


async def wind_down(
    receiver: Receiver,
    running: Mapping[asyncio.Task[None], Handling],
    grace_seconds: float,
    hurrying: asyncio.Event,
) -> Ending:
    """Wait for what runs, up to the grace or until it is to hurry; cancel what is left, and give it back.

    Args:
        receiver: of the messages; brings no more.
        running: what runs; what has ended leaves it by itself.
        grace_seconds: how long to wait.
        hurrying: set to wait no longer.
    """
    if running:
        log.info("Stopping: waiting up to %gs for %s running tasks", grace_seconds, len(running))
        await _wait_for(running, grace_seconds, hurrying)
    left = dict(running)
    for handling in left.values():
        handling.interrupt(Cause.STOPPING)
    stuck = await _wait_for(left, _CLEAN_UP_SECONDS)
    unfinished = [handling for handling in left.values() if not handling.is_concluded]
    back = [handling for handling in unfinished if not handling.is_settled]
    held = [handling.delivery for handling in back if not handling.is_lost]
    for task in stuck:
        left[task].is_lost = True  # what it still comes to is dropped
    await give_back(receiver, held)
    ending = Ending(given_back=len(back), lost=len(unfinished) - len(back), stuck=len(stuck))
    _tell(ending, [left[task].name for task in stuck])
    return ending


async def _wait_for(
    tasks: Iterable[asyncio.Task[None]], seconds: float, hurrying: asyncio.Event | None = None
) -> set[asyncio.Task[None]]:
    """Wait for tasks to end, not longer than so many seconds, nor once it is to hurry; returns those that did not."""
    waited = set(tasks)
    if not waited:
        return waited
    everything = asyncio.create_task(asyncio.wait(waited))
    hurry = asyncio.create_task((hurrying or asyncio.Event()).wait())
    await asyncio.wait({everything, hurry}, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
    hurry.cancel()
    everything.cancel()
    return {task for task in waited if not task.done()}


def _tell(ending: Ending, stuck: Sequence[str]) -> None:
    if ending.given_back or ending.lost:
        log.warning(
            "Stopped with %s tasks unfinished: %s were given back and will run again, %s were settled early and are lost",
            ending.given_back + ending.lost,
            ending.given_back,
            ending.lost,
        )
    if stuck:
        log.error(
            "%s handlers did not end within %gs of being cancelled: %s",
            len(stuck),
            _CLEAN_UP_SECONDS,
            ", ".join(sorted(set(stuck))),
        )
