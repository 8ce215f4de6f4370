"""The examples of synchronous producers, each in a process of its own against the local bus."""

import asyncio
import json
import os
import socket
import subprocess
import sys
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from boilermaker import AzureServiceBus
from boilermaker.localbus.server import LocalServiceBus
from client.scene import SECONDS, arrived, in_threads

ROOT = Path(__file__).parents[2]
EXAMPLES = ROOT / "examples" / "synchronous"


@pytest.fixture
def accounts() -> Iterator[LocalServiceBus]:
    """A local bus with the queue that the stubs name."""
    with LocalServiceBus(["accounts"]) as bus:
        yield bus


def _environ(bus: LocalServiceBus) -> dict[str, str]:
    return {
        **os.environ,
        "PYTHONPATH": os.pathsep.join([str(ROOT / "stubs"), str(EXAMPLES)]),
        "SERVICE_BUS_CONNECTION_STRING": bus.connection_string,
    }


def _published(bus: LocalServiceBus, at_least: int) -> list[str]:
    return asyncio.run(
        arrived(AzureServiceBus.from_connection_string(bus.connection_string), "accounts", at_least)
    )


@contextmanager
def _served(bus: LocalServiceBus, *arguments: str, **environ: str) -> Iterator[int]:
    """A server in its own process; yields its port once it answers."""
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        port = found.getsockname()[1]
    command = [sys.executable, *(argument.replace("PORT", str(port)) for argument in arguments)]
    process = subprocess.Popen(
        command,
        env={**_environ(bus), **environ},
        cwd=EXAMPLES,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )
    try:
        asyncio.run(_listens(process, port))
        yield port
    finally:
        process.terminate()
        process.communicate(timeout=SECONDS)


async def _listens(process: "subprocess.Popen[bytes]", port: int) -> None:
    async with asyncio.timeout(SECONDS):
        while True:
            assert process.poll() is None, (process.communicate()[0] or b"").decode()
            try:
                _, writer = await asyncio.open_connection("127.0.0.1", port)
            except OSError:
                await asyncio.sleep(0.05)
            else:
                writer.close()
                return


def _post(port: int, **form: str) -> tuple[int, dict[str, object]]:
    data = urllib.parse.urlencode(form).encode()
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/users", data, timeout=SECONDS) as answer:
            return answer.status, json.load(answer)
    except urllib.error.HTTPError as error:
        with error:
            return error.code, json.loads(error.read() or b"{}")


def test_the_script(accounts: LocalServiceBus) -> None:
    """It publishes, says so, and ends."""
    done = subprocess.run(
        [sys.executable, EXAMPLES / "script.py", "a@example.org", "b@example.org"],
        env=_environ(accounts),
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=False,
    )

    assert (0, "published 2 workflows\n", "") == (done.returncode, done.stdout, done.stderr)
    assert len(_published(accounts, 2)) == 2


def test_flask_with_four_threads(accounts: LocalServiceBus) -> None:
    """Requests in threads, all at once: each has its workflow, and the ids are those in the queue."""
    with _served(accounts, "-m", "flask", "--app", "flask_app", "run", "--port", "PORT") as port:
        answers = in_threads(
            *(
                lambda n=n: [_post(port, email=f"u{n}-{i}@example.org", name="Ada") for i in range(10)]
                for n in range(4)
            )
        )

    statuses = {status for each in answers for status, _ in each}
    ids = {str(answer["workflow"]) for each in answers for _, answer in each}
    assert statuses == {202}
    assert ids == set(_published(accounts, 40))


def test_flask_says_that_the_bus_is_away(accounts: LocalServiceBus) -> None:
    """No bus: the request is answered within its time limit, with the id for another try."""
    with _served(accounts, "-m", "flask", "--app", "flask_app", "run", "--port", "PORT") as port:
        accounts.stop()
        status, answer = _post(port, email="a@example.org", name="Ada")

    assert status == 503
    assert answer["workflow"]


def test_django_publishes_what_was_committed(accounts: LocalServiceBus, tmp_path: Path) -> None:
    """Once for an address; never for what was rolled back."""
    arguments = ["django_app.py", "runserver", "--noreload", "PORT"]
    with _served(accounts, *arguments, DATABASE=str(tmp_path / "db.sqlite3")) as port:
        answers = [
            _post(port, email="a@example.org", name="Ada"),
            _post(port, email="a@example.org", name="Ada"),
            _post(port, email="b@example.invalid", name="Bob"),
            _post(port, email="c@example.org", name="Cid"),
        ]

    assert [202] * 4 == [status for status, _ in answers], answers
    assert len(_published(accounts, 2)) == 2
