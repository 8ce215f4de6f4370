"""Reads messages of boilermaker-servicebus 1.x as envelopes, so that a queue in use can be migrated.

Such a message is one JSON object: a task with its arguments, its policy, the number of its executions, and its callbacks
nested in it. It is recognised by that shape. Messages that follow from it are published in the current format; no other module
knows the format of 1.x.
"""

import hashlib
from collections.abc import Sequence
from typing import NamedTuple, Protocol

import msgspec

from boilermaker import payload
from boilermaker.envelope import codec, identity
from boilermaker.envelope.codec import Envelope
from boilermaker.envelope.structs import Step
from boilermaker.errors import EnvelopeError
from boilermaker.retries import LONGEST_SECONDS, MOST_TRIES, RetryMode, RetryPolicy
from boilermaker.workflow.bounds import MAX_STEPS
from boilermaker.workflow.plan import PlanStep, Resolved

MAX_DEPTH = 400
"""Depth of callbacks nested in callbacks; 1.x itself cannot read 200."""

_PROBE = "debug_task"  # sent by 1.x whenever it opens a connection, to check that it works
_MODES = {0: RetryMode.Fixed, 1: RetryMode.Exponential, 2: RetryMode.Linear}
_ERRORS = (msgspec.MsgspecError, RecursionError, ValueError, TypeError, KeyError)


class _Attempts(msgspec.Struct, frozen=True):
    attempts: int


class _Policy(msgspec.Struct, frozen=True):
    max_tries: int
    delay: float
    delay_max: float
    retry_mode: int


class _Arguments(msgspec.Struct, frozen=True):
    args: list[msgspec.Raw] = []
    kwargs: dict[str, msgspec.Raw] = {}


class _Task(msgspec.Struct, frozen=True):
    function_name: str
    attempts: _Attempts
    policy: _Policy
    payload: _Arguments
    task_id: str = ""
    should_dead_letter: bool = True
    acks_late: bool = True
    graph_id: str | None = None
    on_success: "_Task | None" = None
    on_failure: "_Task | None" = None


class _Shape(msgspec.Struct, frozen=True):
    """The fields by which a message of 1.x is recognised."""

    function_name: str
    attempts: msgspec.Raw
    policy: msgspec.Raw
    payload: msgspec.Raw


_decode_shape = msgspec.json.Decoder(_Shape).decode
_decode_task = msgspec.json.Decoder(_Task).decode


def read(body: bytes, queue: str) -> Envelope:
    """Decode a received body: an envelope, or a message of 1.x.

    Args:
        body: the body of the message.
        queue: the queue that it was received from; 1.x publishes callbacks to the same queue.

    Raises:
        EnvelopeError: it is neither, or exceeds a limit.
    """
    try:
        return codec.decode(body)
    except EnvelopeError:
        if not is_legacy(body):
            raise
    return decode(body, queue)


def is_legacy(body: bytes) -> bool:
    """Whether a body has the shape of a message of 1.x."""
    try:
        _decode_shape(body)
    except _ERRORS:
        return False
    return True


def is_probe(step: Step) -> bool:
    """Whether a step is the message that 1.x sends to check a connection; there is nothing to run."""
    return step.args is not None and step.task == _PROBE and step.then is None


class _Parameter(Protocol):
    @property
    def name(self) -> str: ...
    @property
    def keyword_only(self) -> bool: ...


def bound(step: Step, parameters: Sequence[_Parameter]) -> msgspec.Raw:
    """The payload of a step, with the positional arguments of 1.x moved to their parameters' names.

    Raises:
        UnfitValue: they do not match the parameters.
    """
    if step.args is None:
        return step.payload
    by_position = sum(not parameter.keyword_only for parameter in parameters)
    return payload.bind(step.payload, step.args, [parameter.name for parameter in parameters], by_position)


def decode(body: bytes, queue: str) -> Envelope:
    """A message of 1.x as an envelope whose steps are all for `queue`.

    Raises:
        EnvelopeError: it is malformed, exceeds a limit, or belongs to a task graph.
    """
    if len(body) > codec.MAX_BYTES:
        raise EnvelopeError(f"the body has {len(body):,} bytes, more than any queue accepts")
    try:
        head = _decode_task(
            msgspec.json.format(body, indent=-1)
        )  # without line breaks: payloads are copied into lines as they are
        plan = tuple(_step(place, queue) for place in _places(head))
    except RecursionError:
        raise _too_deep() from None
    except _ERRORS:
        raise EnvelopeError(
            "the body looks like a message of boilermaker-servicebus 1.x, but is malformed"
        ) from None
    if not 0 <= head.attempts.attempts < MOST_TRIES:
        raise EnvelopeError("a message of boilermaker-servicebus 1.x has a number of attempts out of range")
    workflow = head.task_id[:128] or hashlib.blake2b(body, digest_size=16).hexdigest()
    envelope = codec.decode(codec.encode(plan, workflow, identity.seed_of(body)))
    # 1.x counts executions so far; `attempt` is the number of the next one.
    header = msgspec.structs.replace(envelope.header, attempt=head.attempts.attempts + 1)
    return Envelope(header=header, steps=envelope.steps, head=body)


class _Place(NamedTuple):
    """A task of the tree, and the numbers of the steps after it."""

    task: _Task
    then: int | None
    otherwise: int | None


def _places(head: _Task) -> list[_Place]:
    """The tree as a table, each task before its callbacks. Not recursive, because the tree may be deep."""
    found = [_Place(head, None, None)]
    depths = [0]
    for number in range(MAX_STEPS):
        if number == len(found):
            return found
        task = found[number].task
        if task.graph_id is not None:
            raise EnvelopeError(
                "the message belongs to a task graph of boilermaker-servicebus 1.x, whose other tasks are in a storage that "
                "only a worker of 1.x reads; let a worker of 1.x finish the graph"
            )
        if depths[number] > MAX_DEPTH:
            raise _too_deep()
        targets: list[int | None] = []
        for callback in (task.on_success, task.on_failure):
            targets.append(None if callback is None else len(found))
            if callback is not None:
                found.append(_Place(callback, None, None))
                depths.append(depths[number] + 1)
        found[number] = _Place(task, targets[0], targets[1])
    raise EnvelopeError(
        f"a message of boilermaker-servicebus 1.x contains more than {MAX_STEPS:,} tasks, the limit"
    )


def _too_deep() -> EnvelopeError:
    return EnvelopeError(
        f"a message of boilermaker-servicebus 1.x is nested more than {MAX_DEPTH} levels deep, the limit"
    )


def _step(place: _Place, queue: str) -> PlanStep:
    task = place.task
    policy = RetryPolicy(
        min(max(task.policy.max_tries, 1), MOST_TRIES),
        min(task.policy.delay, LONGEST_SECONDS),
        min(task.policy.delay_max, LONGEST_SECONDS),
        _MODES[task.policy.retry_mode],
    )
    by_position = {str(position): value for position, value in enumerate(task.payload.args)}
    return PlanStep(
        resolved=Resolved(name=task.function_name, queue=queue, policy=policy),
        payload=msgspec.Raw(msgspec.json.encode({**task.payload.kwargs, **by_position})),
        args=len(by_position),
        then=place.then,
        otherwise=() if place.otherwise is None else (place.otherwise,),
        should_dead_letter=None if task.should_dead_letter else False,
        acks_late=None if task.acks_late else False,
    )
