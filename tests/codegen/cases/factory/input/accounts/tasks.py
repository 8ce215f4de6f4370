from . import app
from .app import make_worker as made

worker = made()


@worker.task
async def create(state, name: str) -> int: ...


@app.make_worker().task
async def delete(state, number: int) -> None: ...
