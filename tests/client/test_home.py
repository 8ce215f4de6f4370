"""One client, several event loops and threads: it works, or says what to do, and never hangs."""

import asyncio
import gc
import threading
from collections.abc import Callable, Iterator

import pytest

from boilermaker import Boilermaker, Client
from boilermaker.errors import EventLoopError
from boilermaker.transport.port import Bus
from client.scene import SECONDS, arrived, in_threads, note, run

NewBus = Callable[[], Bus]

# An event loop that is closed before its client leaves sockets behind, as Python says when it collects them: whose loop ends
# without notice is what these tests are about.
pytestmark = pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")


@pytest.fixture(autouse=True)
def left_behind() -> Iterator[None]:
    """What a test leaves behind is collected in it, and not in one that is strict about it."""
    yield
    gc.collect()


def test_one_event_loop_after_the_other(new_bus: NewBus, queue: str) -> None:
    """A script that calls `asyncio.run` for each publish: the client connects again in each loop."""
    client = Client(new_bus())

    ids = [asyncio.run(client.publish(note(queue, str(number)))) for number in range(3)]

    assert asyncio.run(arrived(new_bus(), queue, 3)) == ids


def test_two_threads_on_a_warm_client(new_bus: NewBus, queue: str) -> None:
    """Each thread has an event loop of its own; the client has been used in one that is closed now."""
    client = Client(new_bus())
    asyncio.run(client.publish(note(queue, "warm")))

    ids = in_threads(*(run(lambda: client.publish(note(queue, "cold"))) for _ in range(4)))

    assert all(isinstance(id_, str) for id_ in ids), ids
    found = asyncio.run(arrived(new_bus(), queue, 5))
    assert set(ids) <= set(found)


def test_a_thread_beside_the_event_loop_that_connected(new_bus: NewBus, queue: str) -> None:
    """The call is carried out where the connections live; the other loop waits for it."""
    client = Client(new_bus())

    async def beside() -> tuple[str, str]:
        here = await client.publish(note(queue, "here"))
        [there] = await asyncio.to_thread(in_threads, run(lambda: client.publish(note(queue, "there"))))
        return here, there

    ids = asyncio.run(beside())
    assert asyncio.run(arrived(new_bus(), queue, 2)) == list(ids)


def test_publish_many_takes_items_in_the_thread_that_has_them(new_bus: NewBus, queue: str) -> None:
    """What yields them may belong to it: a database cursor does."""
    client = Client(new_bus())
    threads: set[int] = set()

    def items() -> object:
        for number in range(700):
            threads.add(threading.get_ident())
            yield note(queue, str(number))

    async def beside() -> list[str]:
        await client.connect(queue)
        told: list[int] = []

        async def there() -> tuple[int, list[str], list[int]]:
            ids = await client.publish_many(items(), progress=told.append)  # type: ignore[arg-type]
            return threading.get_ident(), ids, told

        [(thread, ids, counts)] = await asyncio.to_thread(in_threads, run(there))
        assert threads == {thread}
        assert counts == [500, 700]
        return ids

    ids = asyncio.run(beside())
    assert asyncio.run(arrived(new_bus(), queue, 700)) == ids


def test_an_event_loop_that_does_not_run_is_told(new_bus: NewBus, queue: str) -> None:
    """Nobody can reach connections there; the message says what to do, and nothing hangs."""
    client = Client(new_bus())
    loop = asyncio.new_event_loop()
    loop.run_until_complete(client.publish(note(queue, "first")))

    [error] = in_threads(run(lambda: client.publish(note(queue, "second"))))

    assert isinstance(error, EventLoopError)
    assert "SyncClient" in str(error)
    loop.run_until_complete(client.close())
    asyncio.run(client.publish(note(queue, "third")))  # closed where it was: free to go on elsewhere
    loop.close()


def test_a_home_that_ends_meanwhile(new_bus: NewBus, queue: str) -> None:
    """The call is repeated, under the same id, in the loop that waits for it."""
    client = Client(new_bus())
    ended, go_on = threading.Event(), threading.Event()

    async def home() -> None:
        await client.connect(queue)
        ended.set()
        await asyncio.to_thread(go_on.wait, SECONDS)

    thread = threading.Thread(target=asyncio.run, args=(home(),), daemon=True)
    thread.start()
    assert ended.wait(SECONDS)

    async def elsewhere() -> str:
        async def slowly() -> str:
            if client.loop is not asyncio.get_running_loop():
                go_on.set()
                await asyncio.sleep(SECONDS)  # cancelled by the end of its loop
            return await client.publish(note(queue, "moved"))

        return await client._home.elsewhere(slowly)

    [id_] = in_threads(run(elsewhere))

    assert isinstance(id_, str), id_
    assert asyncio.run(arrived(new_bus(), queue, 1)) == [id_]


@pytest.mark.parametrize("way", ["asyncio.run", "sync_client"])
def test_a_plain_handler_publishes(new_bus: NewBus, queue: str, way: str) -> None:
    """A synchronous handler runs in a thread: it publishes over the worker's own connections."""
    told: list[str] = []
    worker = Boilermaker(told, new_bus(), queue=queue)

    @worker.task
    def first(state: list[str]) -> None:
        if way == "asyncio.run":
            asyncio.run(worker.apply_async(second, "by asyncio.run"))
        else:
            worker.sync_client.publish(worker.create_task(second, "by sync_client"))

    @worker.task
    async def second(state: list[str], text: str) -> None:
        state.append(text)
        worker.stop()

    async def work() -> None:
        await worker.publish_task(worker.create_task(first))
        async with asyncio.timeout(SECONDS):
            await worker.run(concurrency=2)

    asyncio.run(work())

    assert told == [f"by {way}"]


def test_a_worker_takes_its_client_along(new_bus: NewBus, queue: str) -> None:
    """Published from another thread's loop, then run here: callbacks leave from the worker's loop."""
    told: list[str] = []
    worker = Boilermaker(told, new_bus(), queue=queue)

    @worker.task
    async def step(state: list[str], text: str) -> None:
        state.append(text)
        if text == "last":
            worker.stop()

    worker.sync_client.publish(worker.create_task(step, "first") >> worker.create_task(step, "last"))

    async def work() -> None:
        async with asyncio.timeout(SECONDS):
            await worker.run()

    asyncio.run(work())

    assert told == ["first", "last"]
    worker.sync_client.close()


def test_publishing_while_it_is_closed(new_bus: NewBus, queue: str) -> None:
    """What connects again meanwhile lives where it was opened: publishing from another event loop works all the same."""
    client = Client(new_bus())

    async def close_and_publish() -> None:
        await client.publish(note(queue, "x"))
        await asyncio.gather(client.close(), client.publish(note(queue, "x")))
        ids = await asyncio.to_thread(in_threads, run(lambda: client.publish(note(queue, "x"))))
        assert isinstance(ids[0], str), ids
        await client.close()

    asyncio.run(close_and_publish())

    assert len(asyncio.run(arrived(new_bus(), queue, 3))) == 3
