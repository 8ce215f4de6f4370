"""Reading a message takes work in proportion to its length, whatever a stranger has written. Work is counted, not timed."""

import datetime as dt
import json
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime
from types import FrameType
from typing import Any

import msgspec
import pytest

from boilermaker import payload
from boilermaker.envelope import codec, identity, legacy
from boilermaker.envelope.lines import Lines
from boilermaker.errors import EnvelopeError
from boilermaker.tasks.options import Limits
from boilermaker.worker.decide import Circumstances, decide
from boilermaker.worker.outcome import Failed, Forked, Outcome, RetryAsked, Succeeded

NOW = dt.datetime(2026, 1, 2, tzinfo=dt.UTC)
QUEUES = frozenset({"jobs"})
NOW = datetime(2026, 1, 1, tzinfo=UTC)
FAILURE = {"task": "t", "reason": "TaskFailed", "description": "d"}
Message = Callable[[int], bytes]


class Arguments(payload.Payload, frozen=True, kw_only=True):
    """Takes what the messages refer to."""

    p0: Any = None


def work(do: Callable[[], object]) -> int:
    """How many bytecodes of ours run.

    The second run is counted: since 3.12, Python sends the events of a code object in full only once it has been traced.
    """
    count = 0

    def trace(frame: FrameType, event: str, _: object) -> Any:
        nonlocal count
        frame.f_trace_opcodes = True
        frame.f_trace_lines = False
        count += event == "opcode"
        return trace

    before = sys.gettrace()
    sys.settrace(trace)
    try:
        do()
        count = 0
        do()
    finally:
        sys.settrace(before)
    return count


def handle(body: bytes) -> None:
    """All that a worker does with a message beside running its handler, for each way in which that may end."""
    envelope = legacy.read(body, "jobs")
    step = envelope.current
    if step.then is not None:
        _ = envelope.steps[step.then]
    codec.fingerprint(envelope)
    codec.results_for(envelope, step)
    around = Circumstances(
        queue="jobs", registration=None, limits=Limits(), queues=QUEUES, message_id="m", jitter=0, now=NOW
    )
    outcomes: tuple[Outcome, ...] = (
        Succeeded(result=msgspec.Raw(b"1")),
        RetryAsked(description="again"),
        Failed(reason="TaskFailed", description="for good"),
        Forked(),
    )
    for outcome in outcomes:
        for following in decide(envelope, outcome, around).publish:
            codec.advance(envelope, following, identity.derived(envelope.header.seed, "jobs", "m", 0).seed)
    codec.restart(envelope, identity.Identity("again", envelope.header.seed))


def refused(body: bytes) -> None:
    """The same for one that is no envelope."""
    with pytest.raises(EnvelopeError):
        handle(body)


def message(steps: list[dict[str, Any]], **header: Any) -> bytes:
    """An envelope of these steps."""
    head: dict[str, Any] = {
        "boilermaker": 1, "workflow": "w", "seed": "5eed" * 8, "at": 0, "lines": [[0, len(steps) - 1]],
        "queues": ["jobs"], "failure": FAILURE,
    }  # fmt: skip
    whole = [{"task": "t", "payload": {}, **step} for step in steps]
    return "\n".join(map(json.dumps, (head | header, *whole))).encode()


def _chain(count: int, *, last: int | None = None) -> list[dict[str, Any]]:
    """Steps that lead to the next, the last one to `last`."""
    return [*({} for _ in range(count - 1)), {"then": last}]


def steps(count: int) -> bytes:
    """A chain whose steps have the usual handlers."""
    return message(
        [*_chain(count), {"then": None, "otherwise": []}, {"then": None, "otherwise": []}],
        otherwise=[count, count + 1],
    )


def steps_behind_handlers(count: int) -> bytes:
    """All that lies ahead lies behind each of two handlers."""
    return message([{"then": None, "otherwise": [1, 2]}, {"then": 3}, *_chain(count)])


