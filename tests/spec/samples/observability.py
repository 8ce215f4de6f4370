"""An operation that succeeds, or not."""

import logging
from collections import Counter
from types import SimpleNamespace

from boilermaker import AzureServiceBus, Boilermaker, InMemoryServiceBus

logger = logging.getLogger("sample")


async def perform_operation() -> str:
    if app_state.is_broken:
        raise ValueError
    return "done"


app_state = SimpleNamespace(metrics=Counter(), is_broken=False)
service_bus_client: AzureServiceBus | InMemoryServiceBus  # the test's
worker = Boilermaker(app_state, service_bus_client)

# ---- the sample -------------------------------------------------------------------------------------------

async def trackable_task(state, operation_id: str):
    """Task with good observability."""
    logger.info(f"Starting operation {operation_id}")

    try:
        result = await perform_operation()
        logger.info(f"Operation {operation_id} completed successfully")
        state.metrics["operations_completed"] += 1
        return result
    except Exception as e:
        logger.error(f"Operation {operation_id} failed: {e}")
        state.metrics["operations_failed"] += 1
        raise
