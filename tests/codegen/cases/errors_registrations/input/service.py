import functools
import json

from app import mystery, worker
from elsewhere import handlers, other


async def first(state) -> None: ...


async def second(state) -> None: ...


async def third(state) -> None: ...


class Handlers:
    async def method(self, state) -> None: ...

    @worker.task
    async def in_class(state) -> None: ...


def setup():
    worker.register_async(first)


def setup_with(worker, something):
    worker.register_async(first)

    @something.task
    async def inner(state) -> None: ...


if __debug__:
    worker.register_async(first)

try:
    worker.register_async(first)
except Exception:
    pass

while True:
    worker.register_async(first)

[worker.register_async(task) for task in (first, second)]
print(lambda: worker.register_async(first))

for function, name in [(first, "a")]:
    worker.register_async(function, name=name)

for task in (first, second):
    worker.register_async(third)

for task in (first, second):
    worker.register_async(task, name="both")

for task in handlers:
    worker.register_async(task)

for task in (first, second):
    if task is first:
        worker.register_async(task)

for task in (first, second):
    for again in (first, second):
        worker.register_async(again)

tasks = [first]
tasks.append(second)
worker.register_many_async(tasks)

more = [first]
more += [second]
worker.register_many_async(more)

worker.register_many_async([first, second], name="both")
worker.register_many_async(make_list())
worker.register_many_async([*make_list()])
worker.register_async()
worker.register_async(first, second)
worker.register_async(lambda state: None)
worker.register_async(functools.partial(first, 1))
worker.register_async(Handlers.method)
worker.register_async(Handlers)
worker.register_async(json.dumps)
worker.register_async(undefined)
worker.register_async(first, queu="x")
worker.register_async(first, colour="x")
worker.register_async(first, name=make_name())
worker.register_async(first, queue="")
worker.register_async(first, deprecated=True)
worker.register_async(first, **options)
map(worker.register_async, [first, second])
register = worker.register_async
worker.task(first)
mystery.register_async(first)


@mystery.task
async def by_mystery(state) -> None: ...


@other.task
async def by_other(state) -> None: ...


@worker.task(name="twice")
async def twice(state) -> None: ...


worker.register_async(second, name="twice")
worker.register_async(first, name="n7", aliases="old")
worker.register_async(first, name="n8", allow={"TASK_REMOVED": ""})
worker.register_async(first, name="n9", parameter_aliases={"x": "y"})
worker.register_async(first, name="n10", parameter_aliases={"nothing": ["y"]})
worker.register_async(first, name="n10", allow={"FIELD_REMOVD x": "nobody passes it"})
