"""Settles messages: complete, dead-letter, release. No other module does. A message is settled once its verdict is published.

Settlement may be unconfirmed in one place: completing a message whose verdict is published. If that settlement is lost, the
message is repeated, and duplicate detection drops what it publishes.
"""

import asyncio
import logging
from collections.abc import Sequence

from boilermaker.errors import LockLostError, SettlementError
from boilermaker.transport.port import Delivery, Receiver
from boilermaker.worker.outcome import Complete, DeadLetter, Settlement

log = logging.getLogger("boilermaker.app")

_GIVE_BACK_SECONDS = 5.0


async def settle(
    receiver: Receiver, delivery: Delivery, settlement: Settlement, *, is_confirmed: bool
) -> bool:
    """Carry out a settlement; False if it failed, in which case the message may be redelivered."""
    try:
        match settlement:
            case Complete():
                await receiver.complete(delivery, confirmed=is_confirmed)
            case DeadLetter(reason=reason, description=description):
                await receiver.dead_letter(delivery, reason, description)
    except LockLostError:
        log.warning(
            "Lock lost before settling sequence_number=%s: it is redelivered, and the queue drops what it publishes again if "
            "it detects duplicates",
            delivery.sequence_number,
        )
        return False
    except SettlementError as error:
        log.warning(
            "Settling sequence_number=%s failed, it may be redelivered: %s",
            delivery.sequence_number,
            error,
        )
        return False
    return True


async def give_back(receiver: Receiver, deliveries: Sequence[Delivery]) -> None:
    """Release unhandled messages without increasing their delivery count; all failures are logged in one line."""
    failed: list[SettlementError] = []

    async def release(delivery: Delivery) -> None:
        try:
            await receiver.release(delivery)
        except SettlementError as error:
            failed.append(error)

    try:
        async with asyncio.timeout(_GIVE_BACK_SECONDS):
            await asyncio.gather(*map(release, deliveries))
    except TimeoutError:
        failed.append(SettlementError(f"the bus did not respond within {_GIVE_BACK_SECONDS:g}s"))
    if failed:
        log.warning(
            "Not all of %s messages could be released; the others are redelivered once their locks expire: %s",
            len(deliveries),
            failed[0],
        )
