"""Knows no worker."""

from boilermaker import Tasks

tasks = Tasks()


@tasks.task(queue="mails")
async def send(state, address: str) -> None: ...
