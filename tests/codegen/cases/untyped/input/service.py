from boilermaker import Boilermaker, InMemoryServiceBus

worker = Boilermaker(object(), InMemoryServiceBus(), queue="untyped")


@worker.task
async def robust_task(state, data, attempts=3, *, tags=("a", "b")):
    """Task with proper error handling."""
