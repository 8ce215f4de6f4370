"""Outcomes in a database, through SQLAlchemy: SQLite for one machine, PostgreSQL or Azure SQL for workers on several.

What a database says when it fails differs from driver to driver. So whether a record is refused or the database does not work
is not read from the error alone: a record that is refused while another one is taken concerns one message, which fails.
Everything else concerns all messages, and is waited for.
"""

import asyncio
import logging
import secrets
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import TypeVar

import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError, IntegrityError, InterfaceError, OperationalError, SQLAlchemyError

from boilermaker.errors import OutcomeStoreError

log = logging.getLogger("boilermaker.store")

_T = TypeVar("_T")
_SAVES_BETWEEN_PURGES = 1000

_METADATA = sa.MetaData()
_OUTCOMES = sa.Table(
    "boilermaker_outcomes",
    _METADATA,
    sa.Column("attempt", sa.String(64), primary_key=True),  # hex digits, the same in every collation
    sa.Column("record", sa.LargeBinary, nullable=False),
    sa.Column("saved_at", sa.DateTime, nullable=False, index=True),
)


class SqlOutcomeStore:
    """Keeps outcomes in the table `boilermaker_outcomes`, which it creates where it is missing.

        store = SqlOutcomeStore(sqlalchemy.create_engine("sqlite:///outcomes.db"))
        worker = Boilermaker(state, bus, outcomes=store)

    Calls run in threads, so that any of SQLAlchemy's drivers will do.

    Args:
        engine: an engine of SQLAlchemy.
        keep: how long a record is kept; longer than a message can come again: its time to live in the queue, or the
            longest handler times the maximum delivery count.

    Raises:
        TypeError: `keep` is no timedelta.
        ValueError: `keep` is negative, or longer than 36,500 days.
    """

    def __init__(self, engine: sa.Engine, *, keep: timedelta = timedelta(days=14)) -> None:
        if not isinstance(keep, timedelta):  # pyright: ignore[reportUnnecessaryIsInstance] - users without a checker
            raise TypeError(f"keep is a timedelta, not a {type(keep).__name__}")
        if not timedelta(0) <= keep <= timedelta(days=36_500):
            raise ValueError("keep is from 0 to 36,500 days: how long records are kept")
        self._engine = engine
        self._keep = keep
        self._saves = 0
        self._is_ready = False

    async def load(self, attempt: str) -> bytes | None:
        """The record of an attempt; None where there is none.

        Raises:
            OutcomeStoreError: the database cannot be asked.
        """
        return await self._run(lambda connection: _select(connection, attempt))

    async def save(self, attempt: str, record: bytes) -> bytes:
        """Keep the record if the attempt has none; returns the one that is kept.

        Raises:
            OutcomeStoreError: the database cannot be written; not transient where it refuses this record only.
        """
        for _ in range(2):  # the record that was there may have been purged since
            try:
                await self._add(attempt, record)
                break
            except _TakenError:
                if (kept := await self.load(attempt)) is not None:
                    return kept
        else:
            if await self._takes_another():
                raise _refused(record, "a constraint does not hold")
            raise OutcomeStoreError(
                "the outcome store's database takes no record: a constraint does not hold"
            )
        self._saves += 1
        if self._saves % _SAVES_BETWEEN_PURGES == 0:
            await self._tidy()
        return record

    async def purge(self) -> int:
        """Remove records older than `keep`; returns how many. Happens by itself once in a while.

        Raises:
            OutcomeStoreError: the database cannot be written.
        """
        before = datetime.now(UTC).replace(tzinfo=None) - self._keep
        return await self._run(lambda connection: _delete(connection, before))

    async def _tidy(self) -> None:
        """Purge; where that fails, what was saved is saved all the same."""
        try:
            await self.purge()
        except OutcomeStoreError as error:
            log.warning("Old outcomes stay for now: %s", error)

    async def _add(self, attempt: str, record: bytes) -> None:
        def insert(connection: sa.Connection) -> None:
            _insert(connection, attempt, record)

        try:
            await self._run(insert)
        except OutcomeStoreError as error:
            if not _may_concern_the_record(error) or not await self._takes_another():
                raise
        else:
            return
        try:
            await self._run(insert)  # the table may have been missing, and is there now
        except OutcomeStoreError as error:
            if not _may_concern_the_record(error):
                raise
            raise _refused(record, str(error)) from error

    async def _takes_another(self) -> bool:
        """Whether a small record would be taken; it is not kept."""

        def try_one(connection: sa.Connection) -> None:
            with connection.begin_nested() as savepoint:
                _insert(connection, secrets.token_hex(32), b"{}")
                savepoint.rollback()

        try:
            await self._run(try_one)
        except (OutcomeStoreError, _TakenError):
            return False
        return True

    async def _run(self, do: Callable[[sa.Connection], _T]) -> _T:
        return await asyncio.to_thread(self._do, do)

    def _do(self, do: Callable[[sa.Connection], _T]) -> _T:
        try:
            if not self._is_ready:
                self._prepare()
            with self._engine.begin() as connection:
                return do(connection)
        except IntegrityError:
            raise _TakenError from None
        except SQLAlchemyError as error:
            self._is_ready = False  # somebody may have dropped the table: look again
            kind = type(getattr(error, "orig", None) or error).__name__
            raise OutcomeStoreError(
                f"the outcome store's database does not do what is asked ({kind})"
            ) from error

    def _prepare(self) -> None:
        try:
            _METADATA.create_all(self._engine)
        except (
            SQLAlchemyError
        ):  # another thread or process may have made the table after this one looked: look again
            _METADATA.create_all(self._engine)
        self._is_ready = True


def _refused(record: bytes, why: str) -> OutcomeStoreError:
    return OutcomeStoreError(
        f"the outcome store refuses a record of {len(record):,} bytes and takes others: {why}",
        is_transient=False,
    )


def _may_concern_the_record(error: OutcomeStoreError) -> bool:
    """Whether it is no fault of the connection, which would go away."""
    said = error.__cause__
    return (
        isinstance(said, DBAPIError)
        and not isinstance(said, OperationalError | InterfaceError)
        and not said.connection_invalidated
    )


class _TakenError(Exception):
    """The attempt has a record."""


def _select(connection: sa.Connection, attempt: str) -> bytes | None:
    found = connection.execute(sa.select(_OUTCOMES.c.record).where(_OUTCOMES.c.attempt == attempt)).scalar()
    return None if found is None else bytes(found)


def _insert(connection: sa.Connection, attempt: str, record: bytes) -> None:
    now = datetime.now(UTC).replace(tzinfo=None)
    connection.execute(sa.insert(_OUTCOMES).values(attempt=attempt, record=record, saved_at=now))


def _delete(connection: sa.Connection, before: datetime) -> int:
    return connection.execute(sa.delete(_OUTCOMES).where(_OUTCOMES.c.saved_at < before)).rowcount
