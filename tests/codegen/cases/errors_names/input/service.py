"""Two tasks whose functions in the package would have one name."""

from boilermaker import Boilermaker, InMemoryServiceBus

worker = Boilermaker(object(), InMemoryServiceBus(), queue="errors-names")


@worker.task(name="send-mail")
async def send(state, to: str) -> None: ...
