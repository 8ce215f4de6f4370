"""A workflow as one message: its id, its plan as bytes, and what is said where the bus did not take it."""

import secrets
from typing import Any

import msgspec

from boilermaker.envelope import codec, identity, outgoing
from boilermaker.errors import BusError, PublishError, WorkflowTooLargeError
from boilermaker.retries import Delay, checked_delay, seconds_until
from boilermaker.telemetry import trace
from boilermaker.transport.port import Clock, OutgoingMessage, Sender
from boilermaker.workflow.plan import Plan, dated
from boilermaker.workflow.task import Chain, Task

MAX_ID = 128  # Service Bus: "MessageId ... up to 128 characters"

Publishable = Task[Any] | Chain[Any, Any]


def seal(steps: Plan, workflow: str, delay: Delay | None, sender: Sender, clock: Clock) -> OutgoingMessage:
    """The message that starts a workflow. Raises WorkflowTooLargeError, ValueError (of the delay)."""
    now = clock.now()
    body = codec.encode(dated(steps, now), workflow, identity.new_seed())
    limit = outgoing.limit_for(sender.max_message_size)
    if len(body) > limit:
        raise WorkflowTooLargeError(len(body), limit, tuple(codec.sizes(steps)[:3]))
    first = steps[0]
    return outgoing.message(
        body=body,
        message_id=workflow,
        task=first.resolved.name,
        workflow=workflow,
        digest=first.resolved.digest,
        trace=trace.current(),
        delay=max(
            (0 if delay is None else seconds_until(checked_delay(delay), now)) + (first.delay or 0),
            0 if first.not_before is None else seconds_until(first.not_before, now),
        ),
        clock=clock,
    )


class Scheduled(msgspec.Struct, frozen=True, kw_only=True):
    """A workflow that waits in its queue for its time: what cancels it. Keep it where you keep the reason to cancel.

    Attributes:
        id: the workflow's id.
        queue: where its message waits.
        sequence_number: of that message; 0 where the queue has dropped it as a duplicate of an earlier one.
    """

    id: str
    queue: str
    sequence_number: int


def checked_id(given: str | None) -> str:
    """The workflow's id, made up where none is given. Raises TypeError, ValueError."""
    if given is None:
        return secrets.token_hex(16)  # as unique as a UUID, and made in a quarter of the time
    if not _is_text(given):
        raise TypeError(f"a workflow id is text, not a {type(given).__name__}")
    if not 0 < len(given) <= MAX_ID or not given.isprintable():
        raise ValueError(f"a workflow id has 1 to {MAX_ID} printable characters, this one has {len(given)}")
    return given


def not_published(error: BusError, workflow: str, queue: str) -> PublishError:
    """What a publisher is told of an error of the bus."""
    return PublishError(
        f"workflow {workflow} was not published to `{queue}`, or the bus did not confirm it: {error} "
        f'Publish again with id="{workflow}" to be safe against doing it twice.',
        id=workflow,
        queue=queue,
        is_transient=error.is_transient,
    )


def _is_text(given: object) -> bool:
    return isinstance(given, str)
