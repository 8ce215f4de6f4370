from app import worker
from plugins import *


@worker.task
async def listed(state, plugin: Plugin, names: list[str]) -> None: ...
