from boilermaker import Boilermaker, InMemoryServiceBus

worker = Boilermaker(object(), InMemoryServiceBus(), queue="errors-declared")


async def first(state, x: int) -> None: ...


async def second(state) -> None: ...


async def third(state) -> None: ...


def not_async(state) -> None: ...


class Handlers:
    async def method(self, state) -> None: ...


try:
    worker.register_many_async([second, third], queue="slow")
finally:
    pass


def setup():
    worker.register_async(second, name='say "hi"', aliases=["größe"], deprecated="no")

    @worker.task
    async def closed(state) -> None: ...


if __debug__:

    @worker.task(name="sometimes")
    async def conditional(state) -> None: ...
