from boilermaker import retries

from boilermaker import Boilermaker, InMemoryServiceBus

worker = Boilermaker(object(), InMemoryServiceBus(), queue="spec-pipeline")


async def fetch_data(state, source_url: str):
    """Fetch data from external source."""


async def validate_data(state):
    """Validate the fetched data."""


async def transform_data(state):
    """Transform data to target format."""


async def save_to_database(state):
    """Save processed data."""


async def handle_pipeline_failure(state):
    """Clean up on pipeline failure."""


# Register all tasks
tasks = [fetch_data, validate_data, transform_data, save_to_database, handle_pipeline_failure]
for task in tasks:
    worker.register_async(task, policy=retries.RetryPolicy.default())
