"""What travels in one message: a header and one line for each step that can still run. Wire structs; `codec` has the bytes.

    {"boilermaker":1,"workflow":"...","seed":"...","at":0,"lines":[[0,2]],"queues":["accounts"],"otherwise":[2], ...}
    {"task":"create_user","payload":{"email":"a@b.org","name":"Ada"}}
    {"task":"send_welcome_email","refs":{"user_id":0},"then":null}
    {"task":"handle_signup_failure","payload":{"email":"a@b.org"},"then":null,"otherwise":[]}

What most steps share stands in the header once. Fields with their default are left out; unknown fields are ignored.
"""

from datetime import datetime
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from boilermaker.failure import FailureInfo
from boilermaker.retries import RetryPolicy, seconds_until
from boilermaker.tasks.rules import MAX_NAME, MAX_QUEUE
from boilermaker.workflow.bounds import MAX_HANDLERS, MAX_STEPS
from boilermaker.workflow.plan import StepRef

MAX_ID = 128  # Service Bus: "MessageId ... up to 128 characters"

Digests = Annotated[
    dict[Annotated[str, Meta(max_length=MAX_NAME)], Annotated[str, Meta(min_length=16, max_length=16)]],
    Meta(max_length=MAX_STEPS),
]
"""By task; that a digest is one is looked at when its task's line is read."""

Moment = Annotated[datetime, Meta(tz=True)]

StepNumber = Annotated[int, Meta(ge=0, lt=MAX_STEPS)]
"""Bounded where it is read: as keys, numbers made to have one hash would take quadratic time before anybody looks at them."""

WireRef = int | str
"""`3`: the result of step 3. `"3?"`: that result or null. `"failure"`: the cause of the failure."""


class Kept(msgspec.Struct, frozen=True, array_like=True):
    """A result that a later step refers to, and the last step that does."""

    until: int
    value: msgspec.Raw


class Header(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The first line.

    Attributes:
        boilermaker: version of the format.
        workflow: id of the workflow, the same in all its messages.
        seed: what the ids of all that follows are keyed with; 32 hex digits that only holders of the message know.
        at: number of the step to run.
        attempt: which execution of it this is, from 1.
        put_off: how often this step was put off because the worker did not know it.
        lines: ranges of step numbers, first and last, of the lines that follow.
        queues: the queues that steps name by index; 0 where a step names none.
        policies: the policies that steps name by index; 0 where a step names none; null means as registered.
        otherwise: the failure handlers of steps that name none.
        digests: by queue and task, the wire shape that the publisher was generated from.
        kept: results by step.
        failure: why the failure callback that we are in was published.
        policy: replaces the policy of the current step, on the word of a `RetryException`.
        fork: the step has failed, and this message stands for its failure callbacks, of which there are several.
    """

    boilermaker: Literal[1]
    workflow: Annotated[str, Meta(min_length=1, max_length=MAX_ID)]
    seed: str
    at: int
    attempt: int = 1
    put_off: int = 0
    lines: Annotated[tuple[tuple[int, int], ...], Meta(max_length=MAX_STEPS)]
    queues: Annotated[
        tuple[Annotated[str, Meta(min_length=1, max_length=MAX_QUEUE)], ...],
        Meta(min_length=1, max_length=MAX_STEPS),
    ]
    policies: Annotated[tuple[RetryPolicy | None, ...], Meta(max_length=MAX_STEPS)] = ()
    otherwise: Annotated[tuple[int, ...], Meta(max_length=MAX_HANDLERS)] = ()
    digests: Annotated[
        dict[Annotated[str, Meta(max_length=MAX_QUEUE)], Digests], Meta(max_length=MAX_STEPS)
    ] = {}
    kept: Annotated[dict[StepNumber, Kept], Meta(max_length=MAX_STEPS)] = {}
    failure: FailureInfo | None = None
    policy: RetryPolicy | None = None
    fork: bool = False


class Edges(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The part of a step line that says where it leads: all that is read of steps that are only passed on."""

    then: int | msgspec.UnsetType | None = msgspec.UNSET
    otherwise: tuple[int, ...] | msgspec.UnsetType = msgspec.UNSET


EMPTY = msgspec.Raw(b"{}")
"""The payload of a step without arguments, or with references alone: this very object is left out."""


class StepLine(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One step.

    Attributes:
        args: for a step that came from boilermaker-servicebus 1.x, whose publishers know no parameter names: how many
            arguments were given by position. They stand under "0", "1", ... in the payload until the step runs.
        then: the step after success; the next number where it is left out, null for none.
        otherwise: the steps after failure; those of the header where it is left out.
        keep: the last step that refers to this one's result; left out where that is the next one, whose references say so.
        delay: seconds to wait when it is this step's turn.
        not_before: a point in time to wait for, likewise.
        timeout: seconds that one execution may take.
        expires: when it must have begun.
    """

    task: str
    payload: msgspec.Raw = EMPTY
    args: int | None = None
    refs: dict[str, WireRef] = {}
    queue: int = 0
    policy: int = 0
    then: int | msgspec.UnsetType | None = msgspec.UNSET
    otherwise: tuple[int, ...] | msgspec.UnsetType = msgspec.UNSET
    keep: int | None = None
    delay: float | None = None
    not_before: Moment | None = None
    timeout: float | None = None
    expires: Moment | None = None
    should_dead_letter: bool | None = None
    acks_late: bool | None = None


class Step(msgspec.Struct, frozen=True):
    """A step line with what the header says filled in; checked: numbers in range, edges forward.

    Two are made for each hop: by position, in half the time.

    Attributes:
        keep: the last step that refers to this one's result; of steps that are not the current one, as their line says.
    """

    number: int
    task: str
    payload: msgspec.Raw
    args: int | None
    refs: dict[str, StepRef]
    queue: str
    policy: RetryPolicy | None
    then: int | None
    otherwise: tuple[int, ...]
    keep: int | None
    delay: float | None
    not_before: datetime | None
    timeout: float | None
    expires: datetime | None
    should_dead_letter: bool | None
    acks_late: bool | None
    digest: str | None

    def wait_seconds(self, now: datetime) -> float:
        """Seconds to wait when it is its turn."""
        until = 0 if self.not_before is None else seconds_until(self.not_before, now)
        return max(self.delay or 0, until)


class Next(msgspec.Struct, frozen=True, kw_only=True):
    """One message that an outcome leads to: the same workflow at another place, or another attempt.

    Attributes:
        slot: which of the messages of this outcome it is; part of its identity.
        to: the step that it will run.
        queue: where it goes.
        result: what the current step has left for later steps.
        delay: seconds until it becomes visible.
        fork: it stands for the failure callbacks of the step `to`.
    """

    slot: int
    to: int
    task: str
    queue: str
    digest: str | None = None
    attempt: int = 1
    put_off: int = 0
    result: msgspec.Raw | None = None
    failure: FailureInfo | None = None
    policy: RetryPolicy | None = None
    delay: float = 0
    fork: bool = False
