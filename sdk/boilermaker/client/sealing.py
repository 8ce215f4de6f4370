"""A workflow as one message: its id, its encoded plan, and the error that is raised if it was not published.

Sending is in `asynchronous` and `many`, the bytes are in `envelope`.
"""

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
    """A scheduled workflow. Keep it where you keep the reason to cancel, and pass it to `cancel_scheduled`.

    Attributes:
        id: the workflow's id.
        queue: the queue that its message is scheduled in.
        sequence_number: of that message; 0 if the queue dropped it as a duplicate of an earlier one.
    """

    id: str
    queue: str
    sequence_number: int


def checked_id(given: str | None) -> str:
    """The workflow's id, generated if none is given. Raises TypeError, ValueError."""
    if given is None:
        return secrets.token_hex(16)  # as unique as a UUID, and generated in a quarter of the time
    if not _is_text(given):
        raise TypeError(f"a workflow id must be a string, not a {type(given).__name__}")
    if not 0 < len(given) <= MAX_ID or not given.isprintable():
        raise ValueError(
            f"a workflow id must have 1 to {MAX_ID} characters, all printable; this one has {len(given)}"
        )
    return given


def not_published(error: BusError, workflow: str, queue: str) -> PublishError:
    """The error that a publisher gets for an error of the bus."""
    return PublishError(
        f"workflow {workflow} was not published to `{queue}`, or the bus did not confirm it: {error} "
        f'To retry without publishing it twice, publish again with id="{workflow}".',
        id=workflow,
        queue=queue,
        is_transient=error.is_transient,
    )


def _is_text(given: object) -> bool:
    return isinstance(given, str)
