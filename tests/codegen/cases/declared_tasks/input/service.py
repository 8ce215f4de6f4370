import importlib
import os

from boilermaker import Boilermaker, InMemoryServiceBus

worker = Boilermaker(object(), InMemoryServiceBus(), queue="declared")

if "PATH" in os.environ:

    @worker.task
    async def conditional(state) -> None: ...


async def in_function(state, x: int) -> int: ...


def setup(w: Boilermaker[object]):
    w.register_async(in_function, name="in-function", queue="other", deprecated="use `conditional`", aliases=["old"], parameter_aliases={"x": ["y"]})


def load_plugins():
    plugins = importlib.import_module("plugins")
    return [plugins.first, plugins.second]


setup(worker)
for handler in load_plugins():
    worker.register_async(handler)
