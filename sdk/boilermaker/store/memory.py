"""A store in memory, for tests."""


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
