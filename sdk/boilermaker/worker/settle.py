"""The only caller of complete, abandon and dead-letter. A message is settled once its verdict is published.

Settlement may go unconfirmed in one place: completing a message whose verdict is published. A settlement that is lost
there costs a repeat, which duplicate detection drops.
"""

import logging

from boilermaker.errors import LockLostError, SettlementError
from boilermaker.transport.port import Delivery, Receiver
from boilermaker.worker.outcome import Complete, DeadLetter, Settlement

log = logging.getLogger("boilermaker.app")


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


async def give_back(receiver: Receiver, delivery: Delivery) -> None:
    """Release a message that was not handled, without counting a delivery."""
    try:
        await receiver.release(delivery)
    except SettlementError as error:
        log.warning(
            "Releasing sequence_number=%s failed; its lock has to expire: %s", delivery.sequence_number, error
        )
