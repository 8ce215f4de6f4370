"""Outcome stores: they save the outcome of an attempt before it is published.

If a message is redelivered or published twice and its outcome was saved, the worker does not run the handler again: it
publishes the saved outcome once more. This prevents repeats that duplicate detection cannot: in queues without it, and
across queues. `port` is the interface, `memory` an implementation for tests; `sql.SqlOutcomeStore` uses SQLite or a database
that several workers share. What a saved outcome contains is in `worker.outcome`.
"""

from boilermaker.store.memory import InMemoryOutcomeStore
from boilermaker.store.port import OutcomeStore

__all__ = ["InMemoryOutcomeStore", "OutcomeStore"]
