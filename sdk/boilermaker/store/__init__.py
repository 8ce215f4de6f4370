"""Outcome stores: what became of an attempt, saved before it is published.

A worker with a store runs no handler again whose outcome was saved, whatever redelivers or repeats the message: it
publishes the saved outcome once more. That closes the gap that queues without duplicate detection leave, and the one
between queues. `store.sql.SqlOutcomeStore` keeps them in SQLite or in a database that several workers share.
"""

from boilermaker.store.memory import InMemoryOutcomeStore
from boilermaker.store.port import OutcomeStore

__all__ = ["InMemoryOutcomeStore", "OutcomeStore"]
