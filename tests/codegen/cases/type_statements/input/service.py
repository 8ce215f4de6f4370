from boilermaker import Boilermaker, InMemoryServiceBus

worker = Boilermaker(object(), InMemoryServiceBus(), queue="type-statements")

type UserId = int
type Names = list[str] | None
type Users = dict[str, UserId]


@worker.task
async def rename(state, user: UserId, names: Names = None) -> Users: ...
