"""What is saved before it is published: a message that comes again has the outcome that it had."""

import asyncio
import logging
import sqlite3
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from boilermaker import Boilermaker, InMemoryServiceBus, QueueSettings, Task, chain, errors, retries
from boilermaker.store import InMemoryOutcomeStore, sql
from boilermaker.store.sql import SqlOutcomeStore
from boilermaker.transport.port import OutgoingMessage

Runs = list[str]
NewEngine = Callable[[Path], sa.Engine]


def _worker(runs: Runs, store: InMemoryOutcomeStore | SqlOutcomeStore) -> Boilermaker[Runs]:
    bus = InMemoryServiceBus(QueueSettings(name="jobs", duplicate_detection_window=None))
    worker = Boilermaker(runs, bus, queue="jobs", outcomes=store)

    @worker.task(policy=retries.RetryPolicy(max_tries=2))
    async def flip(runs: Runs) -> None:
        runs.append("flip")
        if len(runs) % 2:
            raise ValueError

    return worker


class _Line(logging.Handler):
    """Waits for a log line."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self._text = text
        self.seen = asyncio.Event()

    def emit(self, record: logging.LogRecord) -> None:
        if self._text in record.getMessage():
            self.seen.set()


@pytest.fixture
def new_engine() -> Iterator[NewEngine]:
    """Makes engines for a file, and closes their connections after the test: a store leaves them to whoever made them."""
    made: list[sa.Engine] = []

    def make(path: Path) -> sa.Engine:
        made.append(sa.create_engine(f"sqlite:///{path}"))
        return made[-1]

    yield make
    for engine in made:
        engine.dispose()


async def test_a_message_that_comes_again_publishes_the_saved_outcome() -> None:
    """The handler that would now end differently is not run."""
    runs: Runs = []
    worker = _worker(runs, InMemoryOutcomeStore())
    flip = worker.registry.get("flip")
    assert flip is not None
    for _ in range(2):
        await worker.publish_task(worker.create_task(flip.function), id="order-1")
    await worker.drain()
    assert runs == ["flip", "flip"]  # the first try, whose retry was saved, and that retry


async def test_a_store_in_sqlite_keeps_the_first_record(tmp_path: Path, new_engine: NewEngine) -> None:
    """Two workers that race agree on one."""
    stores = [SqlOutcomeStore(new_engine(tmp_path / "outcomes.db")) for _ in range(2)]
    assert await stores[0].load("a") is None
    assert await stores[0].save("a", b"first") == b"first"
    assert await stores[1].save("a", b"second") == b"first"
    assert await stores[1].load("a") == b"first"


async def test_the_table_may_appear_while_it_is_created(tmp_path: Path, new_engine: NewEngine) -> None:
    """Two workers that start together on a new database: the second to create it finds that it is there."""
    one, other = new_engine(tmp_path / "outcomes.db"), new_engine(tmp_path / "outcomes.db")
    meanwhile = SqlOutcomeStore(other)

    def create(table: sa.Table, connection: sa.Connection, **_: object) -> None:
        if connection.engine is one:
            table.metadata.create_all(other)

    sa.event.listen(sa.Table, "before_create", create)
    try:
        assert await SqlOutcomeStore(one).load("a") is None
    finally:
        sa.event.remove(sa.Table, "before_create", create)
    assert await meanwhile.save("a", b"1") == b"1"


async def test_records_outlive_the_process_and_go_after_their_time(
    tmp_path: Path, new_engine: NewEngine
) -> None:
    """A file is opened again; purging removes what is old."""
    await SqlOutcomeStore(new_engine(tmp_path / "outcomes.db")).save("a", b"kept")
    assert await SqlOutcomeStore(new_engine(tmp_path / "outcomes.db")).load("a") == b"kept"
    assert await SqlOutcomeStore(new_engine(tmp_path / "outcomes.db"), keep=timedelta(0)).purge() == 1
    assert await SqlOutcomeStore(new_engine(tmp_path / "outcomes.db")).load("a") is None


async def test_a_purge_that_fails_costs_no_outcome(
    tmp_path: Path, new_engine: NewEngine, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """What was to be saved is saved, and the log tells that old records stay."""
    monkeypatch.setattr(sql, "_SAVES_BETWEEN_PURGES", 2)
    engine = new_engine(tmp_path / "outcomes.db")

    @sa.event.listens_for(engine, "connect")
    def forbid_deletes(connection: Any, _: object) -> None:
        connection.set_authorizer(
            lambda action, *_: sqlite3.SQLITE_DENY if action == sqlite3.SQLITE_DELETE else sqlite3.SQLITE_OK
        )

    store = SqlOutcomeStore(engine)
    saved = [await store.save(attempt, b"kept") for attempt in ("a", "b", "c")]

    assert [b"kept"] * 3 == saved
    assert b"kept" == await store.load("b")
    assert "Old outcomes could not be purged" in caplog.text


async def test_a_store_that_does_not_answer_says_so_and_a_worker_waits_for_it(
    tmp_path: Path, new_engine: NewEngine, caplog: pytest.LogCaptureFixture
) -> None:
    """Nothing is run or published without it; it goes on by itself."""
    caplog.set_level("INFO")
    waiting = _Line("Cannot read the outcome store")
    logging.getLogger("boilermaker.app").addHandler(waiting)
    folder = tmp_path / "later"
    store = SqlOutcomeStore(new_engine(folder / "outcomes.db"))
    with pytest.raises(errors.OutcomeStoreError, match="an operation of the outcome store's database failed"):
        await store.load("a")
    runs: Runs = []
    worker = _worker(runs, store)
    flip = worker.registry.get("flip")
    assert flip is not None
    await worker.publish_task(worker.create_task(flip.function))
    working = asyncio.create_task(worker.drain())
    async with asyncio.timeout(10):
        await waiting.seen.wait()
    assert not runs
    folder.mkdir()
    async with asyncio.timeout(10):
        await working
    logging.getLogger("boilermaker.app").removeHandler(waiting)
    assert runs == ["flip", "flip"]
    assert "Works again" in caplog.text


class _Foreign(InMemoryOutcomeStore):
    """Holds what another program wrote."""

    async def load(self, attempt: str) -> bytes | None:
        return b"{}"


async def test_a_record_that_is_no_verdict_is_told(caplog: pytest.LogCaptureFixture) -> None:
    """Another program's table, or a later version's record: nothing is run, and the log says why."""
    store = _Foreign()
    runs: Runs = []
    worker = _worker(runs, store)
    flip = worker.registry.get("flip")
    assert flip is not None
    await worker.publish_task(worker.create_task(flip.function), id="order-1")
    await worker.drain()
    assert not runs
    assert "a record that cannot be read" in caplog.text
    assert isinstance(worker.bus, InMemoryServiceBus)
    assert [letter.message_id for letter in worker.bus.dead_letters("jobs")] == ["order-1"]


# ---- whose outcome it is --------------------------------------------------------------------------------


def _counting(
    runs: Runs, store: InMemoryOutcomeStore, *queues: str
) -> tuple[Boilermaker[Runs], InMemoryServiceBus]:
    """A worker on the first queue whose tasks note what they run for; no queue detects duplicates."""
    bus = InMemoryServiceBus(*(QueueSettings(name=each, duplicate_detection_window=None) for each in queues))
    worker = Boilermaker(runs, bus, queue=queues[0], outcomes=store)

    @worker.task
    async def pay(runs: Runs, amount: int) -> None:
        runs.append(f"pay {amount}")

    @worker.task
    async def note(runs: Runs, text: str) -> None:
        runs.append(text)

    return worker, bus


def _tasks(worker: Boilermaker[Runs], amount: int) -> Task[Any]:
    pay, note = worker.registry.get("pay"), worker.registry.get("note")
    assert pay is not None
    assert note is not None
    return chain(worker.create_task(pay.function, amount), worker.create_task(note.function, "paid"))


async def test_a_workflow_that_is_published_twice_runs_each_handler_once() -> None:
    """Each publication has a seed of its own; what follows from the saved outcome has the ids of the first."""
    runs: Runs = []
    worker, bus = _counting(runs, InMemoryOutcomeStore(), "jobs")
    for _ in range(3):
        await worker.publish_task(_tasks(worker, 5), id="order-4711")
    bodies = {message.body for message in bus.messages("jobs")}
    await worker.drain()
    assert len(bodies) == 3
    assert runs == ["pay 5", "paid"]


async def test_a_saved_outcome_counts_for_the_same_task_and_payload_only() -> None:
    """Who guesses an id and sends something else under it first does not keep the real one from running."""
    runs: Runs = []
    worker, _ = _counting(runs, InMemoryOutcomeStore(), "jobs")
    await worker.publish_task(_tasks(worker, 0), id="order-4711")
    await worker.drain()
    await worker.publish_task(_tasks(worker, 5), id="order-4711")
    await worker.drain()
    assert runs == ["pay 0", "paid", "pay 5", "paid"]


async def test_a_saved_outcome_counts_for_its_queue_only() -> None:
    """Two services that share a store may use the same ids for the same tasks."""
    runs: Runs = []
    store = InMemoryOutcomeStore()
    worker, bus = _counting(runs, store, "jobs", "others")
    await worker.publish_task(_tasks(worker, 5), id="order-4711")
    [message] = bus.messages("jobs")
    await bus.sender("others").send(OutgoingMessage(body=message.body, message_id="order-4711"))
    await worker.drain()
    other = Boilermaker(runs, bus, queue="others", outcomes=store, forwards_to=["jobs"])
    for name in ("pay", "note"):
        registration = worker.registry.get(name)
        assert registration is not None
        other.register(registration.function)
    await other.drain()
    assert runs.count("pay 5") == 2


@pytest.mark.parametrize("message_id", ["a\0b", "x" * 128, "", "ORDER", "order", "\u017f", "s"])
async def test_a_key_is_hex_digits_whatever_the_id(message_id: str) -> None:
    """Databases refuse NULs and surrogates, cut long texts, and fold cases."""
    runs: Runs = []
    store = InMemoryOutcomeStore()
    worker, bus = _counting(runs, store, "jobs")
    await worker.publish_task(_tasks(worker, 5))
    [message] = bus.messages("jobs")
    await bus.sender("jobs").send(OutgoingMessage(body=message.body, message_id=message_id))
    await worker.drain()
    assert runs == ["pay 5", "pay 5", "paid", "paid"]
    assert [64] * 4 == [len(key) for key in store.records]
    assert set("".join(store.records)) <= set("0123456789abcdef")
