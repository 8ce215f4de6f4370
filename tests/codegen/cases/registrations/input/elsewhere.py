from app import task


@task
async def by_alias(state) -> None: ...


@task(name="by-alias-called")
async def by_alias_called(state) -> None: ...
