from boilermaker import Boilermaker, InMemoryServiceBus

import latin
import declared

worker = Boilermaker(object(), InMemoryServiceBus(), queue="errors-files")


@worker.task
async def uses(state, a: latin.Name, b: declared.Name, c: "broken.X") -> None: ...
