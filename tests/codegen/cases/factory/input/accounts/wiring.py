import functools
import importlib


@functools.cache
def build():
    kind = importlib.import_module("boiler" + "maker")
    return kind.Boilermaker(object(), kind.InMemoryServiceBus(), queue="factory")


async def deliver(state, letter: str) -> None: ...
