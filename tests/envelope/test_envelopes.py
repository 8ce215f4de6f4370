"""Envelopes: what is encoded comes back, hops keep it, and garbage is an `EnvelopeError` and nothing else."""

import logging
import random
from collections.abc import Sequence
from datetime import UTC

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from boilermaker import Boilermaker, InMemoryServiceBus, retries
from boilermaker.envelope import Next, Step, codec
from boilermaker.envelope.codec import Envelope
from boilermaker.errors import EnvelopeError
from boilermaker.transport.port import OutgoingMessage
from boilermaker.workflow.plan import Plan, PlanStep, Resolved, StepRef

SEED = "5eed" * 8


class Arguments(msgspec.Struct, frozen=True):
    """Any payload."""

    text: str


POLICIES = st.none() | st.builds(
    retries.RetryPolicy,
    st.integers(1, 9),
    st.floats(0, 99),
    st.floats(0, 99),
    st.sampled_from(retries.RetryMode),
)


MOMENTS = st.datetimes(timezones=st.just(UTC))


@st.composite
def plans(draw: st.DrawFn) -> Plan:
    """Any steps, with edges forward and references back."""
    count = draw(st.integers(1, 12))
    return tuple(_step(draw, number, count) for number in range(count))


def _step(draw: st.DrawFn, number: int, count: int) -> PlanStep:
    ahead = list(range(number + 1, count))
    sources = st.builds(StepRef, st.integers(0, number - 1), st.booleans()) if number else st.nothing()
    resolved = st.builds(
        Resolved,
        name=st.text(st.characters(exclude_categories=["C", "Z"]), min_size=1, max_size=9),
        queue=st.sampled_from(["tasks", "mails"]),
        policy=POLICIES,
        digest=st.none(),
    )
    return PlanStep(
        resolved=draw(resolved),
        payload=Arguments(draw(st.text(st.characters(exclude_categories=["Cs"])))),
        args=draw(st.none() | st.integers(0, 3)),
        refs=draw(st.dictionaries(st.sampled_from("abc"), sources | st.just(StepRef(None)), max_size=3)),
        then=draw(st.sampled_from([None, *ahead])),
        otherwise=tuple(sorted(draw(st.sets(st.sampled_from(ahead), max_size=3)))) if ahead else (),
        keep=draw(st.sampled_from([None, *ahead])),
        delay=draw(st.none() | st.floats(0, 9)),
        not_before=draw(st.none() | MOMENTS),
        timeout=draw(st.none() | st.floats(0.001, 9)),
        expires=draw(st.none() | MOMENTS),
        should_dead_letter=draw(st.none() | st.booleans()),
        acks_late=draw(st.none() | st.booleans()),
    )


def _expected(number: int, plan: Plan, at: int) -> Step:
    step = plan[number]
    keep = step.keep
    if step.then is not None and any(ref.step == number for ref in plan[step.then].refs.values()):
        keep = (
            {None: step.then, step.then: step.then}.get(keep, keep)
            if number == at
            else None
            if keep == step.then
            else keep
        )
    return Step(
        number=number,
        task=step.resolved.name,
        payload=msgspec.Raw(msgspec.json.encode(step.payload)),
        args=step.args,
        refs=dict(step.refs),
        queue=step.resolved.queue,
        policy=step.resolved.policy,
        then=step.then,
        otherwise=step.otherwise,
        keep=keep,
        delay=step.delay,
        not_before=step.not_before,
        timeout=step.timeout,
        expires=None if isinstance(step.expires, float) else step.expires,
        should_dead_letter=step.should_dead_letter,
        acks_late=step.acks_late,
        digest=None,
    )


def _numbers(envelope: Envelope) -> list[int]:
    return [number for first, last in envelope.header.lines for number in range(first, last + 1)]


def _reachable(plan: Sequence[PlanStep], start: int) -> set[int]:
    step = plan[start]
    ahead = [*step.otherwise, *([] if step.then is None else [step.then])]
    return {start}.union(*(_reachable(plan, number) for number in ahead))


@given(plans())
def test_what_is_encoded_comes_back(plan: Plan) -> None:
    """Every step with every edge, whatever stands in the header once for all."""
    envelope = codec.decode(codec.encode(plan, "w", SEED))

    assert [_expected(n, plan, 0) for n in range(len(plan))] == [envelope.steps[n] for n in range(len(plan))]


@given(plans(), st.data())
def test_any_road_of_hops_keeps_every_step_that_can_still_run(plan: Plan, data: st.DataObject) -> None:
    """Steps keep their numbers for life, and nothing about them changes on the way."""
    envelope = codec.decode(codec.encode(plan, "w", SEED))
    while True:
        current = envelope.current
        ahead = [*current.otherwise, *([] if current.then is None else [current.then])]
        if not ahead:
            break
        to = data.draw(st.sampled_from(ahead))
        step = envelope.steps[to]
        envelope = codec.decode(
            codec.advance(envelope, Next(slot=0, to=to, task=step.task, queue=step.queue), SEED)
        )
        assert to == envelope.current.number
        assert _reachable(plan, to) <= set(_numbers(envelope))
        for number in _reachable(plan, to):
            assert _expected(number, plan, to) == envelope.steps[number]


@given(plans())
def test_a_result_is_kept_until_the_last_step_that_refers_to_it(plan: Plan) -> None:
    """It is dropped from the envelope behind that step."""
    envelope = codec.decode(codec.encode(plan, "w", SEED))
    current = envelope.current
    if current.then is None or current.keep is None:
        return
    step = envelope.steps[current.then]
    next_ = Next(slot=0, to=step.number, task=step.task, queue=step.queue, result=msgspec.Raw(b"42"))
    after = codec.decode(codec.advance(envelope, next_, SEED))

    assert b"42" == bytes(after.header.kept[0].value)
    assert current.keep == after.header.kept[0].until


