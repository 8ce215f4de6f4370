"""The outcome store in real databases: SQLite, and PostgreSQL where this machine has a server."""

import importlib.util
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa

from boilermaker import Boilermaker, InMemoryServiceBus, QueueSettings, errors, failure, retries
from boilermaker.store.sql import SqlOutcomeStore
from boilermaker.transport.port import OutgoingMessage
from store import postgres

KEY = "0" * 64


@pytest.fixture(scope="module")
def postgres_url() -> Iterator[str]:
    """Of a server of its own."""
    if importlib.util.find_spec("psycopg") is None:
        pytest.skip("psycopg is not installed, the driver for PostgreSQL")
    try:
        with postgres.server() as url:
            yield url
    except postgres.Missing as missing:
        pytest.skip(str(missing))


@pytest.fixture(params=["sqlite", "postgresql"])
def engine(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[sa.Engine]:
    """An engine for an empty database."""
    url = f"sqlite:///{tmp_path / 'outcomes.db'}"
    if request.param == "postgresql":
        url = request.getfixturevalue("postgres_url")
    made = sa.create_engine(url)
    yield made
    with made.begin() as connection:
        connection.execute(sa.text("DROP TABLE IF EXISTS boilermaker_outcomes"))
    made.dispose()


def _execute(engine: sa.Engine, statement: str) -> None:
    with engine.begin() as connection:
        connection.execute(sa.text(statement))


async def test_the_first_record_is_kept(engine: sa.Engine) -> None:
    """Two workers that race agree on one."""
    one, other = SqlOutcomeStore(engine), SqlOutcomeStore(engine)
    assert await one.load(KEY) is None
    assert await one.save(KEY, b"first") == b"first"
    assert await other.save(KEY, b"second") == b"first"
    assert await other.load(KEY) == b"first"


async def test_a_table_that_was_dropped_is_made_again(engine: sa.Engine) -> None:
    """The worker asks again; what was saved before is gone, and nothing else."""
    store = SqlOutcomeStore(engine)
    await store.save(KEY, b"first")
    _execute(engine, "DROP TABLE boilermaker_outcomes")
    with pytest.raises(errors.OutcomeStoreError) as caught:
        await store.load(KEY)
    assert caught.value.is_transient
    assert await store.load(KEY) is None
    _execute(engine, "DROP TABLE boilermaker_outcomes")
    if engine.dialect.name == "sqlite":  # it calls this an operational error
        with pytest.raises(errors.OutcomeStoreError):
            await store.save(KEY, b"second")
    assert await store.save(KEY, b"second") == b"second"


_REFUSING = {
    "sqlite": [
        (
            "CREATE TRIGGER small BEFORE INSERT ON boilermaker_outcomes WHEN length(NEW.record) > 600 "
            "BEGIN SELECT RAISE(ABORT, 'too large'); END"
        )
    ],
    "postgresql": [
        (
            "CREATE OR REPLACE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS "
            "$$ BEGIN RAISE EXCEPTION USING ERRCODE = '22001'; END $$"
        ),
        (
            "CREATE TRIGGER small BEFORE INSERT ON boilermaker_outcomes FOR EACH ROW "
            "WHEN (octet_length(NEW.record) > 600) EXECUTE FUNCTION refuse()"
        ),
    ],
}
"""Databases that bound their records; one says so by a constraint, the other by the error for data."""


def _worker(engine: sa.Engine, size: int) -> tuple[Boilermaker[list[str]], Callable[[], list[str | None]]]:
    """A worker whose task `load` returns a text of this size to the next step."""
    bus = InMemoryServiceBus(QueueSettings(name="jobs", duplicate_detection_window=None))
    worker = Boilermaker(list[str](), bus, queue="jobs", outcomes=SqlOutcomeStore(engine))

    @worker.task(policy=retries.NoRetry())
    async def load(seen: list[str]) -> str:
        seen.append("load")
        return "x" * size

    @worker.task
    async def show(seen: list[str], text: str) -> None:
        seen.append(f"show {len(text)}")

    @worker.task
    async def mend(seen: list[str], cause: failure.FailureInfo) -> None:
        seen.append(f"{cause.reason}: {cause.description.partition(':')[0]}")

    return worker, lambda: [letter.dead_letter_reason for letter in bus.dead_letters("jobs")]


async def _publish(worker: Boilermaker[list[str]]) -> None:
    load, show, mend = (worker.registry.get(name) for name in ("load", "show", "mend"))
    assert load is not None
    assert show is not None
    assert mend is not None
    first = worker.create_task(load.function)
    first.on_success = worker.create_task(show.function, first.result.placeholder())
    first.on_failure = worker.create_task(mend.function, failure.cause.placeholder())
    await worker.publish_task(first)


async def test_a_record_that_the_database_refuses_fails_its_task_and_no_other(engine: sa.Engine) -> None:
    """`OutcomeNotSaved`: the failure is told and dead-lettered, and what comes behind it runs."""
    await SqlOutcomeStore(engine).load(KEY)  # makes the table
    for statement in _REFUSING[engine.dialect.name]:
        _execute(engine, statement)
    worker, reasons = _worker(engine, 2000)
    await _publish(worker)
    small, _ = _worker(engine, 3)
    await worker.drain()
    await _publish(small)
    await small.drain()
    assert worker.state == [
        "load",
        "OutcomeNotSaved: the outcome store rejects a record of 2,294 bytes but accepts others",
    ]
    assert reasons() == ["OutcomeNotSaved"]
    assert small.state == ["load", "show 3"]


async def test_a_database_that_refuses_all_records_is_waited_for(engine: sa.Engine) -> None:
    """Its fault is no message's: failing one after the other would empty the queue into the dead letters."""
    store = SqlOutcomeStore(engine)
    await store.load(KEY)  # makes the table
    for statement in _REFUSING[engine.dialect.name]:
        _execute(engine, statement.replace("> 600", "> 0"))
    with pytest.raises(errors.OutcomeStoreError) as caught:
        await store.save(KEY, b"record")
    assert caught.value.is_transient
    _execute(
        engine,
        "DROP TRIGGER small" + (" ON boilermaker_outcomes" if engine.dialect.name == "postgresql" else ""),
    )
    assert await store.save(KEY, b"record") == b"record"


async def test_any_message_id_has_a_key(engine: sa.Engine) -> None:
    """A NUL, a long text: databases refuse these, and the worker would wait for ever."""
    worker, reasons = _worker(engine, 3)
    await _publish(worker)
    assert isinstance(worker.bus, InMemoryServiceBus)
    [message] = worker.bus.messages("jobs")
    for message_id in ("a\0b", "x" * 128):
        await worker.bus.sender("jobs").send(OutgoingMessage(body=message.body, message_id=message_id))
    await worker.drain()
    assert reasons() == []
    assert sorted(worker.state) == ["load"] * 3 + ["show 3"] * 3
