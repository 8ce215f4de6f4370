from boilermaker import Tasks

tasks = Tasks()


@tasks.task
async def first(state) -> None: ...


@tasks.task
async def second(state) -> None: ...
