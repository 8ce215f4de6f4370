"""Three steps and a failure handler, any of which may be told to fail."""

from types import SimpleNamespace

from boilermaker import AzureServiceBus, Boilermaker, InMemoryServiceBus, Task, retries

app_state = SimpleNamespace(seen=[], failing=None)
service_bus_client: AzureServiceBus | InMemoryServiceBus  # the test's
worker = Boilermaker(app_state, service_bus_client)


@worker.task(policy=retries.NoRetry())
async def step1(state: SimpleNamespace, data: str) -> None:
    state.seen.append(f"step1 {data}")


@worker.task(policy=retries.NoRetry())
async def step2(state: SimpleNamespace) -> None:
    state.seen.append("step2")
    if state.failing == "step2":
        raise ValueError


@worker.task(policy=retries.NoRetry())
async def step3(state: SimpleNamespace) -> None:
    state.seen.append("step3")


@worker.task(policy=retries.NoRetry())
async def cleanup_handler(state: SimpleNamespace) -> None:
    state.seen.append("cleanup")

# ---- the sample -------------------------------------------------------------------------------------------

workflow = worker.chain(
    # create a Task from a function with bound args
    worker.create_task(step1, "input_data"),
    # alternately, use the Task.si classmethod
    Task.si(step2),
    worker.create_task(step3),
    # any unhandled exception or retries exhausted will fire this task
    on_failure=Task.si(cleanup_handler)
)

await worker.publish_task(workflow)
