"""The worker that is tortured: its handlers write down that they ran, in a database that outlives them."""

import asyncio
import os
import random
import sqlite3

from boilermaker import AzureServiceBus, Boilermaker, Limits, attempt, retries
from boilermaker.failure import FailureInfo, TaskFailed

QUEUE = "torture"
DATABASE = "TORTURE_DATABASE"
MAX_DELIVERIES = 1000  # deliveries are used up by kills here, not by poison


class Journal:
    """Runs of handlers, one row each."""

    def __init__(self, path: str) -> None:
        self._connection = sqlite3.connect(path, isolation_level=None, timeout=30)
        self._connection.execute("PRAGMA journal_mode = WAL")
        self._connection.execute("PRAGMA synchronous = OFF")
        self._connection.execute("CREATE TABLE IF NOT EXISTS runs (workflow, step, attempt, number, pid)")

    def note(self, step: str) -> None:
        """The handler has done its work."""
        now = attempt.current()
        row = (now.workflow, step, now.id, now.number, os.getpid())
        self._connection.execute("INSERT INTO runs VALUES (?, ?, ?, ?, ?)", row)


worker = Boilermaker(
    Journal(os.environ[DATABASE]),
    AzureServiceBus.from_env(),
    queue=QUEUE,
    # Strangers' tasks are given up at once: put off, they would be dead-lettered under another id.
    limits=Limits(max_deliveries=MAX_DELIVERIES, put_off_seconds=()),
)
_QUICK = retries.RetryPolicy(max_tries=3, delay=0.2, delay_max=0.5)


@worker.task(policy=_QUICK)
async def begin(journal: Journal, number: int) -> int:
    """Works a moment."""
    await asyncio.sleep(random.random() / 20)
    journal.note("begin")
    return number


@worker.task(policy=_QUICK)
async def middle(journal: Journal, number: int) -> int:
    """Every fifth fails for good; every seventh needs another try."""
    await asyncio.sleep(random.random() / 20)
    journal.note("middle")
    if number % 5 == 0:
        raise TaskFailed("every fifth")
    if number % 7 == 0 and attempt.current().number == 1:
        raise retries.RetryException("every seventh")
    return number


@worker.task(policy=_QUICK)
async def end(journal: Journal, number: int) -> None:
    """The end of a workflow that went well."""
    journal.note("end")


@worker.task(policy=_QUICK)
async def mend(journal: Journal, number: int, cause: FailureInfo) -> None:
    """The end of one that failed."""
    journal.note("mend")
