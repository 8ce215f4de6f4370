"""The client for synchronous code: threads, forks, time limits, and calls from within an event loop."""

import asyncio
import os
import subprocess
import sys
import textwrap
import threading
from collections.abc import Callable

import pytest

from boilermaker import AzureServiceBus, Boilermaker, InMemoryServiceBus, SyncClient, Task
from boilermaker.errors import EventLoopError, PublishError, PublishManyError, WorkflowError
from boilermaker.localbus.server import LocalServiceBus
from boilermaker.transport.port import Bus
from client.scene import arrived, in_threads, note

NewBus = Callable[[], Bus]


def test_many_threads_share_one(new_bus: NewBus, queue: str) -> None:
    """Each publish returns once the bus has accepted it."""
    with SyncClient(new_bus()) as client:
        results = in_threads(
            *(lambda: [client.publish(note(queue, "x")) for _ in range(20)] for _ in range(4))
        )

    ids = [id_ for each in results for id_ in each]
    assert sorted(ids) == sorted(asyncio.run(arrived(new_bus(), queue, 80)))


def test_closing_lets_other_threads_finish(new_bus: NewBus, queue: str) -> None:
    """What they publish meanwhile arrives, and none of them hangs; the client connects again for each that comes after."""
    client = SyncClient(new_bus())
    client.publish(note(queue, "first"))
    published: list[str] = []
    threads = [
        threading.Thread(
            target=lambda: published.extend([client.publish(note(queue, "x")) for _ in range(8)]), daemon=True
        )
        for _ in range(3)
    ]
    for thread in threads:
        thread.start()
    while any(thread.is_alive() for thread in threads):
        client.close()
        threads[0].join(0.01)
        assert len(published) <= 24
    client.close()

    assert len(set(published)) == 24
    assert set(published) < set(asyncio.run(arrived(new_bus(), queue, 25)))


def test_publish_many(new_bus: NewBus, queue: str) -> None:
    """In order, told how far it is, under given ids."""
    told: list[int] = []
    given = [f"{queue}-{number}" for number in range(1200)]
    with SyncClient(new_bus()) as client:
        ids = client.publish_many((note(queue, id_) for id_ in given), ids=iter(given), progress=told.append)

    assert ids == given == asyncio.run(arrived(new_bus(), queue, 1200))
    assert told == [500, 1000, 1200]


def test_publish_many_tells_of_earlier_pieces(local: LocalServiceBus, queue: str) -> None:
    """What was published before the piece that failed is counted."""
    bus = AzureServiceBus.from_connection_string(local.connection_string)
    items = [note(queue, str(number)) for number in range(500)] + [note("nowhere", "x")]
    with SyncClient(bus) as client, pytest.raises(PublishManyError) as caught:
        client.publish_many(items)

    assert len(caught.value.published) == 500
    assert len(caught.value.refused) == 1


def test_errors_are_those_of_the_client(new_bus: NewBus, queue: str) -> None:
    """They come out in the calling thread."""
    with SyncClient(new_bus()) as client:
        with pytest.raises(ValueError, match="fewer ids"):
            client.publish_many([note(queue, "x")], ids=[])
        with pytest.raises(ValueError, match="a delay must be from 0"):
            client.publish(note(queue, "x"), delay=-1)
        with pytest.raises(WorkflowError):
            client.publish(Task.si(_unregistered))


def _unregistered(state: str) -> None: ...


def test_a_time_limit_names_the_id(local: LocalServiceBus, queue: str) -> None:
    """A bus that does not answer: the error says how to publish again safely."""
    with SyncClient(AzureServiceBus.from_connection_string(local.connection_string)) as client:
        client.connect(queue)
        with local.faults.add("send=lose,times=1"), pytest.raises(PublishError) as caught:
            client.publish(note(queue, "x"), id="limited", timeout=0.3)

    assert caught.value.id == "limited"
    assert caught.value.is_transient


def test_closed_and_used_again(new_bus: NewBus, queue: str) -> None:
    """It ends its thread and starts another."""
    client = SyncClient(new_bus())
    before = threading.active_count()
    client.publish(note(queue, "x"))
    client.close()
    client.close()
    assert threading.active_count() == before
    client.publish(note(queue, "y"))
    client.close()
    assert len(asyncio.run(arrived(new_bus(), queue, 2))) == 2


async def test_an_event_loop_does_not_wait_for_itself(queue: str) -> None:
    """Where the worker's own loop would have to carry it out, the call is refused."""
    worker = Boilermaker([], InMemoryServiceBus(), queue=queue)
    await worker.client.connect(queue)

    with pytest.raises(EventLoopError, match="await"):
        worker.sync_client.publish(note(queue, "x"))


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system does not fork")
def test_a_forked_process_connects_for_itself(local: LocalServiceBus, queue: str) -> None:
    """A prefork server makes its client before it forks; parent and children all publish."""
    program = textwrap.dedent(
        f"""
        import os, sys, warnings
        from boilermaker import AzureServiceBus, SyncClient
        from client.scene import note
        # Python 3.12 and later warn whoever forks while threads run, as the client's does: that is the case under test.
        warnings.filterwarnings(
            "ignore", r"This process \\(pid=\\d+\\) is multi-threaded, use of fork\\(\\)", DeprecationWarning
        )
        client = SyncClient(AzureServiceBus.from_connection_string({local.connection_string!r}))
        client.publish(note({queue!r}, "parent"))
        children = [os.fork() or client.publish(note({queue!r}, "child")) and os._exit(0) for _ in range(2)]
        codes = [os.waitpid(child, 0)[1] for child in children]
        client.publish(note({queue!r}, "parent again"))
        sys.exit(any(codes))
        """
    )

    done = _script(program)

    assert (0, "") == (done.returncode, done.stderr)
    found = asyncio.run(arrived(AzureServiceBus.from_connection_string(local.connection_string), queue, 4))
    assert len(found) == 4


def test_a_script_that_does_not_close_it_ends_quietly(local: LocalServiceBus, queue: str) -> None:
    """Nothing is printed, and what was published is there."""
    done = _script(
        f"""from boilermaker import AzureServiceBus, SyncClient
from client.scene import note
SyncClient(AzureServiceBus.from_connection_string({local.connection_string!r})).publish(note({queue!r}, "x"))
"""
    )

    assert (0, "", "") == (done.returncode, done.stdout, done.stderr)


def _script(program: str) -> "subprocess.CompletedProcess[str]":
    environ = {**os.environ, "PYTHONPATH": "tests", "PYTHONWARNINGS": "default"}
    return subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, timeout=60, check=False, env=environ
    )
