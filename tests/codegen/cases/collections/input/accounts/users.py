import boilermaker

from . import mails

collected: boilermaker.Tasks = boilermaker.Tasks()
task = collected.task


@task
async def create(state, name: str) -> int: ...


@mails.tasks.task(name="greet")
async def greet_user(state, user_id: int) -> None: ...


async def forget(state, user_id: int) -> None: ...


async def merge(state, one: int, other: int) -> None: ...


fluent = boilermaker.Tasks().register_async(forget).register_many_async([merge])
