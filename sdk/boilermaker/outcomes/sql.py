"""The former name of `boilermaker.store.sql`."""

from boilermaker.store.sql import SqlOutcomeStore

__all__ = ["SqlOutcomeStore"]
