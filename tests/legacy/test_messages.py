"""Messages recorded from boilermaker-servicebus 1.4.1 (see `publisher.py`), and what a worker of ours does with them."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from boilermaker import Boilermaker, InMemoryServiceBus
from boilermaker.envelope import codec, identity, legacy
from boilermaker.errors import EnvelopeError
from boilermaker.transport.port import OutgoingMessage
from boilermaker.worker.loop import Pace
from legacy.service import BURIED, OF_MESSAGE, Seen, new_worker, welcome

FOLDER = Path(__file__).parent / "messages"


def _body(name: str) -> bytes:
    return (FOLDER / f"{name}.json").read_bytes()


def _with(name: str, **changes: Any) -> bytes:
    return json.dumps({**json.loads(_body(name)), **changes}).encode()


@pytest.fixture
def bus() -> InMemoryServiceBus:
    return InMemoryServiceBus()


@pytest.fixture
def worker(bus: InMemoryServiceBus) -> Boilermaker[Seen]:
    return new_worker(bus)


async def _send(bus: InMemoryServiceBus, body: bytes) -> None:
    task_id = json.loads(body).get("task_id") or "no-id"
    await bus.sender("tasks").send(OutgoingMessage(body=body, message_id=task_id))


def _reasons(bus: InMemoryServiceBus) -> list[str | None]:
    return [letter.dead_letter_reason for letter in bus.dead_letters("tasks")]


@pytest.mark.parametrize("name", OF_MESSAGE)
async def test_a_recorded_message_does_what_it_did(
    bus: InMemoryServiceBus, worker: Boilermaker[Seen], name: str
) -> None:
    """Arguments reach their parameters, callbacks follow, tries are counted, dead letters have their reason."""
    await _send(bus, _body(name))

    await worker.drain()

    assert OF_MESSAGE[name] == worker.state
    assert [reason for buried, reason in BURIED.items() if buried == name] == _reasons(bus)


async def test_the_log_says_what_old_publishers_still_send(
    bus: InMemoryServiceBus, worker: Boilermaker[Seen], caplog: pytest.LogCaptureFixture
) -> None:
    """And nothing of the kind for our own."""
    caplog.set_level("INFO", logger="boilermaker.app")
    await worker.apply_async(welcome, 1)
    await worker.drain()
    assert "1.x" not in caplog.text

    await _send(bus, _body("single"))
    await worker.drain()

    assert "[create_user] Published by boilermaker-servicebus 1.x" in caplog.text


async def test_what_follows_is_in_our_format(bus: InMemoryServiceBus) -> None:
    """A worker that runs one message leaves an envelope of ours for the next step, named after its cause."""
    await _send(bus, _body("both"))
    receiver = bus.receiver("tasks")
    worker = new_worker(bus)
    [delivery] = await receiver.receive(1, 0)
    await receiver.release(delivery)
    assert legacy.is_legacy(delivery.body)

    await worker._new_loop(Pace(concurrency=1)).drain()

    [following] = bus.messages("tasks")
    envelope = codec.decode(following.body)
    assert ("welcome", json.loads(_body("both"))["task_id"]) == (
        envelope.current.task,
        envelope.header.workflow,
    )
    seed = identity.seed_of(delivery.body)
    assert identity.derived(seed, "tasks", str(delivery.message_id), 0).id == following.message_id
    assert b"function_name" not in following.body


async def test_a_task_that_the_worker_does_not_know_keeps_its_arguments(bus: InMemoryServiceBus) -> None:
    """It is put off while workers are deployed; the next one binds what was given by position."""
    await _send(bus, _body("single"))
    early: Boilermaker[None] = Boilermaker(None, bus)
    await early._new_loop(Pace(concurrency=1)).drain()
    assert 1 == len(bus.scheduled("tasks"))

    worker = new_worker(bus)
    await worker.drain()

    assert OF_MESSAGE["single"] == worker.state


@pytest.mark.parametrize(
    ("args", "kwargs", "said"),
    [
        (["a", "b", "c"], {}, "3 arguments were given by position, the handler takes 2 by position"),
        (["a"], {"email": "b"}, "email: given by position and by name"),
        (["a"], {"hunter2": 1}, "an argument was given by a name that no parameter has"),
        ([], {"name": "b"}, "email: missing"),
        ([5], {}, "email: expected `str`, got `int`"),
    ],
)
async def test_arguments_that_do_not_fit_are_told(
    bus: InMemoryServiceBus, worker: Boilermaker[Seen], args: list[Any], kwargs: dict[str, Any], said: str
) -> None:
    """As a call of the function would fail; without the values."""
    await _send(bus, _with("single", payload={"args": args, "kwargs": kwargs}))

    await worker.drain()

    [letter] = bus.dead_letters("tasks")
    assert ([], "InvalidPayload", said) == (
        worker.state,
        letter.dead_letter_reason,
        letter.dead_letter_description,
    )


async def test_keyword_only_parameters_are_not_given_by_position(bus: InMemoryServiceBus) -> None:
    """As in Python."""

    async def create_user(state: Seen, *, email: str) -> None:
        raise AssertionError

    await _send(bus, _with("single", payload={"args": ["a"], "kwargs": {}}))
    await Boilermaker[Seen]([], bus).register_async(create_user).drain()

    [letter] = bus.dead_letters("tasks")
    assert (
        "1 arguments were given by position, the handler takes 0 by position"
        == letter.dead_letter_description
    )


async def test_white_space_and_unknown_fields_do_not_matter(
    bus: InMemoryServiceBus, worker: Boilermaker[Seen]
) -> None:
    """A message may have been written by hand, or by a later 1.x."""
    body = json.dumps({**json.loads(_body("both")), "later": [1]}, indent=2).encode()
    await _send(bus, body)

    await worker.drain()

    assert OF_MESSAGE["both"] == worker.state


def _nested(depth: int) -> bytes:
    task = _with("probe", on_success=0).replace(b'"on_success": 0', b'"on_success": %s')
    head, tail = task.split(b"%s")
    return head * depth + b"null" + tail * depth


def _numbered(**fields: object) -> Callable[[], bytes]:
    return lambda: _with("single", **fields)


@pytest.mark.parametrize(
    "body",
    [
        _numbered(attempts={"attempts": -1}),
        _numbered(attempts={"attempts": 2**40}),
        _numbered(attempts="many"),
        _numbered(policy={"max_tries": 5, "delay": -1, "delay_max": 1, "retry_mode": 0}),
        _numbered(policy={"max_tries": 5, "delay": 1, "delay_max": 1, "retry_mode": 9}),
        _numbered(payload={"args": 5}),
        _numbered(payload=[]),
        _numbered(on_success={"function_name": "x"}),
        _numbered(graph_id="01a"),
        lambda: _nested(legacy.MAX_DEPTH + 2),
        lambda: _nested(660),
    ],
)
async def test_malformed_messages_are_buried_and_the_worker_goes_on(
    bus: InMemoryServiceBus, worker: Boilermaker[Seen], body: Callable[[], bytes]
) -> None:
    """Each ends as `UndecodableMessage`; the next message is handled."""
    await bus.sender("tasks").send(OutgoingMessage(body=body(), message_id="hostile"))
    await _send(bus, _body("single"))

    await worker.drain()

    assert ["UndecodableMessage"] == _reasons(bus)
    assert OF_MESSAGE["single"] == worker.state


def test_depth_up_to_the_limit_is_read() -> None:
    """Twice what 1.x can read itself."""
    envelope = legacy.read(_nested(legacy.MAX_DEPTH + 1), "tasks")

    assert ((0, legacy.MAX_DEPTH),) == envelope.header.lines


def test_other_json_is_not_taken_for_a_message_of_1x() -> None:
    """The error is the one of our own format."""
    for body in (b"{}", b"[]", b'{"function_name":"x"}', b"\xff"):
        with pytest.raises(EnvelopeError, match="not the header"):
            legacy.read(body, "tasks")
