"""Registrations that Python carries out and no reader can follow, each with the entry that would stand for it."""

import contextlib
import functools
import operator
import os
from operator import methodcaller
from operator import methodcaller as call

from app import worker


async def first(state) -> None: ...


async def second(state) -> None: ...


TABLE = {"a": first, "b": second}

for name, function in TABLE.items():
    worker.register_async(function, name=name)

for name, function in TABLE.items():
    worker.task(name=name)(function)

for function in TABLE.values():
    worker.register_async(function)

worker.register_many_async(TABLE.values())
worker.register_many_async([function for function in TABLE.values()])
list(map(worker.task, [first, second]))
worker.task(name="called", queue="other")(first)
worker.task(first)
renamed = worker.task(second)

named = worker.task(name="named")
later = functools.partial(worker.task, queue="other")
chosen = worker.task if "JOBS" in os.environ else (lambda function: function)
packed, _ = worker.task, 1
table = {"task": worker.task}
found = getattr(worker, "task")
getattr(worker, "register_async")(first)
worker.__getattribute__("register_async")(first)
object.__getattribute__(worker, "register")(first, name="got")
methodcaller("register_async", first)(worker)
call("register_many_async", [first, second], queue="other")(worker)
operator.attrgetter("task")(worker)(first)
register = methodcaller("register_async", first)
type(worker).register_async(worker, first)


class Own(type(worker)):
    def __init__(self, *arguments):
        super().__init__(*arguments)
        super().register_async(second)


@named
async def by_name(state) -> None: ...


@functools.partial(worker.task, queue="other")
async def by_partial(state) -> None: ...


def job(function):
    return worker.task(name="wrapped")(function)


@job
async def by_wrapper(state) -> None: ...


class Jobs:
    task = worker.task
    worker.register_async(first)


def make():
    @worker.task
    async def inside(state) -> None: ...


while "JOBS" in os.environ:
    worker.register_async(second)

match os.name:
    case "posix":
        worker.register_async(second)

if __name__ == "__main__":
    worker.register_async(second)

"JOBS" in os.environ and worker.register_async(second)

with contextlib.suppress(Exception):
    if "JOBS" in os.environ:

        @worker.task
        async def within(state) -> None: ...