def handlers(count: int) -> bytes:
    """So many of a step; each leads to the same hundred steps."""
    numbers = list(range(1, count + 1))
    return message(
        [{"then": None, "otherwise": numbers}, *({"then": count + 1} for _ in numbers), *_chain(100)]
    )


def usual_handlers(count: int) -> bytes:
    """So many, shared by a hundred steps, all of which can be reached by failures too."""
    ahead = [{}] * 100
    return message(
        [{"otherwise": [1, 2]}, *ahead, *({"then": None, "otherwise": []} for _ in range(count))],
        otherwise=list(range(101, 101 + count)),
    )


def ranges(count: int) -> bytes:
    """Every second step is left."""
    body = message(
        [
            {"otherwise": [2, 4]},
            *({"then": 2 * number + 2} for number in range(1, count - 1)),
            {"then": None},
        ],
        lines=[[2 * number, 2 * number] for number in range(count)],
    )
    return body.replace(
        b'{"task": "t", "payload": {}, "otherwise": [2, 4]}',
        b'{"task": "t", "payload": {}, "then": 2, "otherwise": [2, 4]}',
    )


def edges(count: int) -> bytes:
    """Ten callbacks of each step, to the next ten."""
    return message(
        [{"then": None, "otherwise": [1]}]
        + [{"then": number + 1, "otherwise": [min(number + 5, count - 1)]} for number in range(1, count - 5)]
        + _chain(5)
    )


def kept(count: int) -> bytes:
    """Results of steps before."""
    body = message(
        [{"otherwise": [count + 1]}, {"then": None}],
        kept={str(number): [count + 1, number] for number in range(count)},
    )
    return _moved(body, count)


def _moved(body: bytes, by: int) -> bytes:
    """The same two steps under higher numbers."""
    return body.replace(b'"at": 0, "lines": [[0, 1]]', f'"at": {by}, "lines": [[{by}, {by + 1}]]'.encode())


def digests(count: int) -> bytes:
    """Of tasks that are in no line."""
    return message(_chain(2), digests={"jobs": {f"t{number}": "d" * 16 for number in range(count)}})


def queues_of_digests(count: int) -> bytes:
    """Of queues that are in no line."""
    return message(_chain(2), digests={f"q{number}": {"t": "d" * 16} for number in range(count)})


def queues(count: int) -> bytes:
    """Named and not used, but for the last."""
    return message(
        [{"queue": count}, {"queue": count, "then": None}], queues=[*(f"q{n}" for n in range(count)), "jobs"]
    )


def policies(count: int) -> bytes:
    """Named and not used, but for the last."""
    return message(
        [{"policy": count - 1}, {"then": None}],
        policies=[{"max_tries": 1 + number} for number in range(count)],
    )


