"""Every exception that Boilermaker raises, under one root, and the warning that it gives.

Each carries what it knows as attributes; its message says what happened, where, and what to do next.
"""

from collections.abc import Mapping, Sequence


class BoilermakerError(Exception):
    """The root of all errors raised on purpose by this package."""


class ConfigurationError(BoilermakerError):
    """Something that is set once, when a service starts, is missing or wrong."""


class UncarriedError(ConfigurationError):
    """A class that msgspec takes without a word, and then does not carry as it is. Registrations tell it as their own."""


class RegistrationError(BoilermakerError):
    """A function cannot be a task. The message names function, parameter, file and line."""


class UntypedParameterWarning(UserWarning):
    """A task's parameter has no annotation: anything passes, and nothing is checked."""


class TaskBuildError(BoilermakerError):
    """A task cannot be built from these arguments."""


class InvalidArgumentsError(TaskBuildError):
    """The worker would refuse these arguments.

    Attributes:
        task: name of the task.
        problems: one sentence for each argument: its path and what was expected. No values.
    """

    def __init__(self, task: str, problems: tuple[str, ...]) -> None:
        super().__init__(f"{task}(): " + "; ".join(problems))
        self.task = task
        self.problems = problems


class CallbackAlreadySetError(TaskBuildError):
    """`>>` or `chain` met a task that already has a success callback."""


class WorkflowError(BoilermakerError):
    """A workflow cannot be published as it stands: a loop, a reference that may not be there, a type that does not fit."""


class UnregisteredTaskError(WorkflowError):
    """A task made from a function was published by a publisher whose registry does not hold that function."""


class WorkflowTooLargeError(WorkflowError):
    """The envelope is larger than the queue takes.

    Attributes:
        size: bytes of the message, properties included.
        limit: bytes that may be used.
        largest: (task name, bytes) of the largest steps, largest first.
    """

    def __init__(self, size: int, limit: int, largest: tuple[tuple[str, int], ...]) -> None:
        listing = ", ".join(f"{name} {bytes_:,} bytes" for name, bytes_ in largest)
        super().__init__(
            f"the workflow takes {size:,} bytes, the queue takes {limit:,} (headroom kept); largest tasks: {listing}. "
            "Pass a reference to large data instead of the data, or publish the workflow in parts."
        )
        self.size = size
        self.limit = limit
        self.largest = largest


class EnvelopeError(BoilermakerError):
    """A received body is no envelope, or one outside the limits. The text holds no payload values."""


class ContractMismatchError(BoilermakerError):
    """A worker's live contract is not the one that was generated from its source."""


class EventLoopError(BoilermakerError):
    """A client's connections belong to another event loop than the one it is used in. The message says what to do."""


class OutcomeStoreError(BoilermakerError):
    """An outcome store cannot be asked or written.

    Attributes:
        is_transient: True where the same call may succeed later; a worker waits for that. False where the store refuses this
            record and takes others: the worker fails the task as `OutcomeNotSaved`.
    """

    def __init__(self, message: str, *, is_transient: bool = True) -> None:
        super().__init__(message)
        self.is_transient = is_transient


class BusError(BoilermakerError):
    """The bus did not do what was asked.

    Attributes:
        queue: the queue concerned, if one is.
        is_transient: True where the same call may succeed later.
    """

    def __init__(self, message: str, *, queue: str | None = None, is_transient: bool = False) -> None:
        super().__init__(message)
        self.queue = queue
        self.is_transient = is_transient


class QueueNotFoundError(BusError):
    """There is no such queue, or this identity may not see it."""


class SessionQueueError(BusError):
    """The queue requires sessions, which Boilermaker does not use."""


class NotAuthorizedError(BusError):
    """This identity has no right to do that with the queue."""


class MessageRefusedError(BusError):
    """The bus rejects this message permanently; others may be accepted by the same queue."""


class MessageTooLargeError(MessageRefusedError):
    """The bus refuses a message of this size."""


class SettlementError(BusError):
    """A message could not be settled: its lock is lost, or the bus did not answer."""


class NotScheduledError(BusError):
    """No scheduled message has that sequence number: it is active by now, was handled, or was cancelled before."""


class LockLostError(SettlementError):
    """The lock on a message has expired or moved to another receiver; the message will be, or was, delivered again."""


class PublishError(BusError):
    """Publishing failed. Publishing again with the same id is safe where the queue detects duplicates.

    Attributes:
        id: the workflow id; pass it as `publish(..., id=error.id)` to repeat safely.
    """

    def __init__(
        self,
        message: str,
        *,
        id: str,  # noqa: A002 - the word of `publish(id=)`
        queue: str | None = None,
        is_transient: bool = False,
    ) -> None:
        super().__init__(message, queue=queue, is_transient=is_transient)
        self.id = id


class PublishManyError(PublishError):
    """Of many workflows, the bus did not accept all.

    Publish those of `unknown` again under the same ids, `publish_many(items, ids=...)`: that is safe where the queue
    detects duplicates. Items that had been taken from their iterable and not sent are among `refused`; those that had not
    been taken are in none of the three.

    Attributes:
        published: ids of those that the bus has accepted.
        refused: by id, why; these were surely not published.
        unknown: by id, why the bus's answer did not come; these may have been published.
    """

    def __init__(self, published: Sequence[str], failed: Mapping[str, BusError]) -> None:
        self.published = tuple(published)
        self.refused = {id_: error for id_, error in failed.items() if not error.is_transient}
        self.unknown = {id_: error for id_, error in failed.items() if error.is_transient}
        first_id, first = next(iter(failed.items()))
        super().__init__(
            f"{len(self.published):,} workflows were published, {len(self.refused):,} were not, of "
            f"{len(self.unknown):,} it is not known; the first of these, {first_id}: {first}",
            id=first_id,
            queue=first.queue,
            is_transient=bool(self.unknown),
        )
