from service import worker


@worker.task(name="send_mail")
async def send(state, to: str) -> None: ...
