"""Bodies that people with bad intentions write, and thousands that chance does: each is read, or refused in our own words."""

import json
import random
from typing import Any

import pytest

from boilermaker.errors import EnvelopeError
from fuzz.probe import CANARY, Arguments, LeakError, SlowError, probe
from fuzz.seeds import SEEDS, body, legacy

DRAWN = 4000


@pytest.mark.parametrize("seed", SEEDS)
def test_what_is_in_order_is_read(seed: bytes) -> None:
    """Otherwise nothing else here would mean much."""
    assert probe(seed) == "read"


@pytest.mark.parametrize(
    "payload",
    [
        '{"money": "1E+999999"}',
        '{"money": "1E-999999"}',
        '{"money": "1E+999999999999999999"}',
        '{"money": "' + "9" * 200_000 + '"}',
        '{"money": ' + "9" * 200_000 + "}",
        '{"number": ' + "9" * 200_000 + "}",
        '{"number": 1e308}',
        '{"real": 1e999}',
        '{"real": NaN}',
        '{"real": Infinity}',
        '{"text": "\\ud800"}',
        '{"text": "' + CANARY * 1000 + '"}',
        '{"text": "CANARY!"}',
        '{"colour": "CANARY"}',
        '{"word": "CANARY"}',
        '{"when": "CANARY"}',
        '{"lasts": "P99999999999999999999D"}',
        '{"key": "CANARY"}',
        '{"number": "CANARY"}',
        '{"data": "CANARY"}',
        '{"tree": {"text": {"CANARY": 1}}}',
        '{"anything": {"a": ' + "[" * 100_000 + "]" * 100_000 + "}}",
        '{"anything": ' + '{"a":' * 50_000 + "1" + "}" * 50_000 + "}",
        '{"tree": ' + '{"children":[' * 20_000 + "]}" * 20_000 + "}",
        '["CANARY"]',
        '"CANARY"',
        "null",
    ],
    ids=lambda payload: payload[:30],
)  # fmt: skip
def test_a_hostile_payload_is_refused_at_once_and_without_its_values(payload: str) -> None:
    """Digits, exponents, depth, texts that no UTF-8 has, values that msgspec would quote."""
    assert probe(body(payload.replace("CANARY", CANARY))) in {"UnfitValue", "EnvelopeError"}


def test_each_of_two_members_of_one_name_has_to_fit() -> None:
    """The last one counts; the others are no way around the check."""
    assert probe(body('{"number": 2, "number": 1}')) == "read"
    assert probe(body('{"number": "x", "number": 1}')) == "UnfitValue"
    assert probe(body('{"number": 1, "number": "x"}')) == "UnfitValue"


@pytest.mark.parametrize(
    ("header", "line"),
    [
        ({"at": 1}, {}),
        ({"lines": [[0, 10**9]]}, {}),
        ({"lines": [[0, 2], [1, 2]]}, {}),
        ({"lines": [[-1, 2]]}, {}),
        ({"lines": []}, {}),
        ({"queues": []}, {}),
        ({"queues": ["\u202e" * 10]}, {}),
        ({"queues": ["x" * 10_000]}, {}),
        ({"workflow": CANARY * 100}, {}),
        ({"workflow": "w\u0000"}, {}),
        ({"seed": "5EED" * 8}, {}),
        ({"seed": "5eed" * 8 + "\n"}, {}),
        ({"seed": CANARY}, {}),
        ({"seed": None}, {}),
        ({"lines": [[0, 0], [1, 1], [2, 2]]}, {}),
        ({"digests": {"jobs": {"first": "d" * 17}}}, {}),
        ({"digests": {"jobs": {"first": "D" * 16}}}, {}),
        ({"digests": {"jobs": {"first": "d" * 15 + "\n"}}}, {}),
        ({"digests": {"jobs": {"x" * 129: "d" * 16}}}, {}),
        ({"digests": {"x" * 261: {}}}, {}),
        ({"queues": [""]}, {}),
        ({"policies": [None] * 10_001}, {}),
        ({"otherwise": list(range(1, 102))}, {}),
        ({"otherwise": [2, 1]}, {}),
        ({"failure": {"task": "first", "reason": "r", "description": "d" * 4097}}, {}),
        ({"failure": {"task": "first", "reason": "r", "description": "d", "message_id": "m" * 4097}}, {}),
        ({"attempt": 0}, {}),
        ({"put_off": 10**6}, {}),
        ({"kept": {"5": [1, 2]}}, {}),
        ({"fork": True}, {}),
        ({}, {"then": 0}),
        ({}, {"then": -1}),
        ({}, {"then": 10**6}),
        ({}, {"then": 1.5}),
        ({}, {"otherwise": [0]}),
        ({}, {"otherwise": [2, 1, 2]}),
        ({}, {"otherwise": [2, 1]}),
        ({}, {"refs": {f"text{number}": "failure" for number in range(101)}}),
        ({}, {"otherwise": [10**30]}),
        ({}, {"otherwise": [2] * 100_000}),
        ({"lines": [[0, 200]]}, {"otherwise": list(range(1, 150))}),
        ({}, {"queue": 7}),
        ({}, {"policy": 7}),
        ({}, {"delay": -1}),
        ({}, {"delay": 1e300}),
        ({}, {"refs": {"text": 0}}),
        ({}, {"refs": {"text": "0??"}}),
        ({}, {"refs": {"text": "\uff19"}}),
        ({}, {"refs": {"text": -5}}),
        ({}, {"task": ""}),
        ({}, {"task": "x" * 10_000}),
        ({}, {"task": "a\nb"}),
        ({}, {"keep": 0}),
        ({}, {"args": -1}),
    ],
    ids=repr,
)  # fmt: skip
def test_a_plan_that_loops_points_outside_or_counts_wrong_is_refused(
    header: dict[str, Any], line: dict[str, Any]
) -> None:
    """A workflow goes forward, within its lines, to queues that it names."""
    assert probe(body(header=header, line=line)) == "EnvelopeError"


