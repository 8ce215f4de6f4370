"""The structs of the wire format: a header, and one line for each step that can still run. `codec` encodes and decodes them.

    {"boilermaker":1,"workflow":"...","seed":"...","at":0,"lines":[[0,2]],"queues":["accounts"],"otherwise":[2], ...}
    {"task":"create_user","payload":{"email":"a@b.org","name":"Ada"}}
    {"task":"send_welcome_email","refs":{"user_id":0},"then":null}
    {"task":"handle_signup_failure","payload":{"email":"a@b.org"},"then":null,"otherwise":[]}

Values that most steps share are in the header once. Fields with their default are omitted; unknown fields are ignored.
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
"""Digests by task; a digest is validated when its task's line is read."""

Moment = Annotated[datetime, Meta(tz=True)]

StepNumber = Annotated[int, Meta(ge=0, lt=MAX_STEPS)]
"""Bounded where it is read: as keys, numbers made to have one hash would take quadratic time before anybody looks at them."""

WireRef = int | str
"""`3`: the result of step 3. `"3?"`: that result or null. `"failure"`: the cause of the failure."""


class Kept(msgspec.Struct, frozen=True, array_like=True):
    """A result that later steps refer to, and the last step that does."""

    until: int
    value: msgspec.Raw


class Header(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The first line.

    Attributes:
        boilermaker: version of the format.
        workflow: id of the workflow, the same in all its messages.
        seed: key from which the ids of following messages derive; 32 hex digits that only holders of the message know.
        at: number of the step to run.
        attempt: number of its execution, from 1.
        put_off: how often this step was put off because the worker did not know it.
        lines: ranges of step numbers, first and last, of the lines that follow.
        queues: the queues, which steps refer to by index; 0 if omitted.
        policies: the policies, which steps refer to by index; 0 if omitted; null means as registered.
        otherwise: the failure callbacks of steps whose line names none.
        digests: by queue and task, the digest of the contract that the publisher was generated from.
        kept: results kept for later steps, by step.
        failure: the failure that led to this failure callback.
        policy: replaces the policy of the current step, as requested by a `RetryException`.
        fork: the step has failed, and this message represents its failure callbacks, of which there are several.
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
    """The edges of a step line: the only part that is decoded of steps that are just passed on."""

    then: int | msgspec.UnsetType | None = msgspec.UNSET
    otherwise: tuple[int, ...] | msgspec.UnsetType = msgspec.UNSET


EMPTY = msgspec.Raw(b"{}")
"""The payload of a step without arguments, or only with references: msgspec omits it if it is this same object."""


class StepLine(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One step.

    Attributes:
        args: for a step from boilermaker-servicebus 1.x, whose publishers do not know parameter names: the number of
            positional arguments. The payload holds them as "0", "1", ... until the step runs.
        then: the step after success; the next number if omitted, null for none.
        otherwise: the steps after failure; those of the header if omitted.
        keep: the last step that refers to this step's result; omitted if that is the next step, whose references show it.
        delay: seconds to wait before this step, once the step before it has ended.
        not_before: a point in time to wait for before this step.
        timeout: seconds that one execution may take.
        expires: the time by which it must have started.
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
    """A checked step line with the header's values filled in: numbers are in range, edges point forward.

    Two are created for each message; with positional arguments, because that takes half the time.

    Attributes:
        keep: the last step that refers to this step's result; for steps other than the current one, only as their line says.
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
        """Seconds to wait before this step, once the step before it has ended."""
        until = 0 if self.not_before is None else seconds_until(self.not_before, now)
        return max(self.delay or 0, until)


class Next(msgspec.Struct, frozen=True, kw_only=True):
    """One message that an outcome leads to: the same workflow at another step, or another attempt.

    Attributes:
        slot: which of the messages of this outcome it is; its id derives from it.
        to: the step to run.
        queue: the queue that it is published to.
        result: the result of the current step, if later steps refer to it.
        delay: seconds until it is enqueued.
        fork: it represents the failure callbacks of the step `to`.
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
