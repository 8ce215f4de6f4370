"""Messages of old contracts: what is told of those that do not fit, and what upcasts make of them."""

import asyncio
import logging
from pathlib import Path
from typing import Any

import pytest

from boilermaker import Boilermaker, Client, InMemoryServiceBus, Task, Tasks
from boilermaker.contract import task_digest, to_json
from boilermaker.errors import ConfigurationError, RegistrationError
from boilermaker.stub import Payload, TaskStub

QUEUE = "accounts"


class OldPayload(Payload, frozen=True, kw_only=True):
    user_id: int
    greeting: str = "Hello"


def old_worker() -> Boilermaker[Any]:
    """The worker before the change."""
    worker = Boilermaker[Any](None, InMemoryServiceBus(), queue=QUEUE)

    @worker.task
    async def welcome(state, user_id: int, greeting: str = "Hello") -> None: ...

    return worker


OLD = old_worker().contract()
DIGEST = task_digest(OLD, "welcome")
old_stub = TaskStub[None]("welcome", OldPayload, None, queue=QUEUE, digest=DIGEST)


def new_worker(bus: InMemoryServiceBus, **options: Any) -> tuple[Boilermaker[Any], list[str]]:
    """The worker after it: `user_id` became text and is called `account`."""
    worker = Boilermaker[Any](None, bus, queue=QUEUE, **options)
    welcomed: list[str] = []

    @worker.task
    async def welcome(state, account: str, greeting: str = "Hello") -> None:
        welcomed.append(f"{greeting} {account}")

    return worker, welcomed


async def dead_letter(bus: InMemoryServiceBus) -> Any:
    """The one dead letter of the queue."""
    (letter,) = bus.dead_letters(QUEUE)
    return letter


@pytest.fixture
def history(tmp_path: Path) -> Path:
    """A folder that holds the old contract."""
    (tmp_path / "first.json").write_bytes(to_json(OLD))
    return tmp_path


async def test_an_upcast_makes_a_new_payload_of_an_old_one() -> None:
    """Before it is validated; what it does not touch stays."""
    bus = InMemoryServiceBus()
    worker, welcomed = new_worker(bus)

    @worker.upcast("welcome", from_digest=DIGEST)
    def from_number(old: dict[str, Any]) -> dict[str, Any]:
        return {"account": f"A-{old.pop('user_id')}", **old}

    await Client(bus).publish(old_stub(user_id=7, greeting="Welcome"))
    await worker.drain()

    assert ["Welcome A-7"] == welcomed


@pytest.mark.parametrize("is_late", [False, True])
async def test_an_upcast_may_be_collected_like_a_task(*, is_late: bool) -> None:
    """By a module that knows no worker; also after a worker has included what it collects."""
    bus = InMemoryServiceBus()
    worker, welcomed = new_worker(bus)
    tasks = Tasks()
    if is_late:
        worker.include(tasks)

    @tasks.upcast("welcome", from_digest=DIGEST)
    def from_number(old: dict[str, Any]) -> dict[str, Any]:
        return {"account": f"A-{old.pop('user_id')}", **old}

    if not is_late:
        worker.include(tasks)
    await Client(bus).publish(old_stub(user_id=7))
    await worker.drain()

    assert ["Hello A-7"] == welcomed


async def test_a_collection_with_an_upcast_that_is_refused_is_included_not_at_all() -> None:
    """Neither its tasks nor its other upcasts stay behind."""
    bus = InMemoryServiceBus()
    worker, _ = new_worker(bus)
    worker.upcast("welcome", from_digest=DIGEST)(dict)
    tasks = Tasks().register_async(_welcome, name="again")
    tasks.upcast("welcome", from_digest=OLDER)(dict)
    tasks.upcast("welcome", from_digest=DIGEST)(dict)

    with pytest.raises(RegistrationError, match=f"`welcome` already has an upcast from {DIGEST}"):
        worker.include(tasks)

    assert ["welcome"] == [task.name for task in worker.contract().tasks]
    worker.upcast("welcome", from_digest=OLDER)(dict)


async def test_a_message_of_the_own_contract_is_left_alone() -> None:
    """An upcast is for the digest that it names."""
    bus = InMemoryServiceBus()
    worker, welcomed = new_worker(bus)

    @worker.upcast("welcome", from_digest=DIGEST)
    def spoil(old: dict[str, Any]) -> dict[str, Any]:
        raise AssertionError

    (registration,) = worker.registry
    await worker.publish_task(worker.create_task(registration.function, "A-7"))
    await worker.drain()

    assert ["Hello A-7"] == welcomed


