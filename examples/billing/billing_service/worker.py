"""The billing worker: its tasks take results of the accounts service, so it uses the types of the accounts stubs.

Run it with `boilermaker worker billing_service.worker:worker`.
"""

import os
from pathlib import Path
from typing import NewType

from accounts_stubs import Plan, UserId

from boilermaker import AzureServiceBus, Boilermaker

InvoiceId = NewType("InvoiceId", int)

worker = Boilermaker(
    Path(os.environ.get("BILLING_LEDGER", "ledger.txt")),
    AzureServiceBus.from_env(),
    queue="billing",
    service="billing",
)


@worker.task
async def open_invoice(ledger: Path, user_id: UserId, plan: Plan = Plan.FREE) -> InvoiceId:
    """Open a new user's first invoice."""
    with ledger.open("a") as lines:
        lines.write(f"{user_id} {plan.value}\n")
    return InvoiceId(1_000 + user_id)
