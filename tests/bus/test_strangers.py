"""What others who may send to a queue can do to an honest workflow: nothing. Each attack goes through the real client, on every bus."""

import asyncio
import hashlib
import json
from collections import Counter
from collections.abc import AsyncGenerator, Callable, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from boilermaker import Boilermaker, Limits, attempt, chain, retries
from boilermaker.dead_letters import again
from boilermaker.envelope import codec, identity
from boilermaker.store import InMemoryOutcomeStore, OutcomeStore
from boilermaker.store.sql import SqlOutcomeStore
from bus.rigs import Rig, message, new_queue

_AT_ONCE = retries.RetryPolicy(max_tries=3, delay=0, retry_mode=retries.RetryMode.Fixed)
_SEED = "5eed" * 8
_SECONDS = 20.0  # for what takes a fraction of one


class Seen:
    """What ran, and a way to wait for it."""

    def __init__(self) -> None:
        self.ran: Counter[str] = Counter()
        self._changed = asyncio.Event()

    def note(self, what: str) -> None:
        """It ran."""
        self.ran[what] += 1
        self._changed.set()

    async def until(self, is_so: Callable[[Counter[str]], bool]) -> None:
        """Wait for it."""
        async with asyncio.timeout(_SECONDS):
            while not is_so(self.ran):
                self._changed.clear()
                await self._changed.wait()


async def charge(seen: Seen, order: str) -> str:
    """Needs a second try."""
    seen.note(f"charge {order}")
    if attempt.current().number == 1:
        raise OSError
    return order


async def mail(seen: Seen, order: str) -> None:
    """The next step."""
    seen.note(f"mail {order}")


async def noop(seen: Seen) -> None:
    """What strangers send."""
    seen.note("noop")


def _worker(
    rig: Rig, seen: Seen, queue: str, mails: str, store: OutcomeStore | None = None
) -> Boilermaker[Seen]:
    worker = Boilermaker(seen, rig.bus, queue=queue, forwards_to=[mails], outcomes=store)
    worker.register_async(charge, policy=_AT_ONCE).register_async(noop).register_async(mail, queue=mails)
    return worker


@asynccontextmanager
async def _working(*workers: Boilermaker[Any]) -> AsyncGenerator[None]:
    running = [asyncio.create_task(worker.run(grace_seconds=1)) for worker in workers]
    try:
        yield
    finally:
        for worker in workers:
            worker.stop()
        await asyncio.gather(*running)


def _envelope(task: str, queue: str, payload: object = None, **header: Any) -> bytes:
    head: dict[str, object] = {
        "boilermaker": 1, "workflow": "w", "seed": _SEED, "at": 0, "lines": [[0, 0]], "queues": [queue]
    }  # fmt: skip
    line: dict[str, object] = {"task": task, "payload": payload or {}, "then": None}
    return b"\n".join(json.dumps(part).encode() for part in (head | header, line))


def _guesses(queue: str, workflow: str) -> Iterator[str]:
    """Ids of what follows from a workflow, as far as one can compute them who knows its id and has not seen it."""
    for slot in range(3):
        yield hashlib.blake2b(f"{workflow}\n{slot}".encode(), digest_size=16).hexdigest()
        for seed in ("0" * 32, _SEED, identity.seed_of(workflow.encode())):
            yield identity.derived(seed, queue, workflow, slot).id


@pytest.mark.parametrize("has_store", [False, True])
async def test_ids_that_strangers_guess_keep_nothing_from_running(rig: Rig, has_store: bool) -> None:
    """Empty tasks under every id that can be computed are there first; the retry and the next step run all the same."""
    queue, mails = new_queue(), new_queue()
    seen, store = Seen(), InMemoryOutcomeStore() if has_store else None
    worker = _worker(rig, seen, queue, mails, store)
    postman = (
        Boilermaker(seen, rig.bus, queue=mails, outcomes=store).register_async(mail).register_async(noop)
    )
    for target in (queue, mails):
        guesses = {*_guesses(queue, "order-4711"), *_guesses(mails, "order-4711")}
        await rig.bus.sender(target).send_many(
            [message(_envelope("noop", target), message_id=guess) for guess in guesses]
        )
    async with _working(worker, postman):
        await seen.until(lambda ran: ran["noop"] == 2 * len(guesses))
        await worker.publish_task(
            chain(worker.create_task(charge, "4711"), worker.create_task(mail, "4711")), id="order-4711"
        )
        await seen.until(lambda ran: ran["mail 4711"] > 0)
    assert {"charge 4711": 2, "mail 4711": 1, "noop": 2 * len(guesses)} == seen.ran
    assert [] == await rig.dead_letters(queue)


async def test_a_stranger_who_uses_an_id_first_does_not_lend_its_outcome(rig: Rig) -> None:
    """On a queue that detects no duplicates, with a store: what was saved for a stranger's message is no other's outcome."""
    queue, mails = new_queue("careless"), new_queue()
    seen = Seen()
    worker = _worker(rig, seen, queue, mails, InMemoryOutcomeStore())
    await rig.bus.sender(queue).send(message(_envelope("noop", queue), message_id="order-4711"))
    async with _working(worker):
        await seen.until(lambda ran: ran["noop"] == 1)
        await worker.publish_task(worker.create_task(charge, "4711"), id="order-4711")
        await seen.until(lambda ran: ran["charge 4711"] == 2)


