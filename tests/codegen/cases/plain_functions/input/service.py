"""Handlers that are not async, by every way of registering them."""

import atexit
import functools

from boilermaker import Boilermaker, InMemoryServiceBus, Tasks

worker = Boilermaker(None, InMemoryServiceBus(), queue="plain-functions")
tasks = Tasks()


def timed(function):
    @functools.wraps(function)
    def wrapper(*args, **kwargs):
        return function(*args, **kwargs)

    return wrapper


@worker.task
def decorated(state: None, width: int, *, height: int = 3) -> bytes:
    """Draw it."""
    return b""


@worker.task(name="named", timeout=3, max_lock_renewal=60, cancel_on_lost_lock=False)
@timed
def wrapped(state: None, page: bytes) -> None: ...


@tasks.task
def collected(state: None) -> str:
    return ""


def registered(state: None, text: str) -> int:
    return len(text)


async def beside(state: None, number: int) -> None: ...


def looped(state: None) -> None: ...


def as_well(state: None) -> None: ...


def cleanup() -> None: ...


worker.include(tasks).register(registered, queue="slow").register(beside)
for task in [looped, as_well]:
    worker.register(task)
atexit.register(cleanup)
