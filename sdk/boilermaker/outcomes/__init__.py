"""The former name of `boilermaker.store`."""

from boilermaker.store import InMemoryOutcomeStore, OutcomeStore

__all__ = ["InMemoryOutcomeStore", "OutcomeStore"]