@pytest.mark.parametrize("has_store", [False, True])
async def test_two_workflows_of_one_id_do_not_meet(rig: Rig, has_store: bool) -> None:
    """Two services choose the same id for their own work, and both go on in a third queue: each mail is sent."""
    accounts, billing, mails = new_queue(), new_queue(), new_queue()
    seen, store = Seen(), InMemoryOutcomeStore() if has_store else None
    workers = [_worker(rig, seen, queue, mails, store) for queue in (accounts, billing)]
    postman = Boilermaker(seen, rig.bus, queue=mails, outcomes=store).register_async(mail)
    async with _working(*workers, postman):
        for worker in workers:
            await worker.publish_task(
                chain(worker.create_task(charge, "4711"), worker.create_task(mail, "4711")), id="order-4711"
            )
        await seen.until(lambda ran: ran["mail 4711"] == 2)
    assert {"charge 4711": 4, "mail 4711": 2} == seen.ran


async def test_messages_without_an_id_do_not_meet(rig: Rig) -> None:
    """The same body by hand in two queues, each time as its first message: both go on in a third queue."""
    first, second, mails = new_queue(), new_queue(), new_queue()
    seen = Seen()
    for queue in (first, second):
        head: dict[str, object] = {
            "boilermaker": 1, "workflow": "w", "seed": _SEED, "at": 0, "lines": [[0, 1]], "queues": [queue, mails]
        }  # fmt: skip
        lines: list[dict[str, object]] = [
            {"task": "noop", "payload": {}},
            {"task": "mail", "payload": {"order": "1"}, "queue": 1, "then": None},
        ]
        body = b"\n".join(json.dumps(part).encode() for part in (head, *lines))
        await rig.bus.sender(queue).send(message(body, message_id=""))
    workers = [_worker(rig, seen, queue, mails) for queue in (first, second)]
    postman = Boilermaker(seen, rig.bus, queue=mails).register_async(mail)
    async with _working(*workers, postman):
        await seen.until(lambda ran: ran["mail 1"] == 2)
    assert {"noop": 2, "mail 1": 2} == seen.ran


def _hostile_properties(queue: str) -> Iterator[Any]:
    """Messages whose next one would have a property, subject or id that the bus refuses."""
    long = "d" * 40_000
    yield message(_envelope("charge", queue, {"order": "s"}, digests={queue: {"charge": long}}))
    yield message(_envelope("charge", queue, {"order": "s"}, digests={queue: {"charge": "d" * 15 + "\n"}}))
    yield message(_envelope("charge", queue, {"order": "s"}, workflow="w" * 200))
    yield message(_envelope("charge", queue, {"order": "s"}, workflow="w\u0000"))
    yield message(_envelope("t" * 200, queue))
    yield message(_envelope("charge", queue, {"order": "traced"}), properties={"traceparent": "x" * 9_000})
    parent = f"00-{'a' * 32}-{'b' * 16}-01"
    yield message(
        _envelope("charge", queue, {"order": "traced"}),
        properties={"traceparent": parent, "tracestate": "y" * 9_000},
    )


async def test_what_the_bus_would_refuse_is_refused_at_the_door(rig: Rig) -> None:
    """A digest, an id or a trace context that makes no property of the next message: honest work behind it runs."""
    queue, mails = new_queue(), new_queue()
    seen = Seen()
    worker = _worker(rig, seen, queue, mails)
    await rig.bus.sender(queue).send_many(list(_hostile_properties(queue)))
    async with _working(worker):
        for number in range(20):
            await worker.publish_task(worker.create_task(charge, str(number)))
        await seen.until(lambda ran: sum(ran.values()) == 2 * 22)
    assert {f"charge {number}": 2 for number in range(20)} | {"charge traced": 4} == seen.ran
    reasons = Counter(letter.properties["DeadLetterReason"] for letter in await rig.dead_letters(queue))
    assert {"UndecodableMessage": 5} == reasons


async def test_any_id_of_a_message_has_a_place_in_a_store(rig: Rig, tmp_path: Path) -> None:
    """A NUL among the characters, or the longest that the service takes."""
    queue, mails = new_queue(), new_queue()
    seen = Seen()
    engine = sa.create_engine(f"sqlite:///{tmp_path / 'outcomes.db'}")
    worker = _worker(rig, seen, queue, mails, SqlOutcomeStore(engine))
    ids = ["a\0b", "\uffff" * 128, "'; --", " "]
    await rig.bus.sender(queue).send_many(
        [message(_envelope("noop", queue), message_id=each) for each in ids]
    )
    async with _working(worker):
        await seen.until(lambda ran: ran["noop"] == len(ids))
    engine.dispose()
    assert [] == await rig.dead_letters(queue)