async def test_an_upcast_sees_results_of_earlier_steps() -> None:
    """They stand in the places of the references to them."""
    bus = InMemoryServiceBus()
    worker, welcomed = new_worker(bus)

    @worker.task
    async def make(state) -> int:
        return 8

    @worker.upcast("welcome", from_digest=DIGEST)
    def from_number(old: dict[str, Any]) -> dict[str, Any]:
        return {"account": f"A-{old['user_id']}"}

    made: Task[int] = worker.create_task(make)
    await worker.publish_task(made >> old_stub(user_id=made.result))
    await worker.drain()

    assert ["Hello A-8"] == welcomed


async def test_an_upcast_that_raises_leaves_a_dead_letter_without_values() -> None:
    """With the type of the error; its text may hold the payload."""
    bus = InMemoryServiceBus()
    worker, _ = new_worker(bus)

    @worker.upcast("welcome", from_digest=DIGEST)
    def broken(old: dict[str, Any]) -> dict[str, Any]:
        raise ValueError(old)

    await Client(bus).publish(old_stub(user_id=4711))
    await worker.drain()

    letter = await dead_letter(bus)
    assert "InvalidPayload" == letter.dead_letter_reason
    assert f"the upcast from contract {DIGEST} raised ValueError" in letter.dead_letter_description
    assert "4711" not in letter.dead_letter_description


@pytest.mark.parametrize("error", [SystemExit, asyncio.CancelledError, GeneratorExit, StopIteration])
async def test_whatever_an_upcast_raises_leaves_a_dead_letter(error: type[BaseException]) -> None:
    """An upcast that exits would end one worker after the other that takes the message."""
    bus = InMemoryServiceBus()
    worker, _ = new_worker(bus)

    @worker.upcast("welcome", from_digest=DIGEST)
    def leave(old: dict[str, Any]) -> dict[str, Any]:
        raise error

    await Client(bus).publish(old_stub(user_id=7))
    await worker.drain()

    letter = await dead_letter(bus)
    assert "InvalidPayload" == letter.dead_letter_reason
    assert f"{error.__qualname__} (published for contract {DIGEST}" in letter.dead_letter_description


class Unreadable(dict[str, Any]):
    """A mapping that raises when it is read."""

    def keys(self) -> Any:
        raise LookupError("secret")

    def __iter__(self) -> Any:
        raise LookupError("secret")


async def _give(old: dict[str, Any]) -> dict[str, Any]:
    return old


@pytest.mark.parametrize(
    ("given", "told"),
    [
        (None, "returned a NoneType, not a mapping of arguments"),
        (["A-7"], "returned a list, not a mapping of arguments"),
        ({"account": object()}, "account: `object` has no JSON form"),
        ({"account": float("nan")}, "account: NaN and infinities have no JSON form"),
        ({"user_id": 7}, "account: missing"),
        ({7: "A-7"}, f"the upcast from contract {DIGEST} returned an argument whose name is not a string"),
        (Unreadable(), f"the upcast from contract {DIGEST} raised LookupError ("),
        (_give, "returned a coroutine, not a mapping of arguments"),
    ],
)
async def test_what_is_no_payload_is_told_of_the_upcast_that_gave_it(given: Any, told: str) -> None:
    """As of any payload that does not fit: a dead letter, and the worker goes on."""
    bus = InMemoryServiceBus()
    worker, _ = new_worker(bus)
    worker.upcast("welcome", from_digest=DIGEST)(lambda old: given(old) if callable(given) else given)

    await Client(bus).publish(old_stub(user_id=7))
    await worker.drain()

    letter = await dead_letter(bus)
    assert "InvalidPayload" == letter.dead_letter_reason
    assert told in letter.dead_letter_description


OLDER = "00000000000000aa"
MIDDLE = "00000000000000bb"


def older_stub(user: int) -> Task[None]:
    """What was published two contracts ago."""

    class Older(Payload, frozen=True, kw_only=True):
        user: int

    return TaskStub[None]("welcome", Older, None, queue=QUEUE, digest=OLDER)(user=user)