def refs(count: int) -> bytes:
    """To one result, and to the failure."""
    members = {f"p{number}": "failure" if number % 2 else 0 for number in range(count // 4)}
    body = message([{"refs": members}, {"then": None}], kept={"0": [2, 7]})
    return _moved(body, 1)


def steps_and_usual_handlers(count: int) -> bytes:
    """More of both at once: a hundred shared handlers of four hundred steps, which are checked and added up once."""
    return message(
        [
            {"otherwise": [1, 2]},
            *([{}] * count),
            *({"then": None, "otherwise": []} for _ in range(count // 4)),
        ],
        otherwise=list(range(count + 1, count + 1 + count // 4)),
    )


def missing_lines(count: int) -> bytes:
    """Announced on a later hop, and not there; the last line that is there is long."""
    lines: list[dict[str, Any]] = [{"then": None, "otherwise": [2, 3]}]
    lines += [{"then": number + 1, "otherwise": [count + number]} for number in range(2, count)]
    lines += [{"then": None, "payload": {"x": "y" * count}}]
    body = message(lines)
    return body.replace(
        f'"at": 0, "lines": [[0, {count - 1}]]'.encode(), f'"at": 1, "lines": [[1, {2 * count}]]'.encode()
    )


def a_long_task(count: int) -> bytes:
    """Name, payload, and texts of the failure."""
    return message(
        [{"task": "t" * count, "payload": {"x": "y" * count}}, {"then": None}],
        failure=FAILURE | {"description": "d" * count},
    )


def nested(count: int) -> bytes:
    """A message of 1.x whose callbacks are in each other."""
    return _legacy(min(count, 396), "on_success")


def failing(count: int) -> bytes:
    """The same after failures."""
    return _legacy(min(count, 396), "on_failure")


def _legacy(depth: int, callback: str) -> bytes:
    whole = None
    for number in range(depth):
        whole = {
            "function_name": "t", "attempts": {"attempts": 0}, "payload": {"args": [], "kwargs": {}},
            "policy": {"max_tries": 1 + number, "delay": 1, "delay_max": 9, "retry_mode": 1}, callback: whole,
        }  # fmt: skip
    return json.dumps(whole).encode()


READ: list[Message] = [
    steps, steps_behind_handlers, handlers, usual_handlers, ranges, edges, kept, digests, queues_of_digests, queues, policies,
    refs, nested, failing, steps_and_usual_handlers, missing_lines,
]  # fmt: skip
REFUSED: list[Message] = [a_long_task]


CASES = [(make, handle) for make in READ] + [(make, refused) for make in REFUSED]


@pytest.mark.parametrize(("make", "do"), CASES)
def test_twice_the_input_takes_at_most_two_and_a_half_times_the_work(
    make: Message, do: Callable[[bytes], None]
) -> None:
    """Whatever there is more of. Largest sizes are at the bounds of what is read, where there is one."""
    largest = {handlers: 96, usual_handlers: 96, nested: 396, failing: 396}.get(make, 400)
    few, many = make(largest // 2), make(largest)
    do(many)  # what is done once for all messages, such as compiling a pattern, is done
    some, more = work(lambda: do(few)), work(lambda: do(many))
    assert len(many) <= 2.1 * len(few) + 500
    assert more <= 2.5 * some, f"{some:,} bytecodes for {len(few):,} bytes, {more:,} for {len(many):,}"


def ranges_looked_through(self: Lines, number: int) -> int | None:
    """What each lookup did."""
    before = 0
    for first, last in self._header.lines:
        if first <= number <= last:
            return before + number - first
        before += last - first + 1
    return None


def usual_handlers_checked_each_time(self: Lines, number: int) -> None:
    """What each step did."""
    if fault := self._fault(self.usual, number):
        raise EnvelopeError(fault)


def starts_forgotten(self: Lines, number: int) -> tuple[int, int]:
    """What each line did."""
    self._starts = [0]
    return _SPAN(self, number)


_SPAN = Lines._span


@pytest.mark.parametrize(
    ("part", "sabotage", "make"),
    [
        ("_index", ranges_looked_through, ranges),
        ("_check_usual", usual_handlers_checked_each_time, steps_and_usual_handlers),
        ("_span", starts_forgotten, steps_behind_handlers),
    ],
)
def test_work_that_grows_with_the_square_is_seen(
    monkeypatch: pytest.MonkeyPatch, part: str, sabotage: Any, make: Message
) -> None:
    """The faults that the measure is for."""
    monkeypatch.setattr(Lines, part, sabotage)
    some, more = work(lambda: handle(make(200))), work(lambda: handle(make(400)))
    assert more > 2.5 * some


def test_kept_results_under_numbers_of_one_hash_are_refused_at_once() -> None:
    """Work in C, which `work` does not count: 40,000 keys of one hash took twelve seconds to be inserted."""
    body = message([{"then": None}], kept={str(sys.hash_info.modulus * n): [1, 1] for n in range(1, 40_000)})
    started = time.perf_counter()
    refused(body)
    assert time.perf_counter() - started < 2