async def test_a_small_message_leads_to_few_others(rig: Rig) -> None:
    """Failure callbacks that name all later ones: sixteen steps led to forty thousand messages."""
    queue, mails = new_queue(), new_queue()
    seen = Seen()
    head: dict[str, object] = {
        "boilermaker": 1,
        "workflow": "w",
        "seed": _SEED,
        "at": 0,
        "lines": [[0, 15]],
        "queues": [queue],
    }
    lines: list[dict[str, object]] = [
        {"task": "mail", "payload": {}, "then": None, "otherwise": list(range(number + 1, 16))}
        for number in range(16)
    ]
    await rig.send(queue, b"\n".join(json.dumps(part).encode() for part in (head, *lines)))
    worker = _worker(rig, seen, queue, mails)
    async with _working(worker):
        await worker.publish_task(worker.create_task(charge, "1"))
        await seen.until(lambda ran: ran["charge 1"] == 2)
        letters = [await _next_dead_letter(rig, queue), await _next_dead_letter(rig, queue)]
    assert {"InvalidPayload", "TooManyMessages"} == {each.properties["DeadLetterReason"] for each in letters}


async def _next_dead_letter(rig: Rig, queue: str) -> Any:
    receiver = rig.bus.receiver(f"{queue}/$deadletterqueue")
    async with asyncio.timeout(_SECONDS):
        while not (found := await receiver.receive(1, 1.0)):
            pass
    return found[0]


async def test_ranges_of_one_step_each_are_refused(rig: Rig) -> None:
    """A body of 38 KB kept a worker busy for minutes."""
    queue, mails = new_queue(), new_queue()
    seen = Seen()
    count = 1_000
    body = _envelope("noop", queue, lines=[[number, number] for number in range(count)])
    line = b'\n{"task":"noop","payload":{}}'
    await rig.send(queue, body + line * (count - 1))
    worker = _worker(rig, seen, queue, mails)
    async with _working(worker):
        letter = await _next_dead_letter(rig, queue)
    assert "UndecodableMessage" == letter.properties["DeadLetterReason"]
    assert not seen.ran


async def test_a_replay_cannot_be_forestalled(rig: Rig) -> None:
    """Its id cannot be computed from what can be guessed of the dead letter: sequence number and message id."""
    queue, mails = new_queue(), new_queue()
    worker = _worker(rig, Seen(), queue, mails)
    await worker.publish_task(worker.create_task(charge, "1"), id="order-1")
    [lying] = await rig.bus.receiver(queue).peek(1)
    first, second = (again.replay_of(lying, queue, rig.bus.clock) for _ in range(2))
    seed = codec.decode(lying.body).header.seed
    origin = f"{queue}\n{lying.sequence_number}\norder-1"
    guesses = {
        hashlib.blake2b(f"replay\n{origin}".encode(), digest_size=16).hexdigest(),
        *(
            identity.derived(guess, queue, f"{lying.sequence_number}\norder-1", "replay").id
            for guess in (_SEED, "0" * 32)
        ),
    }
    assert first == second
    assert first.message_id not in guesses
    assert seed != codec.decode(first.body).header.seed


@pytest.mark.parametrize("task", ["charge", "unknown"])
async def test_another_try_goes_nowhere_else(rig: Rig, task: str) -> None:
    """A message that names another queue for its own step is tried again, or put off, where it was received."""
    queue, other = new_queue(), new_queue()
    seen = Seen()
    worker = Boilermaker(seen, rig.bus, queue=queue, limits=Limits(put_off_seconds=(0,)))
    worker.register_async(charge, policy=_AT_ONCE).register_async(noop)
    async with _working(worker):
        await rig.send(queue, _envelope(task, other, {"order": "4711"}))
        if task == "charge":
            await seen.until(lambda ran: ran["charge 4711"] == 2)
        await rig.send(queue, _envelope("noop", queue))
        await seen.until(lambda ran: bool(ran["noop"]))
    assert not await rig.bus.receiver(other).peek(10, 1)


async def test_what_looks_like_a_probe_of_1x_leads_nowhere(rig: Rig) -> None:
    """Such a message counts as run without a handler; one with a next step would be published to any queue."""
    queue, other = new_queue(), new_queue()
    seen = Seen()
    worker = Boilermaker(seen, rig.bus, queue=queue, limits=Limits(put_off_seconds=())).register_async(noop)
    head = {
        "boilermaker": 1,
        "workflow": "w",
        "seed": _SEED,
        "at": 0,
        "lines": [[0, 1]],
        "queues": [queue, other],
    }
    lines = {"task": "debug_task", "args": 0}, {"task": "charge", "queue": 1, "then": None}
    async with _working(worker):
        await rig.send(queue, b"\n".join(json.dumps(part).encode() for part in (head, *lines)))
        await rig.send(queue, _envelope("noop", queue))
        await seen.until(lambda ran: bool(ran["noop"]))
    assert not await rig.bus.receiver(other).peek(10, 1)
    assert len(await rig.dead_letters(queue)) == 1