@pytest.mark.parametrize("is_said", [True, False])
async def test_upcasts_follow_each_other_to_the_own_contract(*, is_said: bool) -> None:
    """From neighbour to neighbour; the last may say that it leads to the worker's own."""
    bus = InMemoryServiceBus()
    worker, welcomed = new_worker(bus)
    own = task_digest(worker.contract(), "welcome")

    @worker.upcast("welcome", from_digest=MIDDLE, to_digest=own if is_said else None)
    def from_number(old: dict[str, Any]) -> dict[str, Any]:
        return {"account": f"A-{old['user_id']}"}

    @worker.upcast("welcome", from_digest=OLDER, to_digest=MIDDLE)
    def rename(old: dict[str, Any]) -> dict[str, Any]:
        return {"user_id": old["user"]}

    await Client(bus).publish(older_stub(7))
    await worker.drain()

    assert ["Hello A-7"] == welcomed


async def test_an_upcast_is_found_by_an_old_name_of_the_task() -> None:
    """Messages carry the name that they were published under."""
    bus = InMemoryServiceBus()
    worker = Boilermaker[Any](None, bus, queue=QUEUE)
    greeted: list[int] = []

    @worker.task(aliases=["welcome"])
    async def greet(state, account: int) -> None:
        greeted.append(account)

    @worker.upcast("welcome", from_digest=DIGEST)
    def rename(old: dict[str, Any]) -> dict[str, Any]:
        return {"account": old["user_id"]}

    await Client(bus).publish(old_stub(user_id=7))
    await worker.drain()

    assert [7] == greeted


async def test_a_way_ends_at_the_own_contract_where_a_change_was_taken_back() -> None:
    """The upcast from the worker's own contract is still there; with it the way would go round for ever."""
    bus = InMemoryServiceBus()
    worker, welcomed = new_worker(bus)
    own = task_digest(worker.contract(), "welcome")
    worker.upcast("welcome", from_digest=own, to_digest=DIGEST)(lambda old: {"user_id": 0, **old})
    worker.upcast("welcome", from_digest=DIGEST, to_digest=own)(lambda old: {"account": str(old["user_id"])})

    await Client(bus).publish(old_stub(user_id=7))
    await worker.drain()

    assert ["Hello 7"] == welcomed


async def test_upcasts_follow_each_other_across_a_new_name_of_the_task() -> None:
    """The first was written while the task had its old name, the next one for the new."""
    bus = InMemoryServiceBus()
    worker = Boilermaker[Any](None, bus, queue=QUEUE)
    greeted: list[str] = []

    @worker.task(aliases=["welcome"])
    async def greet(state, account: str) -> None:
        greeted.append(account)

    @worker.upcast("welcome", from_digest=OLDER, to_digest=MIDDLE)
    def rename(old: dict[str, Any]) -> dict[str, Any]:
        return {"user_id": old["user"]}

    @worker.upcast("greet", from_digest=MIDDLE)
    def from_number(old: dict[str, Any]) -> dict[str, Any]:
        return {"account": f"A-{old['user_id']}"}

    await Client(bus).publish(older_stub(7))
    await worker.drain()

    assert ["A-7"] == greeted


@pytest.mark.parametrize(
    ("hops", "told"),
    [
        ([("welcome", OLDER, MIDDLE)], f"it leads to {MIDDLE}, which is not this worker's contract"),
        ([("welcome", OLDER, MIDDLE), ("welcome", MIDDLE, OLDER)], "its path is a cycle"),
        ([("welcom", OLDER, None)], "no task of that name is registered; did you mean `welcome`?"),
        ([("greet", OLDER, None), ("welcome", OLDER, None)], "`welcome` and `greet` name the same task"),
    ],
)
async def test_a_way_that_does_not_end_at_the_own_contract_is_refused(
    hops: list[tuple[str, str, str | None]], told: str
) -> None:
    """When the worker begins to work: then everything is registered."""
    worker = Boilermaker[Any](None, InMemoryServiceBus(), queue=QUEUE)
    worker.register_async(_welcome, name="welcome", aliases=["greet"])
    for task, start, end in hops:
        worker.upcast(task, from_digest=start, to_digest=end)(dict)

    with pytest.raises(RegistrationError, match=told):
        await worker.drain()


def test_a_digest_that_the_history_does_not_know_is_refused(history: Path) -> None:
    """With those that are nearest, and where they stand: a wrong one would help no message, without a word."""
    worker, _ = new_worker(InMemoryServiceBus(), history=history)

    with pytest.raises(
        RegistrationError,
        match=rf"has no contract .* did you mean {DIGEST} \(`welcome` in .*first\.json\)\?",
    ):
        worker.upcast("welcome", from_digest=DIGEST[:-1] + ("0" if DIGEST[-1] != "0" else "1"))(dict)
    with pytest.raises(RegistrationError, match=f"it has {DIGEST}"):
        worker.upcast("welcome", from_digest="f" * 16 if "f" not in DIGEST else "0" * 16)(dict)
    worker.upcast("welcome", from_digest=DIGEST)(dict)


