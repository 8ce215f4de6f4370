"""How a worker stops: it waits for running handlers, cancels the rest, and releases their messages.

What triggers a stop is in `signals` and `loop`.
"""

import asyncio
import logging
from collections.abc import Iterable, Mapping, Sequence

import msgspec

from boilermaker.attempt import Cause
from boilermaker.transport.port import Receiver
from boilermaker.worker.handle import Handling
from boilermaker.worker.settle import give_back

log = logging.getLogger("boilermaker.app")

_CLEAN_UP_SECONDS = 5.0  # time for cancelled handlers to clean up


class Ending(msgspec.Struct, frozen=True, kw_only=True):
    """How a worker stopped.

    Attributes:
        handled: messages received since it started.
        given_back: cancelled handlers whose messages are redelivered, without increasing the delivery count.
        lost: cancelled handlers whose messages had been settled before they ran (`acks_late=False`).
        stuck: of those two, handlers that did not end after being cancelled; they end with the process.
        is_cut_short: the `lifespan` was cancelled while it exited, because another stop was requested.
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
    """Wait for running handlers until the grace period is over or skipped; cancel the rest and release their messages.

    Args:
        receiver: receiver of the messages; it is stopped already.
        running: the running handlers; each is removed when it ends.
        grace_seconds: how long to wait.
        hurrying: set to skip the rest of the grace period.
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
        left[task].is_lost = True  # its outcome, if it still has one, is discarded
    await give_back(receiver, held)
    ending = Ending(given_back=len(back), lost=len(unfinished) - len(back), stuck=len(stuck))
    _tell(ending, [left[task].name for task in stuck])
    return ending


async def _wait_for(
    tasks: Iterable[asyncio.Task[None]], seconds: float, hurrying: asyncio.Event | None = None
) -> set[asyncio.Task[None]]:
    """Wait for tasks to end, until the time is over or `hurrying` is set; returns those that have not ended."""
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
            "Stopped with %s handlers unfinished: %s messages were released and will be redelivered, %s were settled before "
            "their handlers ran and are lost",
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
