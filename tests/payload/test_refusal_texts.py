"""What is said of a value that does not fit holds no value: in dead letters, in `FailureInfo`, in logs, in exceptions."""

import enum
import io
import json
import logging
from typing import Any, Literal

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from boilermaker import Boilermaker, InMemoryServiceBus, Limits, retries
from boilermaker import payload as payloads
from boilermaker.cli import logs
from boilermaker.errors import InvalidArgumentsError
from boilermaker.failure import FailureInfo
from boilermaker.transport.port import OutgoingMessage
from boilermaker.worker.loop import Pace
from payload.drawn_types import First, Level, RowOne, RowTwo, Second, types

WORD, NUMBER = "Zq7xCanary", 990017
MARKS = (WORD, str(NUMBER))
ENUM = "expected one of the enum's or Literal's values"


class Plain(enum.Enum):
    ONE = 1


def _worker(type_: Any, bus: InMemoryServiceBus) -> Boilermaker[list[FailureInfo]]:
    async def take(state, value) -> None: ...

    async def told(state: list[FailureInfo], cause: FailureInfo) -> None:
        state.append(cause)

    take.__annotations__ = {"value": type_, "return": None}
    worker: Boilermaker[list[FailureInfo]] = Boilermaker([], bus, limits=Limits(put_off_seconds=()))
    return worker.register_many_async([take, told], policy=retries.NoRetry())


async def _texts_of(type_: Any, value: bytes) -> list[str]:
    """All that leaves a worker of a message whose payload has this value."""
    bus = InMemoryServiceBus()
    worker = _worker(type_, bus)
    lines = io.StringIO()
    handler = logging.StreamHandler(lines)
    handler.setFormatter(_formatter())
    log = logging.getLogger("boilermaker.app")
    log.addHandler(handler)
    log.setLevel(logging.INFO)
    try:
        sender = bus.sender("tasks")
        header = {
            "boilermaker": 1,
            "workflow": "w",
            "seed": "0" * 32,
            "at": 0,
            "lines": [[0, 1]],
            "queues": ["tasks"],
            "otherwise": [1],
        }
        take = b'{"task":"take","payload":{"value":' + value + b'},"then":null}'
        told = b'{"task":"told","payload":{},"refs":{"cause":"failure"},"then":null,"otherwise":[]}'
        await sender.send(
            OutgoingMessage(body=b"\n".join([json.dumps(header).encode(), take, told]), message_id="m")
        )
        while bus.messages("tasks"):
            await worker._new_loop(Pace(concurrency=1)).drain()
    finally:
        log.removeHandler(handler)
        log.setLevel(logging.NOTSET)
    letters = [f"{m.dead_letter_reason}: {m.dead_letter_description}" for m in bus.dead_letters("tasks")]
    assert sum(text.startswith("InvalidPayload") for text in letters) == len(worker.state)
    return [
        *letters,
        *(msgspec.json.encode(info).decode() for info in worker.state),
        *lines.getvalue().splitlines(),
    ]


def _formatter() -> logging.Formatter:
    """As `boilermaker worker` logs."""
    root, before, level = logging.getLogger(), logging.getLogger().handlers[:], logging.getLogger().level
    logs.configure("json", "info", io.StringIO())
    formatter = root.handlers[0].formatter
    root.handlers[:] = before
    root.setLevel(level)
    assert formatter is not None
    return formatter


@pytest.mark.parametrize(
    ("type_", "value", "said"),
    [
        (Literal[1, 2], b"990017", "value: expected one of 1, 2"),
        (Literal[1, 2], b"-990017", "value: expected one of 1, 2"),
        ((Literal["a", 1] | None), b"990017", "value: expected one of 1, 'a'"),
        (Level, b"990017", "value: expected one of 1, 2"),
        (Plain, b"990017", "value: expected one of 1"),
        (Level | None, b"990017", "value: expected one of 1, 2"),
        (list[Level], b"[1,990017]", "value[1]: expected one of 1, 2"),
        (dict[Level, int], b'{"990017":1}', f"value: {ENUM}"),
        (dict[str, Level], b'{"Zq7xCanary":990017}', "value[...]: expected one of 1, 2"),
        (First | Second, b'{"type":990017}', "value.type: invalid value"),
        (First | Second, b'{"type":-990017}', "value.type: invalid value"),
        (First | Second, b'{"type":18446744073709551615}', "value.type: invalid value"),
        (RowOne | RowTwo, b"[990017]", "value[0]: invalid value"),
    ],
)  # fmt: skip
async def test_a_number_that_is_refused_is_not_quoted(type_: Any, value: bytes, said: str) -> None:
    """The same words as for a text."""
    texts = await _texts_of(type_, value)

    assert texts[0] == f"InvalidPayload: {said}"
    assert [] == _leaks(texts)


def test_a_result_that_is_refused_is_not_quoted() -> None:
    """It is sealed in the worker, and told by `InvalidResult`."""
    with pytest.raises(payloads.UnfitValue, match="expected one of 1, 2") as refused:
        payloads.seal(NUMBER, Level)
    assert [] == _leaks([str(refused.value)])


def test_an_argument_that_is_refused_is_not_quoted() -> None:
    """The producer's exception stands in its own logs."""
    worker = _worker(Level, InMemoryServiceBus())
    take = worker.registry.get("take")
    assert take is not None

    with pytest.raises(InvalidArgumentsError, match="expected one of 1, 2") as refused:
        worker.create_task(take.signature.function, NUMBER)
    assert [] == _leaks([str(refused.value)])


_LEAVES = st.sampled_from([WORD, NUMBER, -NUMBER, NUMBER + 0.5, NUMBER * 10**30, f"{WORD}\ud800", None, True])
_KEYS = st.sampled_from([WORD, str(NUMBER), f"{WORD}`", "type", "x", "level", "value", "someLevel", "held"])
_WRONG = st.recursive(
    _LEAVES,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_KEYS, inner, max_size=3),
    max_leaves=6,
)


@given(data=st.data())
async def test_no_text_holds_a_value_whatever_its_type(data: st.DataObject) -> None:
    """A drawn type, and JSON full of marks that does not fit it."""
    type_ = data.draw(types(), label="type")
    for value in data.draw(st.lists(_WRONG, min_size=1, max_size=4), label="values"):
        texts = await _texts_of(type_, json.dumps(value).encode())
        assert [] == _leaks(texts)


def _leaks(texts: list[str]) -> list[str]:
    return [text for text in texts if any(mark in text for mark in MARKS)]


async def test_a_text_that_quotes_would_be_found(monkeypatch: pytest.MonkeyPatch) -> None:
    """As msgspec words it."""
    monkeypatch.setattr("boilermaker.payload.unfit._expectation", lambda error, text: text)

    assert _leaks(await _texts_of(Level, b"990017"))
    assert _leaks(await _texts_of(First | Second, b'{"type":990017}'))
