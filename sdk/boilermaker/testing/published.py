"""The messages published to an in-memory bus, as tasks and arguments that a test can compare."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, overload

import msgspec

from boilermaker.envelope import Step, codec
from boilermaker.transport.memory.bus import InMemoryServiceBus
from boilermaker.transport.port import OutgoingMessage


class PublishedStep(msgspec.Struct, frozen=True, kw_only=True):
    """One step of a published workflow.

    Attributes:
        task: the task's name.
        queue: the queue that it is published to.
        arguments: JSON values by parameter. Defaults are included; references, and defaults that the worker decides, are
            not.
        references: by parameter, the task whose result is passed; `failure` for the cause of a failure.
    """

    task: str
    queue: str
    arguments: dict[str, Any]
    references: dict[str, str] = {}


class PublishedTask(PublishedStep, frozen=True, kw_only=True):
    """One message that the bus accepted: the step that it runs, and the steps that may follow.

    Attributes:
        workflow: id of the workflow.
        attempt: attempt of the step, from 1; retries are messages too.
        scheduled_for: when it becomes visible; None for immediately.
        following: further steps of the workflow that can still run, in order.
    """

    workflow: str
    attempt: int = 1
    scheduled_for: datetime | None = None
    following: tuple[PublishedStep, ...] = ()


class Published(Sequence[PublishedTask]):
    """The messages that a bus has accepted since this object was created, in order, from clients and from workers.

    Messages that duplicate detection dropped are not included. Messages stay in it after workers have run them.
    """

    def __init__(self, bus: InMemoryServiceBus) -> None:
        self._messages: list[PublishedTask] = []
        bus.watch(lambda queue, message: self._messages.append(_read(queue, message)))

    @property
    def tasks(self) -> list[str]:
        """The tasks' names, in order."""
        return [message.task for message in self._messages]

    def of(self, task: str) -> list[PublishedTask]:
        """The messages that run this task."""
        return [message for message in self._messages if message.task == task]

    def one(self, task: str) -> PublishedTask:
        """The only message that runs this task.

        Raises:
            AssertionError: it was not published, or several times.
        """
        found = self.of(task)
        if len(found) != 1:
            raise AssertionError(f"`{task}` was published {len(found)} times, not once; published: {self!r}")
        return found[0]

    @overload
    def __getitem__(self, index: int) -> PublishedTask: ...
    @overload
    def __getitem__(self, index: slice) -> list[PublishedTask]: ...
    def __getitem__(self, index: int | slice) -> PublishedTask | list[PublishedTask]:
        return self._messages[index]

    def __len__(self) -> int:
        return len(self._messages)

    def __repr__(self) -> str:
        return f"<Published {', '.join(self.tasks) or 'nothing'}>"


def _read(queue: str, message: OutgoingMessage) -> PublishedTask:
    envelope = codec.decode(message.body)
    header = envelope.header
    names = {
        number: envelope.steps[number].task
        for first, last in header.lines
        for number in range(first, last + 1)
    }
    first, *rest = (_step(envelope.steps[number], names) for number in names)
    return PublishedTask(
        task=first.task,
        queue=queue,
        arguments=first.arguments,
        references=first.references,
        workflow=header.workflow,
        attempt=header.attempt,
        scheduled_for=message.scheduled_enqueue_time,
        following=tuple(rest),
    )


def _step(step: Step, names: dict[int, str]) -> PublishedStep:
    return PublishedStep(
        task=step.task,
        queue=step.queue,
        arguments=msgspec.json.decode(step.payload),
        references={
            parameter: "failure" if ref.step is None else names.get(ref.step, f"step {ref.step}")
            for parameter, ref in step.refs.items()
        },
    )
