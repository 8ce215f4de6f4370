from app import worker

@worker.task
async def cut(state, x: int