"""The port: what a worker asks of a store. Implementations are in `memory` and `sql`."""

from typing import Protocol


class OutcomeStore(Protocol):
    """Keeps one record for each attempt, at least as long as its message may come again.

    Attempts are named by 64 lowercase hex digits, records are some hundred bytes, and as large as a message where a result is
    kept for later steps.
    """

    async def load(self, attempt: str) -> bytes | None:
        """The record of an attempt; None where there is none.

        Raises:
            OutcomeStoreError: the store cannot say. The worker waits and asks again.
        """
        ...

    async def save(self, attempt: str, record: bytes) -> bytes:
        """Keep the record if the attempt has none; returns the one that is kept, which may be another's.

        Raises:
            OutcomeStoreError: the store cannot say whether it is kept. The worker waits and saves it again; or, where the error
                is not transient, the store refuses this record and takes others: the task fails as `OutcomeNotSaved`.
        """
        ...
