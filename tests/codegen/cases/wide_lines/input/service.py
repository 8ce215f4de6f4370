from boilermaker import Boilermaker, InMemoryServiceBus

worker = Boilermaker(object(), InMemoryServiceBus(), queue="wide-lines")


@worker.task
async def create_user(state, email: str, name: str, plan: str = "free", *, newsletter: bool = False) -> int:
    """Create a new user account."""
