"""What is said of one call: a time limit, a time before which it does not begin, one by which it must have begun."""

import asyncio
from datetime import UTC, datetime, timedelta

import msgspec
import pytest

from boilermaker import Boilermaker, Client, InMemoryServiceBus, failure, retries
from boilermaker.failure import FailureInfo
from boilermaker.transport.port import OutgoingMessage

HOUR = timedelta(hours=1)
TWO = retries.RetryPolicy(2, 0, 0, retries.RetryMode.Fixed)


class Scene:
    """A worker in memory, and what its handlers tell."""

    def __init__(self) -> None:
        self.bus = InMemoryServiceBus()
        self.worker = Boilermaker(self, self.bus)
        self.told: list[str] = []
        self.failures: list[FailureInfo] = []
        self.worker.register_many_async([note, slow, told])

    def dead_letters(self) -> list[str | None]:
        """Their reasons."""
        return [letter.dead_letter_reason for letter in self.bus.dead_letters("tasks")]


async def note(scene: Scene, text: str) -> str:
    """Tell a text, and when."""
    scene.told.append(text)
    return text


async def slow(scene: Scene) -> None:
    """Wait for ever."""
    await asyncio.Event().wait()


async def told(scene: Scene, cause: FailureInfo) -> None:
    """Keep the cause."""
    scene.failures.append(cause)


@pytest.fixture
def scene() -> Scene:
    """Virtual time."""
    return Scene()


async def test_a_time_limit_of_one_call(scene: Scene) -> None:
    """It counts as a try that failed, as the registered limit does."""
    task = scene.worker.create_task(slow).options(timeout=0.01, policy=retries.NoRetry())
    task.on_failure = scene.worker.create_task(told, failure.cause.placeholder())

    await scene.worker.publish_task(task)
    await scene.worker.drain()

    assert ["RetriesExhausted"] == scene.dead_letters()
    assert ["TimeoutError"] == [info.error for info in scene.failures]


@pytest.mark.parametrize(("registered", "called"), [(0.01, 60), (60, 0.01)])
async def test_the_shorter_time_limit_holds(registered: float, called: float) -> None:
    """A message cannot make a worker wait longer than it was told to."""
    bus = InMemoryServiceBus()
    worker = Boilermaker([], bus)

    @worker.task(timeout=registered, policy=retries.NoRetry())
    async def wait(state: list[str]) -> None:
        await asyncio.Event().wait()

    await worker.publish_task(worker.create_task(wait).options(timeout=called))
    async with asyncio.timeout(20):
        await worker.drain()

    [letter] = bus.dead_letters("tasks")
    assert "took longer than 0.01s" in str(letter.dead_letter_description)


async def test_what_has_expired_does_not_begin(scene: Scene) -> None:
    """Its failure callbacks fire, and it leaves a dead letter; what begins in time runs."""
    for seconds in (30, 3 * 3600):
        task = scene.worker.create_task(note, f"{seconds}").options(expires=seconds)
        task.on_failure = scene.worker.create_task(told, failure.cause.placeholder())
        await scene.worker.publish_task(task, delay=HOUR)
    await scene.worker.drain()

    assert ["10800"] == scene.told
    assert [("Expired", "note")] == [(info.reason, info.task) for info in scene.failures]
    assert ["Expired"] == scene.dead_letters()


async def test_expiry_counts_from_publishing(scene: Scene) -> None:
    """For a later step too, and as a point in time."""
    late = scene.bus.clock.now() + 2 * HOUR
    first = scene.worker.create_task(note, "first")
    inside = scene.worker.create_task(note, "inside").options(delay=HOUR, expires=2 * HOUR)
    outside = scene.worker.create_task(note, "outside").options(delay=HOUR, expires=late)

    await scene.worker.publish_task(first >> inside >> outside)
    await scene.worker.drain()

    assert ["first", "inside"] == scene.told
    assert ["Expired"] == scene.dead_letters()


async def test_a_step_waits_for_a_point_in_time(scene: Scene) -> None:
    """When it is its turn; past points are no wait."""
    then = scene.bus.clock.now() + HOUR
    first = scene.worker.create_task(note, "first").options(delay=then - 2 * HOUR)
    second = scene.worker.create_task(note, "second").options(delay=then)

    await scene.worker.publish_task(first >> second)
    await scene.worker.drain()

    assert ["first", "second"] == scene.told
    assert scene.bus.clock.now() == then


async def test_a_retry_at_a_point_in_time() -> None:
    """`RetryException(delay=datetime)`: a service says when it is back."""
    bus = InMemoryServiceBus()
    worker = Boilermaker([], bus)
    then = bus.clock.now() + HOUR

    @worker.task(policy=TWO)
    async def call(state: list[datetime]) -> None:
        state.append(bus.clock.now())
        if len(state) == 1:
            raise retries.RetryException("busy", delay=then)

    await worker.apply_async(call)
    await worker.drain()

    assert [then] == worker.state[1:]


