"""The fixtures of the pytest plugin, used as users use them, and the round trip of stubs that are wrong."""

from types import ModuleType

import accounts_stubs
import msgspec
import pytest
from hypothesis import find

from boilermaker import Boilermaker, Client, InMemoryServiceBus, Task, failure
from boilermaker.stub import Payload, TaskStub
from boilermaker.testing import Published, on_bus, round_trips, tasks
from boilermaker.testing.roundtrips import round_trip_test

test_round_trips = round_trips(accounts_stubs)


async def first(state: str, n: int) -> int:
    return n + 1


async def second(state: str, n: int, label: str = "x") -> None: ...


async def cleanup(state: str, cause: failure.FailureInfo) -> None: ...


@pytest.fixture
def worker(bus: InMemoryServiceBus) -> Boilermaker[str]:
    return Boilermaker("state", bus, queue="numbers").register_many_async([first, second, cleanup])


async def test_published_holds_what_clients_and_workers_published(
    worker: Boilermaker[str], published: Published
) -> None:
    """In order, with arguments as they travel and defaults written out; also once it was run."""
    head = worker.create_task(first, 1)
    tail = worker.create_task(second, head.result.placeholder())
    tail.on_failure = Task.si(cleanup, failure.cause.placeholder())
    await worker.publish_task(head >> tail)
    await worker.drain()

    assert published.tasks == ["first", "second"]
    assert published[0].queue == "numbers"
    assert published[0].arguments == {"n": 1}
    assert [(step.task, step.references) for step in published[0].following] == [
        ("second", {"n": "first"}),
        ("cleanup", {"cause": "failure"}),
    ]
    assert published.one("second").arguments == {"label": "x"}
    assert published.one("second").references == {"n": "step 0"}
    assert published[0].workflow == published[1].workflow


async def test_published_leaves_out_what_duplicate_detection_dropped(
    worker: Boilermaker[str], published: Published
) -> None:
    """The bus accepted it, and nobody will ever see it."""
    await worker.publish_task(worker.create_task(first, 1), id="once")
    await worker.publish_task(worker.create_task(first, 1), id="once")

    assert published.tasks == ["first"]


async def test_one_says_what_was_published_instead(worker: Boilermaker[str], published: Published) -> None:
    """The reader of a failed test sees what there is."""
    await worker.apply_async(first, 1)

    with pytest.raises(
        AssertionError, match=r"`second` was published 0 times, not once; .*<Published first>"
    ):
        published.one("second")


async def test_a_worker_gets_its_own_bus_and_state_back(bus: InMemoryServiceBus) -> None:
    """It is lent to the test: what it publishes meanwhile goes to the test's bus."""
    own = InMemoryServiceBus()
    worker = Boilermaker("own", own, queue="numbers").register_async(first)

    with on_bus(worker, bus) as lent:
        lent.state = "test"
        await worker.apply_async(first, 1)
        assert await worker.drain() == 1
    await worker.apply_async(first, 2)

    assert (worker.bus, worker.state) == (own, "own")
    assert ([], 1) == (bus.messages("numbers"), len(own.messages("numbers")))


async def test_tasks_of_a_package_can_be_published(bus: InMemoryServiceBus, published: Published) -> None:
    """Any of them, or those named."""
    task = find(tasks(accounts_stubs, "create_user"), lambda _: True)
    async with Client(bus) as client:
        await client.publish(task)

    assert published.one("create_user").arguments["plan"] == "free"


def test_tasks_tells_names_that_the_package_does_not_have() -> None:
    """With those that it has."""
    with pytest.raises(ValueError, match="`accounts_stubs` has no task `create_usr`; it has: create_user, "):
        tasks(accounts_stubs, "create_usr")


@pytest.mark.parametrize("module", [msgspec, ModuleType("nothing")], ids=["other", "empty"])
def test_what_is_no_stubs_package_is_told(module: ModuleType) -> None:
    """A typing error in a test that would hold nothing."""
    with pytest.raises(
        ValueError, match="is not a stubs package: pass the package that `boilermaker stubs generate`"
    ):
        round_trips(module)


class Numbered(Payload, frozen=True, kw_only=True):
    n: int


class Growing(msgspec.Struct):
    """A result that is another one each time it is read."""

    n: int

    def __post_init__(self) -> None:
        self.n += 1


def test_a_round_trip_fails_where_a_value_comes_back_changed() -> None:
    """The test that users get can fail."""
    stub = TaskStub[Growing]("grow", Numbered, Growing, queue="q", digest="0" * 16)

    with pytest.raises(AssertionError):
        round_trip_test()(stub=stub)
