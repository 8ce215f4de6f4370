from boilermaker import Boilermaker, InMemoryServiceBus

worker = Boilermaker(object(), InMemoryServiceBus(), queue="deprecated")


@worker.task(deprecated="use `create_user`; this one is slow, and it will be gone in the next release of the service")
async def make_user(state, email: str, name: str = "") -> int:
    """Create a user, slowly."""


@worker.task
async def create_user(state, email: str) -> int: ...
