"""All exceptions that Boilermaker raises, under one base class, and the warning that it issues.

Details are attributes of the exception; its message says what happened, where, and what to do next. The exceptions that
handlers raise to fail or to be retried are not here: see `failure.TaskFailed` and `retries.RetryException`.
"""

from collections.abc import Mapping, Sequence


class BoilermakerError(Exception):
    """The base class of all errors that this package raises on purpose."""


class ConfigurationError(BoilermakerError):
    """A setting that is read once, when a service starts, is missing or invalid."""


class UncarriedError(ConfigurationError):
    """A class that msgspec accepts but does not serialize faithfully. Registration raises it as a `RegistrationError`."""


class RegistrationError(BoilermakerError):
    """A function cannot be a task. The message names function, parameter, file and line."""


class UntypedParameterWarning(UserWarning):
    """A task's parameter has no annotation: it accepts any value, and nothing is checked."""


class TaskBuildError(BoilermakerError):
    """A task cannot be built from these arguments."""


class InvalidArgumentsError(TaskBuildError):
    """The worker would reject these arguments.

    Attributes:
        task: name of the task.
        problems: one sentence for each invalid argument: its path and what was expected. Contains no values.
    """

    def __init__(self, task: str, problems: tuple[str, ...]) -> None:
        super().__init__(f"{task}(): " + "; ".join(problems))
        self.task = task
        self.problems = problems


class CallbackAlreadySetError(TaskBuildError):
    """`>>` or `chain` was given a task that already has a success callback."""


class WorkflowError(BoilermakerError):
    """A workflow cannot be published: it has a loop, a reference to a result that may not exist, or a type that does not match."""


class UnregisteredTaskError(WorkflowError):
    """A task made from a function was published by a client whose registry does not contain that function."""


class WorkflowTooLargeError(WorkflowError):
    """The envelope is larger than the queue accepts.

    Attributes:
        size: size of the message in bytes, properties included.
        limit: the number of bytes that may be used.
        largest: (task name, bytes) of the largest steps, largest first.
    """

    def __init__(self, size: int, limit: int, largest: tuple[tuple[str, int], ...]) -> None:
        listing = ", ".join(f"{name} {bytes_:,} bytes" for name, bytes_ in largest)
        super().__init__(
            f"the workflow has {size:,} bytes, the queue accepts {limit:,} (headroom deducted); largest tasks: {listing}. "
            "Pass a reference to large data instead of the data, or publish the workflow in parts."
        )
        self.size = size
        self.limit = limit
        self.largest = largest


class EnvelopeError(BoilermakerError):
    """A received body is not an envelope, or exceeds a limit. The text contains no payload values."""


class ContractMismatchError(BoilermakerError):
    """A worker's live contract differs from the one that was generated from its source."""


class EventLoopError(BoilermakerError):
    """A client is used in an event loop other than the one that owns its connections. The message says what to do."""


class OutcomeStoreError(BoilermakerError):
    """An outcome store cannot be read or written.

    Attributes:
        is_transient: True if the same call may succeed later; a worker retries it until it does. False if the store rejects
            this record but accepts others: the worker fails the task as `OutcomeNotSaved`.
    """

    def __init__(self, message: str, *, is_transient: bool = True) -> None:
        super().__init__(message)
        self.is_transient = is_transient


class BusError(BoilermakerError):
    """An operation on the bus failed.

    Attributes:
        queue: the queue concerned, if any.
        is_transient: True if the same call may succeed later.
    """

    def __init__(self, message: str, *, queue: str | None = None, is_transient: bool = False) -> None:
        super().__init__(message)
        self.queue = queue
        self.is_transient = is_transient


class QueueNotFoundError(BusError):
    """The queue does not exist, or this identity is not allowed to see it."""


class SessionQueueError(BusError):
    """The queue requires sessions, which Boilermaker does not support."""


class NotAuthorizedError(BusError):
    """This identity is not authorized for this operation on the queue."""


class MessageRefusedError(BusError):
    """The bus rejects this message permanently; the same queue may accept others."""


class MessageTooLargeError(MessageRefusedError):
    """The bus rejects a message of this size."""


class SettlementError(BusError):
    """A message could not be settled: its lock was lost, or the bus did not respond."""


class NotScheduledError(BusError):
    """No scheduled message has that sequence number: it is already active, was handled, or was cancelled before."""


class LockLostError(SettlementError):
    """The lock on a message has expired or belongs to another receiver; the message is redelivered."""


class PublishError(BusError):
    """Publishing failed. It is safe to publish again with the same id if the queue detects duplicates.

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
    """`publish_many` could not publish all of its workflows.

    Publish the workflows in `unknown` again under the same ids, `publish_many(items, ids=...)`: that is safe if the queue
    detects duplicates. Items that had been read from the iterable but not sent are in `refused`; items that had not been
    read are in none of the three.

    Attributes:
        published: ids of the workflows that the bus acknowledged.
        refused: the error by id; these workflows were definitely not published.
        unknown: the error by id; the acknowledgement was lost, so these workflows may have been published.
    """

    def __init__(self, published: Sequence[str], failed: Mapping[str, BusError]) -> None:
        self.published = tuple(published)
        self.refused = {id_: error for id_, error in failed.items() if not error.is_transient}
        self.unknown = {id_: error for id_, error in failed.items() if error.is_transient}
        first_id, first = next(iter(failed.items()))
        super().__init__(
            f"{len(self.published):,} workflows were published, {len(self.refused):,} were not, and "
            f"{len(self.unknown):,} may have been; the first that failed, {first_id}: {first}",
            id=first_id,
            queue=first.queue,
            is_transient=bool(self.unknown),
        )