# ---- garbage --------------------------------------------------------------------------------------------


def _valid() -> bytes:
    steps = [
        PlanStep(
            resolved=Resolved(name="note", queue="tasks"),
            payload=Arguments("x"),
            then=number + 1 if number < 3 else None,
            keep=3 if number == 0 else None,
            refs={"text": StepRef(0)} if number == 3 else {},
        )
        for number in range(4)
    ]
    return codec.encode(tuple(steps), "w", SEED)


def _garbage(count: int) -> list[bytes]:
    """The same bodies each time: random bytes, and a valid body cut, flipped and with numbers changed."""
    draw = random.Random(7)
    valid = _valid()
    bodies: list[bytes] = []
    for number in range(count):
        body = bytearray(valid)
        if number % 4 == 0:
            body = bytearray(draw.randbytes(draw.randrange(200)))
        elif number % 4 == 1:
            body = body[: draw.randrange(len(body))]
        for _ in range(draw.randrange(1, 6)):
            if body:
                body[draw.randrange(len(body))] = (
                    draw.choice(b'0123456789-{}[]",:\n \xff') if number % 2 else draw.randrange(256)
                )
        bodies.append(bytes(body))
    return bodies


def test_garbage_is_an_envelope_error_and_nothing_else() -> None:
    """Whatever the bytes: a step, or `EnvelopeError`."""
    refused = 0
    for body in _garbage(5_000):
        try:
            envelope = codec.decode(body)
            for number in _numbers(envelope):
                _ = envelope.steps[number]
        except EnvelopeError:
            refused += 1

    assert 3_000 < refused


@pytest.mark.parametrize(
    "header",
    [
        {"lines": [[0, 10**30]]},
        {"lines": [[0, 9_998]]},
        {"lines": [[1, 0]]},
        {"at": -1, "lines": [[-1, -1]]},
        {"attempt": 0},
        {"seed": "5eed"},
        {"lines": [[0, 0], [1, 1]]},
        {"put_off": 10**9},
        {"queues": []},
        {"kept": {"5": [9, 1]}},
        {"workflow": "w" * 129},
        {"policies": [{"max_tries": 0}]},
    ],
)
def test_a_header_out_of_range_is_refused(header: dict[str, object]) -> None:
    """Numbers in range, and as many lines as it says."""
    good: dict[str, object] = {
        "boilermaker": 1, "workflow": "w", "seed": SEED, "at": 0, "lines": [[0, 0]], "queues": ["tasks"],
    }  # fmt: skip
    line = b'\n{"task":"note","payload":{},"then":null}'
    assert "note" == codec.decode(msgspec.json.encode(good) + line).current.task
    with pytest.raises(EnvelopeError):
        _ = codec.decode(msgspec.json.encode(good | header) + line).current


@pytest.mark.parametrize("args", [-1, 10_001, 10**4000])
def test_a_number_of_arguments_out_of_range_is_refused(args: int) -> None:
    """A huge one stood in the dead letter's description."""
    header = {
        "boilermaker": 1, "workflow": "w", "seed": SEED, "at": 0, "lines": [[0, 0]], "queues": ["tasks"]
    }  # fmt: skip
    line = {"task": "note", "args": args, "then": None}
    with pytest.raises(EnvelopeError, match="step 0 has a number of arguments out of range"):
        _ = codec.decode(b"\n".join(map(msgspec.json.encode, (header, line)))).current


def test_a_line_that_is_missing_on_a_later_hop_is_an_error_where_it_is_read() -> None:
    """The door counts the lines of what a publisher sends; later hops find out when they come to the line."""
    header = {
        "boilermaker": 1, "workflow": "w", "seed": SEED, "at": 1, "lines": [[1, 3]], "queues": ["tasks"]
    }  # fmt: skip
    line = {"task": "noop", "payload": {}, "then": 3}
    envelope = codec.decode(b"\n".join(map(msgspec.json.encode, (header, line))))
    assert envelope.current.then == 3
    for read in (envelope.steps.__getitem__, envelope.steps.leads, envelope.steps.from_step):
        with pytest.raises(EnvelopeError, match="the line of step 3 is missing"):
            read(3)


async def test_a_worker_goes_on_through_a_thousand_malformed_messages(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Each ends in the dead-letter queue or runs; what comes behind them runs; nothing breaks the worker."""
    caplog.set_level(logging.CRITICAL + 1)
    bus = InMemoryServiceBus()
    seen: list[str] = []
    worker = Boilermaker(seen, bus)

    @worker.task(policy=retries.NoRetry())
    async def note(state: list[str], text: str) -> str:
        state.append(text)
        return text

    sender = bus.sender("tasks")
    bodies = _garbage(1_000)
    await sender.send_many(
        [OutgoingMessage(body=body, message_id=str(number)) for number, body in enumerate(bodies)]
    )
    await worker.apply_async(note, "last")
    await worker.drain()

    assert "last" in seen
    assert [] == bus.messages("tasks") + bus.scheduled("tasks")
    reasons = [letter.dead_letter_reason for letter in bus.dead_letters("tasks")]
    assert {"UndecodableMessage", "UnknownTask"} <= set(reasons)
    assert set(reasons) <= {"UndecodableMessage", "UnknownTask", "InvalidPayload", "QueueNotAllowed"}
