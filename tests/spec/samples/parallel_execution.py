"""Three batches."""

from types import SimpleNamespace

from boilermaker import AzureServiceBus, Boilermaker, InMemoryServiceBus

app_state = SimpleNamespace(seen=[])
service_bus_client: AzureServiceBus | InMemoryServiceBus  # the test's
worker = Boilermaker(app_state, service_bus_client)
batch_1, batch_2, batch_3 = ["a"], ["b", "c"], ["d"]


@worker.task
async def process_email_batch(state: SimpleNamespace, batch: list[str]) -> None:
    state.seen.extend(batch)

# ---- the sample -------------------------------------------------------------------------------------------

# Schedule multiple independent tasks
await worker.apply_async(process_email_batch, batch_1)
await worker.apply_async(process_email_batch, batch_2)
await worker.apply_async(process_email_batch, batch_3)

# These will be processed by different workers in parallel
