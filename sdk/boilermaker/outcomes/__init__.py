"""Outcome stores: what became of an attempt, saved before it is published.

A worker with a store runs no handler again whose outcome was saved, whatever redelivers or repeats the message: it
publishes the saved outcome once more. That closes the gap that queues without duplicate detection leave, and the one
between queues. `outcomes.sql.SqlOutcomeStore` keeps them in SQLite or in a database that several workers share.
"""

from typing import Protocol


class OutcomeStore(Protocol):
    """Keeps one record for each attempt, at least as long as its message may come again."""

    async def load(self, attempt: str) -> bytes | None:
        """The record of an attempt; None where there is none.

        Raises:
            OutcomeStoreError: the store cannot say. The worker waits and asks again.
        """
        ...

    async def save(self, attempt: str, record: bytes) -> bytes:
        """Keep the record if the attempt has none; returns the one that is kept, which may be another's.

        Raises:
            OutcomeStoreError: the store cannot say whether it is kept. The worker waits and saves it again.
        """
        ...


class InMemoryOutcomeStore:
    """Records in a dict, for tests: they end with the process, and with them the protection."""

    def __init__(self) -> None:
        self.records: dict[str, bytes] = {}

    async def load(self, attempt: str) -> bytes | None:
        """The record of an attempt; None where there is none."""
        return self.records.get(attempt)

    async def save(self, attempt: str, record: bytes) -> bytes:
        """Keep the record if the attempt has none; returns the one that is kept."""
        return self.records.setdefault(attempt, record)
