"""Malformed messages by the thousand: real envelopes, changed as bytes and as JSON, fed to a running worker."""

import asyncio
import copy
import json
import logging
import random
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest

from boilermaker import Boilermaker, InMemoryServiceBus, Limits, failure, retries
from boilermaker.failure import FailureInfo
from boilermaker.transport.port import OutgoingMessage
from boilermaker.worker.loop import Pace

MESSAGES = 3_000
SECRET = "Zq7x"
REASONS = {
    "UndecodableMessage", "UnknownTask", "InvalidPayload", "QueueNotAllowed",
    "RetriesExhausted", "TaskFailed", "InvalidResult", "ResultTooLarge",
}  # fmt: skip
JUNK = (
    None, True, -1, 0, 1, 2, 10**30, 1e300, -0.5, "", "note", "a\nb", "x" * 300, SECRET, "3?", "failure", "\ud800",
    [], [[]], [0], [9], [[0, 0]], {}, {"": 1}, {"0": [9, SECRET]}, {"text": SECRET},
)  # fmt: skip
# Names, not values: logs and dead letters may show them, and those in lists (queues).
NAMES = ("task", "queues", "workflow")


@pytest.fixture
def lines() -> Iterator[list[str]]:
    """What the worker logs, without the tracebacks of users' code."""
    found: list[str] = []
    handler = logging.Handler()
    handler.emit = lambda record: found.append(record.getMessage())  # type: ignore[method-assign]
    log = logging.getLogger("boilermaker.app")
    level = log.level
    log.addHandler(handler)
    log.setLevel(logging.INFO)
    yield found
    log.removeHandler(handler)
    log.setLevel(level)


async def note(state: list[str], text: str | None, count: int = 1) -> str:
    state.append(str(text))
    return str(text)


async def fail(state: list[str], text: str) -> int:
    raise ValueError


async def told(state: list[str], cause: FailureInfo, text: str) -> None:
    state.append(cause.reason)


def _worker(bus: InMemoryServiceBus) -> Boilermaker[list[str]]:
    limits = Limits(put_off_seconds=(), max_tries=3, max_delay=1)
    worker: Boilermaker[list[str]] = Boilermaker([], bus, limits=limits)
    worker.register_async(fail, policy=retries.RetryPolicy(2, 0, 0))
    return worker.register_many_async([note, told], policy=retries.NoRetry())


async def _real_envelopes(worker: Boilermaker[list[str]], bus: InMemoryServiceBus) -> list[bytes]:
    """A chain with results and handlers, each hop of it; a failing task and its retry."""
    bodies: list[bytes] = []
    first = worker.create_task(note, SECRET * 4)
    second = worker.create_task(note, first.result.placeholder(), 2).options(delay=3)
    third = worker.create_task(fail, SECRET * 4)
    handler = worker.create_task(told, failure.cause.placeholder(), SECRET)
    await worker.publish_task(
        worker.chain(first, second, third, worker.create_task(note, SECRET), on_failure=handler)
    )
    third.options(acks_late=False).add_on_failure(
        worker.create_task(note, first.result.or_none().placeholder())
    )
    await worker.publish_task(first)
    while bus.jump("tasks"):
        bodies += [message.body for message in bus.messages("tasks")]
        await worker._new_loop(Pace(concurrency=1)).drain()
    worker.state.clear()
    return bodies


def _mutated(draw: random.Random, body: bytes) -> bytes:
    return _bytes_mutated(draw, body) if draw.random() < 0.3 else _json_mutated(draw, body)


def _bytes_mutated(draw: random.Random, body: bytes) -> bytes:
    changed = bytearray(body)
    if draw.random() < 0.3:
        del changed[draw.randrange(len(changed)) :]
    for _ in range(draw.randrange(1, 4)):
        if changed:
            changed[draw.randrange(len(changed))] = draw.randrange(256)
    return bytes(changed)


def _json_mutated(draw: random.Random, body: bytes) -> bytes:
    """One to three values replaced, fields removed or added, or lines dropped, repeated or swapped."""
    lines = [json.loads(line) for line in body.split(b"\n")]
    for _ in range(draw.randrange(1, 4)):
        line = draw.choice(lines)
        kind = draw.random()
        if kind < 0.1:
            lines.insert(draw.randrange(len(lines) + 1), copy.deepcopy(line))
        elif kind < 0.2 and len(lines) > 1:
            lines.remove(line)
        else:
            _change(draw, line)
    return b"\n".join(json.dumps(line).encode() for line in lines)


def _change(draw: random.Random, line: Any) -> None:
    """Go down to some object or list and change one thing in it."""
    where = line
    while (inner := [child for child in _children(where) if child]) and draw.random() < 0.5:
        where = draw.choice(inner)
    keys = list(where) if isinstance(where, dict) else list(range(len(where)))
    extra = ["then", "otherwise", "keep", "delay", "policy", "queue", "refs", "kept", "attempt", "acks_late"]
    if isinstance(where, dict) and draw.random() < 0.3:
        keys = extra
    if not keys:
        return
    key = draw.choice(keys)
    if draw.random() < 0.2 and key in keys and key not in extra:
        del where[key]
    else:
        is_name = key in NAMES or isinstance(where, list)
        fitting = [junk for junk in JUNK if not is_name or SECRET not in repr(junk)]
        where[key] = copy.deepcopy(draw.choice(fitting))


def _children(value: Any) -> list[Any]:
    inner = value.values() if isinstance(value, dict) else value
    return [child for child in inner if isinstance(child, dict | list)]


async def test_thousands_of_malformed_messages_end_dead_lettered_or_run(lines: list[str]) -> None:
    """The worker goes on; no reason, description or log line holds a payload value."""
    bus = InMemoryServiceBus()
    worker = _worker(bus)
    real = await _real_envelopes(worker, bus)
    assert 8 <= len(real)
    dead_before = len(bus.dead_letters("tasks"))
    lines.clear()
    draw = random.Random(11)
    sender = bus.sender("tasks")
    working = asyncio.create_task(worker.run(grace_seconds=5))
    for number in range(MESSAGES):
        body = _mutated(draw, draw.choice(real))
        await sender.send(OutgoingMessage(body=body, message_id=f"malformed-{number}"))
    await worker.apply_async(note, "last")
    async with asyncio.timeout(30):
        while bus.messages("tasks") or bus.scheduled("tasks"):
            if not bus.messages("tasks"):  # a turn of the event loop is no time for a lock to expire in
                bus.advance(timedelta(seconds=10))
            await asyncio.sleep(0)
    assert not working.done()
    worker.stop()
    await working

    assert "last" in worker.state
    letters = bus.dead_letters("tasks")[dead_before:]
    assert {"UndecodableMessage", "UnknownTask", "InvalidPayload"} <= {m.dead_letter_reason for m in letters}
    assert {m.dead_letter_reason for m in letters} <= REASONS
    said = [*lines, *(f"{m.dead_letter_reason} {m.dead_letter_description}" for m in letters)]
    assert [] == [line for line in said if SECRET in line or "\n" in line or " broke" in line]
    ran = sum("Completed Task" in line or "Retrying Task" in line for line in lines)
    assert MESSAGES < ran + len(letters)
    assert len(letters) > MESSAGES // 3
    assert ran > MESSAGES // 20
