from boilermaker import failure
from boilermaker.failure import FailureInfo

from boilermaker import Boilermaker, InMemoryServiceBus

worker = Boilermaker(object(), InMemoryServiceBus(), queue="failure-info")


@worker.task
async def report(state, cause: FailureInfo, others: list[failure.FailureInfo] | None = None) -> None:
    """Tell somebody."""
