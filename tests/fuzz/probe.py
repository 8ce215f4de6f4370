"""All that a worker reads of a body, and what it may say about it: shared by the fuzzer and by the tests."""

import datetime as dt
import enum
import time
import uuid
from decimal import Decimal
from typing import Annotated, Literal

import msgspec

from boilermaker import payload
from boilermaker.envelope import Next, Step, codec, identity, legacy
from boilermaker.errors import EnvelopeError
from boilermaker.payload import UnfitValue
from boilermaker.tasks.options import Limits
from boilermaker.worker.decide import Circumstances, decide
from boilermaker.worker.outcome import Failed, Forked, Outcome, RetryAsked, Succeeded

CANARY = "Zq7xCanary"
"""In every payload value of the seeds: no text that leaves the process may hold it."""
LONGEST_SECONDS = 5.0  # of a busy machine
NOW = dt.datetime(2026, 1, 2, tzinfo=dt.UTC)
QUEUES = frozenset({"jobs", "other"})
NOW = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)


class Colour(enum.Enum):
    """An enum, whose texts msgspec would quote."""

    RED = "red"


class Inner(msgspec.Struct):
    """A tree."""

    text: str = ""
    children: list["Inner"] = []


class Arguments(payload.Payload, frozen=True, kw_only=True):
    """One of each kind of field."""

    text: Annotated[str, msgspec.Meta(max_length=50, pattern="^[a-zA-Z0-9 ]*$")] = ""
    number: int | None = None
    real: float = 0.0
    money: Decimal = Decimal(0)
    when: dt.datetime | None = None
    lasts: dt.timedelta | None = None
    key: uuid.UUID | None = None
    colour: Colour = Colour.RED
    word: Literal["a", "b"] = "a"
    tree: Inner | None = None
    anything: dict[str, object] = {}  # noqa: RUF012 - msgspec copies it
    data: bytes = b""


class LeakError(AssertionError):
    """A payload's value stands in a text that leaves the process."""


class SlowError(AssertionError):
    """Reading took too long."""


def probe(body: bytes) -> str:
    """Read a body as a worker does, and all that may follow from it; returns how far it came.

    Raises:
        Exception: anything but a refusal in our own words; LeakError and SlowError among it.
    """
    started = time.perf_counter()
    try:
        said = _read(body)
    except (EnvelopeError, UnfitValue) as refused:
        said = str(refused)
        if CANARY in said:
            raise LeakError(said) from refused
        if any(not character.isprintable() for character in said):
            raise LeakError(f"a control character: {said!r}") from refused
        said = type(refused).__name__
    if time.perf_counter() - started > LONGEST_SECONDS:
        raise SlowError(f"{time.perf_counter() - started:.1f} s")
    return said


def _read(body: bytes) -> str:
    envelope = legacy.read(body, "jobs")
    step = envelope.current
    _follow(envelope)
    results = codec.results_for(envelope, step)
    raw = step.payload
    if step.args is not None:
        raw = payload.bind(
            raw, step.args, list(Arguments.__struct_fields__), len(Arguments.__struct_fields__)
        )
    arguments = payload.decode(raw, Arguments, results)
    assert isinstance(arguments, Arguments)
    if arguments.money.is_finite():
        int(arguments.money)  # what a handler may do without a thought
    return "read"


def _follow(envelope: codec.Envelope) -> None:
    """Publish whatever may follow: each verdict as bytes that are read again."""
    around = Circumstances(
        queue="jobs",
        registration=None,
        limits=Limits(),
        queues=QUEUES,
        message_id="probe",
        jitter=0.5,
        now=NOW,
    )
    named = identity.derived(envelope.header.seed, "jobs", "probe", 0)
    codec.fingerprint(envelope)
    outcomes: tuple[Outcome, ...] = (
        Succeeded(result=msgspec.Raw(b"1")),
        RetryAsked(description="again"),
        Failed(reason="TaskFailed", description="for good"),
        Forked(),
    )
    for outcome in outcomes:
        verdict = decide(envelope, outcome, around)
        for following in verdict.publish:
            _again(codec.advance(envelope, following, named.seed), following, envelope.current)
    codec.restart(envelope, named)


def _again(body: bytes, following: Next, before: Step) -> None:
    step = codec.decode(body).current
    assert step.number == following.to >= before.number, "a workflow goes forward only"
