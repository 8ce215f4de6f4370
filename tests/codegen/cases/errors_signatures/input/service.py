import functools

from elsewhere import traced

from boilermaker import Boilermaker, InMemoryServiceBus

worker = Boilermaker(object(), InMemoryServiceBus(), queue="errors-signatures")


def plain_decorator(function):
    return function


def keeping(function):
    @functools.wraps(function)
    async def wrapper(*args, **kwargs):
        return await function(*args, **kwargs)

    return wrapper


def not_async(state, x: int) -> None: ...


def not_async_either(state, x: int) -> None: ...


worker.register_async(not_async).register_many_async([not_async_either])


@worker.task
async def no_state() -> None: ...


@worker.task
async def only_keywords(*, x) -> None: ...


@worker.task
async def only_stars(*args: int, **kwargs: str) -> None: ...


@worker.task
async def only_two_stars(**kwargs: str) -> None: ...


@worker.task
async def stars(state, *args: int, **kwargs: str) -> None: ...


@worker.task
async def untyped(state, x, *, y=1) -> None: ...


@worker.task
async def generator(state, x: int):
    yield x


@worker.task
@plain_decorator
async def decorated(state, x: int) -> None: ...


@worker.task
@traced("x")
async def traced_elsewhere(state, x: int) -> None: ...


@worker.task
@keeping
async def fine(state, x: int) -> None: ...


@worker.task
async def several(state, a, b: Unknown, *c) -> Nothing: ...


@worker.task
async def generic[T](state, x: T) -> T: ...
