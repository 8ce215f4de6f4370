"""The worker that soaks: some steps with results, retries and failures, and one that counts what the process holds."""

import asyncio
import gc
import os
from pathlib import Path

from boilermaker import AzureServiceBus, Boilermaker, attempt, retries
from boilermaker.failure import FailureInfo, TaskFailed

QUEUE = "soak"
CENSUS = "SOAK_CENSUS"
_PAGE_BYTES = os.sysconf("SC_PAGE_SIZE")
_QUICK = retries.RetryPolicy(max_tries=3, delay=0.2, delay_max=0.5)

worker = Boilermaker(None, AzureServiceBus.from_env(), queue=QUEUE)


@worker.task(policy=_QUICK)
async def begin(state: None, number: int) -> str:
    """Every tenth needs another try."""
    await asyncio.sleep(0.01)
    if number % 10 == 0 and attempt.current().number == 1:
        raise retries.RetryException("every tenth")
    return "x" * 200


@worker.task(policy=_QUICK)
async def end(state: None, number: int, text: str) -> None:
    """Every twentieth fails."""
    if number % 20 == 0:
        raise TaskFailed("every twentieth")


@worker.task(policy=_QUICK)
async def mend(state: None, cause: FailureInfo) -> None:
    """The end of one that failed."""


@worker.task(policy=_QUICK)
async def census(state: None, number: int) -> None:
    """What this process holds: resident bytes, objects, asyncio tasks, open files."""
    gc.collect()
    resident = int(Path("/proc/self/statm").read_text().split()[1]) * _PAGE_BYTES  # noqa: ASYNC240 - no disk
    files = len(list(Path("/proc/self/fd").iterdir()))  # noqa: ASYNC240 - no disk
    line = f"{number} {resident} {len(gc.get_objects())} {len(asyncio.all_tasks())} {files}\n"
    with Path(os.environ[CENSUS]).open("a") as file:  # noqa: ASYNC230 - a line
        file.write(line)
