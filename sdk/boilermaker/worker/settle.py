"""The only caller of complete, abandon and dead-letter. A message is settled once its verdict is published.

Settlement may go unconfirmed in one place: completing a message whose verdict is published. A settlement that is lost
there costs a repeat, which duplicate detection drops.
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
    """Carry a settlement out; False where it failed and the message will come again."""
    try:
        match settlement:
            case Complete():
                await receiver.complete(delivery, confirmed=is_confirmed)
            case DeadLetter(reason=reason, description=description):
                await receiver.dead_letter(delivery, reason, description)
    except LockLostError:
        log.warning(
            "Lock lost before settling sequence_number=%s: it will be delivered again, and what it published already "
            "is dropped where the queue detects duplicates",
            delivery.sequence_number,
        )
        return False
    except SettlementError as error:
        log.warning(
            "Settling sequence_number=%s failed, it may be delivered again: %s",
            delivery.sequence_number,
            error,
        )
        return False
    return True


async def give_back(receiver: Receiver, deliveries: Sequence[Delivery]) -> None:
    """Release messages that were not handled, without counting a delivery; what fails is told in one line."""
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
        failed.append(SettlementError(f"the bus did not answer within {_GIVE_BACK_SECONDS:g}s"))
    if failed:
        log.warning(
            "Not all of %s messages could be released; those come again once their locks expire: %s",
            len(deliveries),
            failed[0],
        )
