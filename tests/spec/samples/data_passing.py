"""A cache in the state."""

from types import SimpleNamespace

from boilermaker import AzureServiceBus, Boilermaker, InMemoryServiceBus


async def fetch_from_api(url: str) -> list[str]:
    return [url, "second"]


def transform(data: list[str]) -> list[str]:
    return [item.upper() for item in data]


app_state = SimpleNamespace(cache={}, current_job_id=7)
service_bus_client: AzureServiceBus | InMemoryServiceBus  # the test's
worker = Boilermaker(app_state, service_bus_client)

# ---- the sample -------------------------------------------------------------------------------------------

# Boilermaker doesn't automatically pass results between chained tasks
# Use shared state or external storage:

async def fetch_data(state, url: str):
    data = await fetch_from_api(url)
    # Store in shared state or database
    state.cache[f"job_{state.current_job_id}"] = data
    return len(data)  # Return metadata, not the full data

async def process_data(state):
    # Retrieve data from shared state
    data = state.cache[f"job_{state.current_job_id}"]
    processed = transform(data)
    # Update the cached data
    state.cache[f"job_{state.current_job_id}"] = processed