def test_what_cannot_be_an_upcast_is_refused() -> None:
    """No digest, a function that is async, a way to itself."""
    worker, _ = new_worker(InMemoryServiceBus())

    async def late(old: dict[str, Any]) -> dict[str, Any]:
        return old

    with pytest.raises(RegistrationError, match="is not a digest; use the 16 hex digits"):
        worker.upcast("welcome", from_digest="1.4.0")(dict)
    with pytest.raises(RegistrationError, match="not an async one"):
        worker.upcast("welcome", from_digest=DIGEST)(late)  # type: ignore[type-var]
    with pytest.raises(RegistrationError, match="are the same contract"):
        worker.upcast("welcome", from_digest=DIGEST, to_digest=DIGEST)(dict)


async def test_a_payload_that_does_not_fit_names_what_changed(history: Path) -> None:
    """Both digests, and the first field that differs, where the history knows the other contract."""
    bus = InMemoryServiceBus()
    worker, _ = new_worker(bus, history=history)
    own = task_digest(worker.contract(), "welcome")

    await Client(bus).publish(old_stub(user_id=7))
    await worker.drain()

    letter = await dead_letter(bus)
    assert f"published for contract {DIGEST}, this worker has {own}; first difference: account: " in (
        letter.dead_letter_description
    )


async def test_without_history_both_digests_are_named() -> None:
    """What they stand for is for people to find out."""
    bus = InMemoryServiceBus()
    worker, _ = new_worker(bus)

    await Client(bus).publish(old_stub(user_id=7))
    await worker.drain()

    letter = await dead_letter(bus)
    assert letter.dead_letter_description.endswith(
        f"this worker has {task_digest(worker.contract(), 'welcome')})"
    )


async def test_another_contract_is_told_in_the_logs(caplog: pytest.LogCaptureFixture) -> None:
    """Also where the payload fits all the same."""
    bus = InMemoryServiceBus()
    other = TaskStub[None]("welcome", OldPayload, None, queue=QUEUE, digest="0" * 16)

    with caplog.at_level(logging.INFO, logger="boilermaker.app"):
        worker = Boilermaker[Any](None, bus, queue=QUEUE)
        worker.register_async(_welcome, name="welcome")
        await Client(bus).publish(other(user_id=7))
        await worker.drain()

    own = task_digest(worker.contract(), "welcome")
    assert f"[welcome] Published for contract {'0' * 16}, this worker has {own}" in caplog.messages


async def _welcome(state, user_id: int, greeting: str = "Hello") -> None: ...


def test_one_digest_has_one_upcast() -> None:
    """Else it would depend on their order."""
    worker, _ = new_worker(InMemoryServiceBus())
    worker.upcast("welcome", from_digest=DIGEST)(dict)

    with pytest.raises(RegistrationError, match=f"`welcome` already has an upcast from {DIGEST}"):
        worker.upcast("welcome", from_digest=DIGEST)(dict)


def test_a_history_that_is_none_is_told_at_once(tmp_path: Path) -> None:
    """When the worker is made, not when the first message does not fit."""
    with pytest.raises(ConfigurationError, match=r"the folder .* does not exist"):
        new_worker(InMemoryServiceBus(), history=tmp_path / "elsewhere")
    (tmp_path / "notes.json").write_text("{}")
    with pytest.raises(
        ConfigurationError,
        match=r"notes\.json cannot be read as a contract: .*missing required field `service`",
    ):
        new_worker(InMemoryServiceBus(), history=tmp_path)


@pytest.mark.parametrize(
    ("data", "told"),
    [
        (b"", "truncated"),
        (b"\xff\xfe", "cannot be read as a contract"),
        (b"[" * 100_000, "it is nested too deeply"),
        (to_json(OLD)[:-40], "truncated"),
        (
            to_json(OLD).replace(b'"tasks"', b'"format": 2, "events"'),
            "it has format 2, this boilermaker reads 1",
        ),
    ],
)
def test_a_history_says_what_is_wrong_with_a_file(tmp_path: Path, data: bytes, told: str) -> None:
    """Cut off, of a later version, or garbage."""
    (tmp_path / "first.json").write_bytes(data)

    with pytest.raises(ConfigurationError, match=told):
        new_worker(InMemoryServiceBus(), history=tmp_path)