@pytest.mark.parametrize(
    ("options", "raised", "tries", "reason"),
    [
        ({"give_up_on": LookupError}, KeyError, 1, "ErrorNotRetried"),
        ({"give_up_on": (OSError, LookupError)}, ValueError, 2, "RetriesExhausted"),
        ({"retry_on": OSError}, ConnectionError, 2, "RetriesExhausted"),
        ({"retry_on": (OSError,)}, ValueError, 1, "ErrorNotRetried"),
        ({"retry_on": OSError, "give_up_on": PermissionError}, PermissionError, 1, "ErrorNotRetried"),
        ({"retry_on": OSError, "give_up_on": PermissionError}, TimeoutError, 2, "RetriesExhausted"),
        ({"retry_on": ValueError}, retries.RetryException, 2, "RetriesExhausted"),
        ({"give_up_on": Exception}, retries.RetryException, 2, "RetriesExhausted"),
    ],
)
async def test_exceptions_that_are_and_are_not_retried(
    options: dict[str, type[Exception]], raised: type[Exception], tries: int, reason: str
) -> None:
    """By class, subclasses included; `give_up_on` wins; a handler that asks for a retry gets it."""
    bus = InMemoryServiceBus()
    worker = Boilermaker([], bus)

    async def work(state: list[int]) -> None:
        state.append(1)
        raise raised

    worker.register(work, policy=TWO, **options)  # type: ignore[call-overload]
    await worker.apply_async(work)
    await worker.drain()

    assert tries == len(worker.state)
    assert [reason] == [letter.dead_letter_reason for letter in bus.dead_letters("tasks")]


async def test_a_time_limit_is_a_timeout_error_to_these() -> None:
    """`give_up_on=TimeoutError` does not try again what took too long."""
    bus = InMemoryServiceBus()
    worker = Boilermaker([], bus)

    @worker.task(timeout=0.01, give_up_on=TimeoutError)
    async def wait(state: list[str]) -> None:
        await asyncio.Event().wait()

    await worker.apply_async(wait)
    await worker.drain()

    assert ["ErrorNotRetried"] == [letter.dead_letter_reason for letter in bus.dead_letters("tasks")]


@pytest.mark.parametrize(
    ("options", "error"),
    [
        ({"timeout": 0}, ValueError),
        ({"timeout": -1}, ValueError),
        ({"timeout": float("nan")}, ValueError),
        ({"timeout": "1"}, TypeError),
        ({"expires": 0}, ValueError),
        ({"expires": datetime(2030, 1, 1)}, ValueError),  # noqa: DTZ001 - the mistake
        ({"expires": "tomorrow"}, TypeError),
        ({"delay": datetime(2030, 1, 1)}, ValueError),  # noqa: DTZ001 - the mistake
    ],
)
def test_wrong_options_are_refused(scene: Scene, options: dict[str, float], error: type[Exception]) -> None:
    """Where they are written."""
    with pytest.raises(error):
        scene.worker.create_task(note, "x").options(**options)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "line",
    [
        '"timeout":0',
        '"timeout":-1',
        '"timeout":1e300',
        '"expires":"soon"',
        '"not_before":"2030-01-01T00:00:00"',
    ],
)
async def test_wrong_options_on_the_wire_are_undecodable(scene: Scene, line: str) -> None:
    """Whoever wrote the message: it is dead-lettered, and nothing runs."""
    await scene.worker.publish_task(scene.worker.create_task(note, "x").options(timeout=5))
    [message] = scene.bus.messages("tasks")
    body = message.body.replace(b'"timeout":5.0', line.encode())
    assert line.encode() in body
    [delivery] = await scene.bus.receiver("tasks").receive(1, 0)
    await scene.bus.receiver("tasks").complete(delivery)
    sent = msgspec.structs.replace(_outgoing(message.message_id), body=body)
    await scene.bus.sender("tasks").send(sent)

    await scene.worker.drain()

    assert [] == scene.told
    assert ["UndecodableMessage"] == scene.dead_letters()


def _outgoing(message_id: str | None) -> OutgoingMessage:
    return OutgoingMessage(body=b"", message_id=f"{message_id}-again")


async def test_expiry_of_a_scheduled_workflow(scene: Scene) -> None:
    """Published for a time after its expiry: it never begins."""
    async with Client(scene.bus, registry=scene.worker.registry) as client:
        task = scene.worker.create_task(note, "x").options(expires=datetime.now(UTC) + HOUR)
        await client.schedule(task, 2 * HOUR)
    await scene.worker.drain()

    assert ["Expired"] == scene.dead_letters()
