"""boilermaker-servicebus itself publishes, through its own connection pool; a worker of ours runs what it published."""

import asyncio
import json
import subprocess
from pathlib import Path

import pytest

from boilermaker.localbus.server import LocalServiceBus
from boilermaker.transport.servicebus.bus import AzureServiceBus
from legacy.service import BURIED, OF_MESSAGE, new_worker

HERE = Path(__file__).parent


@pytest.mark.timeout(600)  # the first time it is installed
async def test_a_live_queue_of_the_old_package_is_taken_over(old_python: Path) -> None:
    """Every task runs with its arguments and callbacks; what failed for good is buried; nothing is left over."""
    with LocalServiceBus(["moved"]) as local:
        done = await asyncio.to_thread(
            subprocess.run,
            [old_python, HERE / "publisher.py", local.connection_string, "moved"],
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert 0 == done.returncode, done.stderr
        bus = AzureServiceBus.from_connection_string(local.connection_string)
        worker = new_worker(bus, "moved")
        expected = sorted(repr(one) for seen in OF_MESSAGE.values() for one in seen)
        working = asyncio.create_task(worker.run())
        async with asyncio.timeout(60):
            queue = bus.receiver("moved")
            while await queue.peek(1):  # noqa: ASYNC110  # in another process: there is no event to wait for
                await asyncio.sleep(0.05)
        dead = await bus.receiver("moved/$deadletterqueue").peek(10)
        worker.stop()
        await working

    assert expected == sorted(map(repr, worker.state))
    assert sorted(BURIED.values()) == sorted(str(each.properties["DeadLetterReason"]) for each in dead)


def test_recorded_messages_are_what_the_package_writes(old_python: Path, tmp_path: Path) -> None:
    """Ids and times apart."""
    subprocess.run([old_python, HERE / "publisher.py", "--record", tmp_path], check=True, timeout=60)

    recorded = {path.name: _timeless(path) for path in HERE.joinpath("messages").iterdir()}
    assert recorded == {path.name: _timeless(path) for path in tmp_path.iterdir()}


def _timeless(path: Path) -> object:
    changing = {"task_id", "graph_id", "last_retry"}
    return json.loads(
        path.read_text(),
        object_hook=lambda found: {key: key in changing or value for key, value in found.items()},
    )
