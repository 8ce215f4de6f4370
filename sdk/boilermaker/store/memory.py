"""A store in memory, for tests."""


class InMemoryOutcomeStore:
    """Records in a dict, for tests: they are lost when the process ends."""

    def __init__(self) -> None:
        self.records: dict[str, bytes] = {}

    async def load(self, attempt: str) -> bytes | None:
        """The record of an attempt; None if there is none."""
        return self.records.get(attempt)

    async def save(self, attempt: str, record: bytes) -> bytes:
        """Save the record if the attempt has none; returns the stored one."""
        return self.records.setdefault(attempt, record)
