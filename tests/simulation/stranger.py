"""A sender who may send to the queue and holds no message of others: it writes what it likes, under ids that it can compute.

It knows all that is public: how ids are made, and ids of workflows once those are published.
"""

import hashlib
import json
import random
from collections.abc import Iterator
from typing import Any

from boilermaker.envelope import identity
from boilermaker.transport.port import Message, OutgoingMessage

NAME = "stranger"
"""How the workflows of its messages begin."""
TASK = "stray"
MOST_MESSAGES = 30
"""That its longest plan may lead to before workers refuse: as `Limits.max_messages` of the world."""
MOST_TRIES = 3
_SEEDS = ("0" * 32, "5eed" * 8)


def is_strange(message: Message) -> bool:
    """Whether the stranger has sent it, or what it has sent has led to it."""
    return (message.correlation_id or "").startswith(NAME)


def messages(dice: random.Random, queue: str, workflows: list[str], count: int) -> Iterator[OutgoingMessage]:
    """What it sends, first under each id that it can compute from these workflows' ids."""
    for guess in _guesses(queue, workflows):
        yield _message(guess, _plan(dice, queue, f"{NAME}-{guess[:6]}", size=1))
    for number in range(count):
        workflow = f"{NAME}-{dice.getrandbits(60):x}-{number}"
        yield _message(workflow, _body(dice, queue, workflow), dice)


def forged(dice: random.Random, queue: str, message_id: str) -> OutgoingMessage:
    """Something under the id of a workflow."""
    return _message(message_id, _plan(dice, queue, f"{NAME}-{message_id}", size=1))


def _guesses(queue: str, workflows: list[str]) -> Iterator[str]:
    """Ids of messages that will follow from a workflow, and of those that will follow from these."""
    for workflow in workflows:
        for slot in range(2):
            yield hashlib.blake2b(f"{workflow}\n{slot}".encode(), digest_size=16).hexdigest()
        for seed in _SEEDS:
            cause = identity.Identity(workflow, seed)
            for _ in range(3):
                cause = identity.derived(cause.seed, queue, cause.id, 0)
                yield cause.id
        for number in range(1, 4):
            yield identity.derived(_SEEDS[0], queue, f"{number}\n{workflow}", identity.REPLAY).id


def _body(dice: random.Random, queue: str, workflow: str) -> bytes:
    body = _plan(dice, queue, workflow, size=dice.choice([1, 2, 5, 10]))
    match dice.randrange(8):
        case 0:
            return body[: dice.randrange(len(body))]
        case 1:
            return dice.randbytes(dice.randrange(60))
        case 2:
            at = dice.randrange(len(body))
            return body[:at] + dice.choice([b"0", b"9", b"-", b'"', b"\n", b"[", b"}"]) + body[at + 1 :]
        case _:
            return body


def _plan(dice: random.Random, queue: str, workflow: str, *, size: int) -> bytes:
    header: dict[str, Any] = {
        "boilermaker": 1, "workflow": workflow, "seed": dice.choice(_SEEDS), "at": 0, "lines": [[0, size - 1]],
        "queues": [dice.choice([queue, queue, "elsewhere"])],
        "policies": [{"max_tries": MOST_TRIES, "delay": 0, "delay_max": 0, "retry_mode": "Fixed"}],
    }  # fmt: skip
    if dice.random() < 0.2:
        header["digests"] = {queue: {TASK: dice.choice(["d" * 16, "d" * 40_000, "d" * 15 + "\n"])}}
    if dice.random() < 0.2:
        header |= {"fork": True, "failure": {"task": TASK, "reason": "TaskFailed", "description": "d"}}
    return "\n".join(
        json.dumps(part) for part in (header, *(_line(dice, number, size) for number in range(size)))
    ).encode()


def _line(dice: random.Random, number: int, size: int) -> dict[str, Any]:
    line: dict[str, Any] = {
        "task": dice.choice([TASK, TASK, TASK, "no such task"]),
        "payload": {"ends": dice.choice(["well", "fail", "raise", "nonsense", None])},
        "then": number + 1 if number + 1 < size and dice.random() < 0.5 else None,
        "otherwise": list(range(number + 1, size)),
    }
    if dice.random() < 0.2:
        line["should_dead_letter"] = False
    if dice.random() < 0.1:
        line["acks_late"] = False
    return line


def _message(message_id: str, body: bytes, dice: random.Random | None = None) -> OutgoingMessage:
    parent = f"00-{'a' * 32}-{'b' * 16}-01"
    trace = [{}, {}, {"traceparent": "x" * 30_000}, {"traceparent": parent, "tracestate": "y" * 30_000}]
    return OutgoingMessage(
        body=body,
        message_id=message_id,
        correlation_id=NAME,
        subject=TASK,
        properties={} if dice is None or not body else dice.choice(trace),
    )
