import app
import handlers
from app import worker as w
from boilermaker import retries
from handlers import FURTHER

EMAILS = "emails"


@app.worker.task
async def bare(state) -> None: ...


@w.task(queue=EMAILS, policy=retries.NoRetry(), acks_late=False, timeout=30)
async def with_options(state, x: int) -> int: ...


@w.task(name="billing.charge", queue="registrations")
async def charge(state) -> None: ...


@w.task(deprecated="use `bare`")
async def old(state) -> None: ...


w.register_async(handlers.first, name="one").register_async(handlers.second, should_dead_letter=False)
w.register_async(fn=handlers.first, name="two")
w.register_many_async([*FURTHER])


async def fifth(state) -> None: ...


async def sixth(state) -> None: ...


LAST = [fifth, sixth]
for handler in LAST:
    w.register_async(handler, queue="last")
