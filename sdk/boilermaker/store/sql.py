"""An outcome store in a database, through SQLAlchemy: SQLite for one machine, PostgreSQL or Azure SQL for several.

Database errors differ from driver to driver, so the error alone does not say whether the database rejects one record or does
not work at all. If it rejects a record but accepts another one, the error is permanent and concerns one message, whose task
fails. Any other error is transient: it concerns all messages, and the worker waits.
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
    """Keeps outcomes in the table `boilermaker_outcomes`, which it creates if it is missing.

        store = SqlOutcomeStore(sqlalchemy.create_engine("sqlite:///outcomes.db"))
        worker = Boilermaker(state, bus, outcomes=store)

    Calls run in threads, so that every SQLAlchemy driver can be used.

    Args:
        engine: a SQLAlchemy engine.
        keep: how long a record is kept. Choose more than the time in which a message may be redelivered: its time to live in
            the queue, or the longest handler times the maximum delivery count.

    Raises:
        TypeError: `keep` is not a timedelta.
        ValueError: `keep` is negative, or longer than 36,500 days.
    """

    def __init__(self, engine: sa.Engine, *, keep: timedelta = timedelta(days=14)) -> None:
        if not isinstance(keep, timedelta):  # pyright: ignore[reportUnnecessaryIsInstance] - users without a checker
            raise TypeError(f"keep must be a timedelta, not a {type(keep).__name__}")
        if not timedelta(0) <= keep <= timedelta(days=36_500):
            raise ValueError("keep, how long records are kept, must be from 0 to 36,500 days")
        self._engine = engine
        self._keep = keep
        self._saves = 0
        self._is_ready = False

    async def load(self, attempt: str) -> bytes | None:
        """The record of an attempt; None if there is none.

        Raises:
            OutcomeStoreError: the database cannot be read.
        """
        return await self._run(lambda connection: _select(connection, attempt))

    async def save(self, attempt: str, record: bytes) -> bytes:
        """Save the record if the attempt has none; returns the stored one.

        Raises:
            OutcomeStoreError: the database cannot be written; not transient if it rejects only this record.
        """
        for _ in range(2):  # the record that was found may have been purged since
            try:
                await self._add(attempt, record)
                break
            except _TakenError:
                if (kept := await self.load(attempt)) is not None:
                    return kept
        else:
            if await self._takes_another():
                raise _refused(record, "a constraint is violated")
            raise OutcomeStoreError(
                "the outcome store's database accepts no record: a constraint is violated; check the table boilermaker_outcomes"
            )
        self._saves += 1
        if self._saves % _SAVES_BETWEEN_PURGES == 0:
            await self._tidy()
        return record

    async def purge(self) -> int:
        """Remove records older than `keep`; returns how many. Also runs automatically, after every 1,000 saves.

        Raises:
            OutcomeStoreError: the database cannot be written.
        """
        before = datetime.now(UTC).replace(tzinfo=None) - self._keep
        return await self._run(lambda connection: _delete(connection, before))

    async def _tidy(self) -> None:
        """Purge; a failure is only logged, because the record itself was saved."""
        try:
            await self.purge()
        except OutcomeStoreError as error:
            log.warning("Old outcomes could not be purged, trying again later: %s", error)

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
            await self._run(insert)  # the table may have been missing, and have been created since
        except OutcomeStoreError as error:
            if not _may_concern_the_record(error):
                raise
            raise _refused(record, str(error)) from error

    async def _takes_another(self) -> bool:
        """Whether the database would accept a small record; the record is rolled back."""

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
            self._is_ready = False  # the table may have been dropped: check again
            kind = type(getattr(error, "orig", None) or error).__name__
            raise OutcomeStoreError(
                f"an operation of the outcome store's database failed ({kind})"
            ) from error

    def _prepare(self) -> None:
        try:
            _METADATA.create_all(self._engine)
        except (
            SQLAlchemyError
        ):  # another thread or process may have created the table at the same time: check again
            _METADATA.create_all(self._engine)
        self._is_ready = True


def _refused(record: bytes, why: str) -> OutcomeStoreError:
    return OutcomeStoreError(
        f"the outcome store rejects a record of {len(record):,} bytes but accepts others: {why}",
        is_transient=False,
    )


def _may_concern_the_record(error: OutcomeStoreError) -> bool:
    """Whether the error may be about the record: not about the connection, whose errors are transient."""
    said = error.__cause__
    return (
        isinstance(said, DBAPIError)
        and not isinstance(said, OperationalError | InterfaceError)
        and not said.connection_invalidated
    )


class _TakenError(Exception):
    """The attempt already has a record."""


def _select(connection: sa.Connection, attempt: str) -> bytes | None:
    found = connection.execute(sa.select(_OUTCOMES.c.record).where(_OUTCOMES.c.attempt == attempt)).scalar()
    return None if found is None else bytes(found)


def _insert(connection: sa.Connection, attempt: str, record: bytes) -> None:
    now = datetime.now(UTC).replace(tzinfo=None)
    connection.execute(sa.insert(_OUTCOMES).values(attempt=attempt, record=record, saved_at=now))


def _delete(connection: sa.Connection, before: datetime) -> int:
    return connection.execute(sa.delete(_OUTCOMES).where(_OUTCOMES.c.saved_at < before)).rowcount
