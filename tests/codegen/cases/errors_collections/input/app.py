from boilermaker import Boilermaker, InMemoryServiceBus, Tasks

import parts

worker = Boilermaker(object(), InMemoryServiceBus(), queue="errors-collections")
worker.include(parts.make())
worker.include(parts)

if __debug__:
    worker.include(parts.conditional)

for each in (parts.conditional,):
    worker.include(each)


@Tasks().task
async def nameless(state) -> None: ...
