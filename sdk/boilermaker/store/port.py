"""The port: the operations that a worker needs from a store. Implementations are in `memory` and `sql`."""

from typing import Protocol


class OutcomeStore(Protocol):
    """Keeps one record per attempt, at least as long as its message may be redelivered.

    Attempts are identified by 64 lowercase hex digits. Records are a few hundred bytes, or as large as a message if a result
    is kept for later steps.
    """

    async def load(self, attempt: str) -> bytes | None:
        """The record of an attempt; None if there is none.

        Raises:
            OutcomeStoreError: the store could not be read. The worker waits and retries.
        """
        ...

    async def save(self, attempt: str, record: bytes) -> bytes:
        """Save the record if the attempt has none; returns the stored one, which another worker may have saved.

        Raises:
            OutcomeStoreError: the record may not have been saved. If the error is transient, the worker waits and retries; if
                not, the store rejects this record but accepts others, and the task fails as `OutcomeNotSaved`.
        """
        ...
