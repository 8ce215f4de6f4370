"""An HTTP client that holds its pages."""

from types import SimpleNamespace

from boilermaker import AzureServiceBus, Boilermaker, InMemoryServiceBus, failure, retries


class HttpClient:
    pages: dict[str, list[str]] = {"https://api.example.com/data": ["a", "b", "c"]}

    async def get(self, url: str) -> list[str]:
        if url not in self.pages:
            raise failure.TaskFailed("no such page")
        return self.pages[url]


async def cleanup_temp_files() -> None:
    app_state.cleaned += 1


app_state = SimpleNamespace(http_client=HttpClient(), cleanup_temp_files=cleanup_temp_files, cleaned=0)
service_bus_client: AzureServiceBus | InMemoryServiceBus  # the test's
worker = Boilermaker(app_state, service_bus_client)

# ---- the sample -------------------------------------------------------------------------------------------

async def fetch_data(state, source_url: str):
    """Fetch data from external source."""
    data = await state.http_client.get(source_url)
    print(f"📥 Fetched {len(data)} records")
    return data

async def validate_data(state):
    """Validate the fetched data."""
    # Data from previous task is not automatically passed
    # You'll need to store it in shared state or external storage
    print("✅ Data validation passed")

async def transform_data(state):
    """Transform data to target format."""
    print("🔄 Data transformed")

async def save_to_database(state):
    """Save processed data."""
    print("💾 Data saved to database")

async def send_notification(state):
    """Notify users of new data."""
    print("📬 Notification sent")

async def handle_pipeline_failure(state):
    """Clean up on pipeline failure."""
    print("🧹 Cleaning up failed pipeline")
    await state.cleanup_temp_files()

# Register all tasks
tasks = [fetch_data, validate_data, transform_data, save_to_database, send_notification, handle_pipeline_failure]
for task in tasks:
    worker.register_async(task, policy=retries.RetryPolicy.default())

# Create the pipeline
pipeline = worker.chain(
    worker.create_task(fetch_data, "https://api.example.com/data"),
    worker.create_task(validate_data),
    worker.create_task(transform_data),
    worker.create_task(save_to_database),
    worker.create_task(send_notification),
    on_failure=worker.create_task(handle_pipeline_failure)
)

await worker.publish_task(pipeline)