def test_callbacks_of_1x_in_callbacks_are_bounded() -> None:
    """By depth and by number; 1.x itself reads 200."""
    deep = inner = json.loads(legacy())
    for _ in range(450):
        inner["on_success"] = json.loads(legacy())
        inner = inner["on_success"]
    assert probe(json.dumps(deep).encode()) == "EnvelopeError"
    assert probe(legacy(attempts={"attempts": -(10**9)})) == "EnvelopeError"
    assert probe(legacy(graph_id=CANARY)) == "EnvelopeError"


@pytest.mark.parametrize("part", range(4))
def test_what_chance_writes_is_read_or_refused(part: int) -> None:
    """Seeds with bytes changed, lost, doubled, and put together; `make fuzz` does it guided by coverage."""
    draw = random.Random(part)
    came = {probe(_mutated(draw)) for _ in range(DRAWN // 4)}
    assert {"read", "EnvelopeError", "UnfitValue"} <= came


def _mutated(draw: random.Random) -> bytes:
    data = bytearray(draw.choice(SEEDS))
    for _ in range(draw.choice([1, 1, 2, 4])):
        at = draw.randrange(len(data))
        match draw.randrange(6):
            case 0:
                data[at] = draw.randrange(256)
            case 1:
                del data[at : at + draw.choice([1, 1, 5, 50])]
            case 2:
                data[at:at] = data[draw.randrange(len(data)) :][: draw.choice([1, 10, 100])]
            case 3:
                data[at:at] = draw.choice(_TOKENS)
            case 4:
                data = bytearray(_digits_changed(draw, bytes(data)))
            case _:
                other = draw.choice(SEEDS)
                data[at:] = other[draw.randrange(len(other)) :]
        data = data or bytearray(b"{")
    return bytes(data)


def _digits_changed(draw: random.Random, data: bytes) -> bytes:
    digits = [index for index, byte in enumerate(data) if 48 <= byte <= 57]
    at = draw.choice(digits) if digits else 0
    return data[:at] + draw.choice([b"-1", b"1e999", b"9" * 400, b"0.5", b"null"]) + data[at + 1 :]


_TOKENS = (
    b"\n",
    b"{",
    b"}",
    b"[",
    b"]",
    b",",
    b'"',
    b"\\ud800",
    b"\xff",
    b"NaN",
    b"1e999",
    b'"then":0,',
    b'"fork":true,',
)


# ---- the probe can tell ------------------------------------------------------------------------------------


def test_a_value_in_a_refusal_would_be_found(monkeypatch: pytest.MonkeyPatch) -> None:
    """As msgspec words it."""

    def quoting(body: bytes, queue: str) -> None:
        raise EnvelopeError(f"Invalid enum value '{CANARY}'")

    monkeypatch.setattr("boilermaker.envelope.legacy.read", quoting)
    with pytest.raises(LeakError):
        probe(body())


def test_time_that_a_value_takes_would_be_found(monkeypatch: pytest.MonkeyPatch) -> None:
    """A limit that is gone."""
    monkeypatch.setattr("boilermaker.payload.finite.MAX_DIGITS", 10**9)
    monkeypatch.setattr("fuzz.probe.LONGEST_SECONDS", 0.01)
    with pytest.raises(SlowError):
        probe(body('{"money": "1E+50000"}'))


def test_every_field_of_the_seeds_is_read() -> None:
    """A field that no seed has is not fuzzed."""
    assert set(Arguments.__struct_fields__) == set(json.loads(SEEDS[0].split(b"\n")[1])["payload"])
