"""An old producer and a new worker, in processes of their own, over sockets: what becomes of a workflow under way."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from boilermaker.contract import Contract, from_json, task_digest
from boilermaker.localbus.server import LocalServiceBus
from boilermaker.localbus.settings import QueueSettings

DEADLINE_SECONDS = 30.0

OLD = """
from pathlib import Path

from boilermaker import AzureServiceBus, Boilermaker, retries

worker = Boilermaker(Path("seen.txt"), AzureServiceBus.from_env(), queue="accounts")


@worker.task(policy=retries.RetryPolicy(max_tries=3))
async def open_account(state: Path, number: int) -> int:
    with state.open("a") as file:
        file.write(f"tried {number}\\n")
    raise retries.RetryException("the ledger is closed", delay=3)


@worker.task(policy=retries.NoRetry())
async def notify(state: Path, account: int, text: str = "Hello") -> None: ...
"""

NEW = """
from pathlib import Path
from typing import Any

from boilermaker import AzureServiceBus, Boilermaker, Limits, Tasks, retries

tasks = Tasks()

worker = Boilermaker(
    Path("seen.txt"),
    AzureServiceBus.from_env(),
    queue="accounts",
    history="contracts",
    limits=Limits(put_off_seconds=(0.1,)),
)


def note(state: Path, text: str) -> None:
    with state.open("a") as file:
        file.write(text + "\\n")


@worker.task(policy=retries.NoRetry())
async def open_account(state: Path, name: str) -> int:
    note(state, f"opened {name}")
    return 7


@REGISTRAR.upcast("open_account", from_digest="DIGEST")
def name_of(old: dict[str, Any]) -> dict[str, Any]:
    return {"name": f"A-{old['number']}"}


@worker.task(policy=retries.NoRetry())
async def notify(state: Path, account: str, text: str = "Hello") -> None:
    note(state, f"{text} {account}")


worker.include(tasks)
"""

PRODUCER = """
import asyncio

import accounts_stubs
from boilermaker import AzureServiceBus, Client


async def publish() -> None:
    async with Client(AzureServiceBus.from_env()) as client:
        account = accounts_stubs.open_account(number=7)
        await client.publish(account >> accounts_stubs.notify(account=account.result))


asyncio.run(publish())
"""

PYPROJECT = """
[tool.boilermaker]
service = "accounts"
queue = "accounts"
source = ["src"]
package = "accounts_stubs"
output = "stubs"
history = "contracts"
"""


@pytest.fixture
def bus() -> Iterator[LocalServiceBus]:
    """One queue."""
    with LocalServiceBus([QueueSettings(name="accounts", lock_duration=timedelta(seconds=5))]) as bus:
        yield bus


class Place:
    """Where services, worker and producer are, and how they are run."""

    def __init__(self, folder: Path, bus: LocalServiceBus) -> None:
        self._folder = folder
        self._environ = {
            **os.environ,
            "SERVICE_BUS_CONNECTION_STRING": bus.connection_string,
            "SERVICE_BUS_QUEUE": "accounts",
            "PYTHONPATH": os.pathsep.join([str(folder / "src"), str(folder / "stubs")]),
        }
        (folder / "src").mkdir()
        (folder / "pyproject.toml").write_text(PYPROJECT)
        (folder / "producer.py").write_text(PRODUCER)

    def deploy(self, source: str) -> Contract:
        """Write the service's source, and generate its stubs."""
        (self._folder / "src" / "service.py").write_text(source)
        self.boilermaker("stubs", "generate")
        return from_json((self._folder / "stubs" / "accounts_stubs" / "contract.json").read_bytes())

    def boilermaker(self, *arguments: str) -> str:
        """What a command says."""
        return self._run("-m", "boilermaker.cli", *arguments)

    def produce(self) -> None:
        """Run the producer."""
        self._run("producer.py")

    def _run(self, *command: str) -> str:
        done = subprocess.run(
            [sys.executable, *command],
            cwd=self._folder,
            env=self._environ,
            capture_output=True,
            text=True,
            timeout=DEADLINE_SECONDS,
            check=False,
        )
        assert 0 == done.returncode, done.stderr
        return done.stdout

    def work_until(self, is_so: Callable[[], bool]) -> str:
        """Run a worker until something has come to pass; what it logged."""
        log = self._folder / "log.txt"
        command = [
            sys.executable,
            "-m",
            "boilermaker.cli",
            "worker",
            "service:worker",
            "--log-format",
            "json",
        ]
        with log.open("w") as file:
            process = subprocess.Popen(
                command, cwd=self._folder, env=self._environ, stdout=file, stderr=subprocess.STDOUT
            )
            try:
                deadline = time.monotonic() + DEADLINE_SECONDS
                while not is_so():  # another process: there is nothing to be woken by
                    assert time.monotonic() < deadline, log.read_text()
                    time.sleep(0.05)
                process.send_signal(signal.SIGTERM)
                process.wait(DEADLINE_SECONDS)
            finally:
                process.kill()
        return log.read_text()

    def seen(self) -> list[str]:
        """What handlers noted."""
        path = self._folder / "seen.txt"
        return path.read_text().splitlines() if path.exists() else []


@pytest.mark.timeout(180)
@pytest.mark.parametrize("registrar", ["worker", "tasks"])
def test_a_retry_and_a_later_step_of_an_old_contract_meet_the_new_worker(
    tmp_path: Path, bus: LocalServiceBus, registrar: str
) -> None:
    """The scheduled retry goes through the upcast; the step after it does not fit, and says which field changed."""
    place = Place(tmp_path, bus)
    old = place.deploy(OLD)
    place.produce()
    place.work_until(lambda: place.seen() == ["tried 7"] and bus.counts()["accounts"].scheduled == 1)

    new = place.deploy(
        NEW.replace("DIGEST", task_digest(old, "open_account")).replace("REGISTRAR", registrar)
    )
    log = place.work_until(lambda: bus.counts()["accounts"].dead_letter == 1)

    assert ["tried 7", "opened A-7"] == place.seen()
    for task in ("open_account", "notify"):
        digests = task_digest(old, task), task_digest(new, task)
        assert f"[{task}] Published for contract {digests[0]}, this worker has {digests[1]}" in log
    (letter,) = map(json.loads, place.boilermaker("dead-letters", "list", "--json").splitlines())
    assert ("notify", "InvalidPayload") == (letter["task"], letter["reason"])
    assert letter["description"].endswith(
        f"(published for contract {task_digest(old, 'notify')}, this worker has {task_digest(new, 'notify')}; "
        "first difference: account: a type was replaced by another (`int` to `str`))"
    )
