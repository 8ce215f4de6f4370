"""Register all tasks that will be used."""

from collections import Counter
from types import SimpleNamespace

from boilermaker import AzureServiceBus, Boilermaker, InMemoryServiceBus

app_state = SimpleNamespace(metrics=Counter())
service_bus_client: AzureServiceBus | InMemoryServiceBus  # the test's
worker = Boilermaker(app_state, service_bus_client)

# ---- the sample -------------------------------------------------------------------------------------------

from boilermaker import Boilermaker, retries
from boilermaker.failure import TaskFailureResult

# Assume you have your worker set up...
# worker = Boilermaker(app_state, service_bus_client)

async def main_task(state, param: str):
    """A task that can succeed or fail based on input."""
    if param == "success":
        print("Main task completed successfully!")
        return "success_result"
    elif param == "fail":
        print("Main task failed permanently")
        return TaskFailureResult  # Permanent failure
    else:
        raise ValueError("Something went wrong!")  # Will trigger retries

async def success_handler(state):
    """Runs when main_task succeeds."""
    print("🎉 Success callback executed!")
    state.metrics["successful_workflows"] += 1

async def failure_handler(state):
    """Runs when main_task fails permanently."""
    print("😞 Failure callback executed!")
    state.metrics["failed_workflows"] += 1
    # Maybe send an alert, clean up resources, etc.

# Register all tasks
worker.register_async(main_task, policy=retries.NoRetry())
worker.register_async(success_handler, policy=retries.NoRetry())
worker.register_async(failure_handler, policy=retries.NoRetry())
