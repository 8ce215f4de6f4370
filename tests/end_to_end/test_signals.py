"""Signals and the end of worker processes: forked children, groups, servers around the worker, lifespans that hang."""

import contextlib
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from boilermaker.localbus.server import LocalServiceBus

_SERVICE = """
import asyncio
import contextlib
import os
import sys
import time
from pathlib import Path

from boilermaker import AzureServiceBus, Boilermaker, retries

SEEN = Path("seen.txt")


def note(text):
    with SEEN.open("a") as file:
        file.write(text + "\\n")


@contextlib.asynccontextmanager
async def lifespan():
    yield None
    if Path("hang.txt").exists():
        note("lifespan ends")
        while True:
            try:
                await asyncio.sleep(3600)
            except asyncio.CancelledError:
                if Path("hang.txt").read_text() != "for ever":
                    raise


worker = Boilermaker(bus=AzureServiceBus.from_env(), lifespan=lifespan, queue="jobs")


async def until_word():
    while not Path("word.txt").exists():
        await asyncio.sleep(0.02)


@worker.task(policy=retries.NoRetry())
async def fork(state) -> None:
    children = []
    for _ in range(3):
        child = os.fork()
        if not child:
            with contextlib.suppress(BaseException):
                note(f"child {os.getpid()}")
                time.sleep(60)
            os._exit(7)
        children.append(child)
    await until_word()
    for child in children:
        await asyncio.to_thread(os.waitpid, child, 0)
    note("done")


@worker.task(policy=retries.NoRetry())
async def fork_and_reap(state) -> None:
    child = os.fork()
    if not child:
        time.sleep(60)
        os._exit(7)
    note(f"child {child}")
    _, status = await asyncio.to_thread(os.waitpid, child, 0)
    note(f"ended by {os.WTERMSIG(status)}")


@worker.task(policy=retries.NoRetry())
async def leave(state) -> None:
    async def child():
        sys.exit(0)

    await asyncio.create_task(child())


@worker.task(policy=retries.NoRetry())
async def forget(state, card: str) -> None:
    async def child():
        raise ValueError(f"no such card: {card}")

    task = asyncio.create_task(child())
    await asyncio.sleep(0.05)
    del task


@worker.task(policy=retries.NoRetry())
async def greet(state) -> None:
    note("hello")


if __name__ == "__main__":
    async def publish():
        async with worker:
            await worker.publish_task(worker.create_task(globals()[sys.argv[1]], *sys.argv[2:]))

    asyncio.run(publish())
"""

_WEB = """
import asyncio
import contextlib
import signal

import service


@contextlib.asynccontextmanager
async def lifespan():
    async with asyncio.TaskGroup() as group:
        group.create_task(service.worker.run())
        yield
        service.worker.stop()


async def app(scope, receive, send):
    if scope["type"] == "lifespan":
        await receive()
        async with lifespan():
            await send({"type": "lifespan.startup.complete"})
            await receive()
        service.note("web ends")
        await send({"type": "lifespan.shutdown.complete"})
        return
    await asyncio.sleep(0.5)
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": b"answer"})
"""


class Scene:
    """A folder with a service, a bus, and what the service has noted."""

    def __init__(self, folder: Path, bus: LocalServiceBus) -> None:
        self.folder, self.bus = folder, bus
        (folder / "service.py").write_text(_SERVICE)
        (folder / "web.py").write_text(_WEB)
        self.environment = {**os.environ, "SERVICE_BUS_CONNECTION_STRING": bus.connection_string}

    def publish(self, *what: str) -> None:
        """One job."""
        subprocess.run(
            [sys.executable, "service.py", *what],
            cwd=self.folder,
            env=self.environment,
            check=True,
            timeout=20,
        )

    @contextlib.contextmanager
    def process(self, *command: str) -> Iterator["subprocess.Popen[str]"]:
        """A process in a group of its own."""
        with subprocess.Popen(
            [sys.executable, "-m", *command],
            cwd=self.folder,
            env=self.environment,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        ) as process:
            try:
                yield process
            finally:
                with contextlib.suppress(ProcessLookupError):
                    os.killpg(process.pid, signal.SIGKILL)

    def worker(self) -> "contextlib.AbstractContextManager[subprocess.Popen[str]]":
        """`boilermaker worker`."""
        return self.process("boilermaker.cli", "worker", "service:worker")

    def seen(self) -> list[str]:
        """What the service has noted."""
        path = self.folder / "seen.txt"
        return path.read_text().splitlines() if path.exists() else []

    def until(self, is_so: Callable[[], bool]) -> None:
        """Wait for another process: there is nothing to be woken by."""
        deadline = time.monotonic() + 20
        while not is_so():
            assert time.monotonic() < deadline, f"it did not come to pass: {self.seen()}"
            time.sleep(0.02)


@pytest.fixture
def scene(tmp_path: Path) -> Iterator[Scene]:
    """A service beside a bus."""
    with LocalServiceBus(["jobs"]) as bus:
        yield Scene(tmp_path, bus)


def _end(process: "subprocess.Popen[str]", number: signal.Signals = signal.SIGTERM) -> tuple[int, str]:
    process.send_signal(number)
    _, told = process.communicate(timeout=20)
    return process.returncode, told


def test_a_signal_to_a_forked_child_ends_the_child_and_not_the_worker(scene: Scene) -> None:
    """The worker goes on to the next job."""
    scene.publish("fork_and_reap")
    with scene.worker() as process:
        scene.until(lambda: bool(scene.seen()))
        os.kill(int(scene.seen()[0].split()[1]), signal.SIGTERM)
        scene.until(lambda: len(scene.seen()) == 2)
        scene.publish("greet")
        scene.until(lambda: len(scene.seen()) == 3)
        status, _ = _end(process)
    assert scene.seen()[1:] == ["ended by 15", "hello"]
    assert status == 0


def test_an_interrupt_to_the_whole_group_counts_once(scene: Scene) -> None:
    """As Ctrl-C in a terminal: the worker and three children get it, and the running handler may finish."""
    scene.publish("fork")
    with scene.worker() as process:
        scene.until(lambda: len(scene.seen()) == 3)
        os.killpg(process.pid, signal.SIGINT)
        time.sleep(0.5)
        assert process.poll() is None
        (scene.folder / "word.txt").touch()
        _, told = process.communicate(timeout=20)
    assert scene.seen()[-1] == "done"
    assert process.returncode == 0, told


def test_system_exit_in_a_task_of_a_handler_does_not_end_the_worker(scene: Scene) -> None:
    """The handler that awaits the task gets it, and has failed; the next job runs."""
    scene.publish("leave")
    with scene.worker() as process:
        scene.until(lambda: scene.bus.counts()["jobs"].dead_letter == 1)
        scene.publish("greet")
        scene.until(lambda: scene.seen() == ["hello"])
        status, told = _end(process)
    assert status == 0
    assert "An asyncio task that a handler started raised SystemExit; the worker continues" in told


def test_an_exception_that_nobody_retrieves_is_told_without_values(scene: Scene) -> None:
    """Asyncio's own line quotes it."""
    scene.publish("forget", "4111-1111")
    with scene.worker() as process:
        scene.until(lambda: scene.bus.counts()["jobs"].active == 0)
        scene.publish("greet")
        scene.until(lambda: scene.seen() == ["hello"])
        _, told = _end(process)
    assert "Task exception was never retrieved in `forget.<locals>.child`" in told
    assert "ValueError" in told
    assert "4111" not in told


def test_a_second_signal_cancels_a_lifespan_that_hangs(scene: Scene) -> None:
    """The first one let the worker finish."""
    (scene.folder / "hang.txt").touch()
    scene.publish("greet")
    with scene.worker() as process:
        scene.until(lambda: scene.seen() == ["hello"])
        process.send_signal(signal.SIGTERM)
        scene.until(lambda: scene.seen()[-1] == "lifespan ends")
        status, told = _end(process)
    assert status == 3
    assert "The lifespan was cancelled before its end" in told


def test_a_third_signal_ends_the_process(scene: Scene) -> None:
    """Also where the lifespan ignores that it is cancelled."""
    (scene.folder / "hang.txt").write_text("for ever")
    scene.publish("greet")
    with scene.worker() as process:
        scene.until(lambda: scene.seen() == ["hello"])
        process.send_signal(signal.SIGTERM)
        scene.until(lambda: scene.seen()[-1] == "lifespan ends")
        process.send_signal(signal.SIGTERM)
        time.sleep(0.3)
        assert process.poll() is None
        status, _ = _end(process)
    assert status == -signal.SIGTERM


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_worker_within_a_server_leaves_signals_to_it(scene: Scene, number: signal.Signals) -> None:
    """Uvicorn finishes the request that is under way, then its lifespan stops the worker: one signal ends all of it."""
    scene.publish("greet")
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    with scene.process("uvicorn", "web:app", "--port", str(port), "--log-level", "warning") as process:
        scene.until(lambda: scene.seen() == ["hello"])
        with subprocess.Popen(
            [sys.executable, "-c", _GET.format(port=port)], stdout=subprocess.PIPE, text=True
        ) as request:
            assert request.stdout is not None
            assert request.stdout.readline() == "sent\n"
            time.sleep(0.1)
            _, told = _end(process, number)
            assert request.stdout.readline() == "b'answer'\n"
    assert scene.seen() == ["hello", "web ends"]
    assert "Traceback" not in told
    counts = scene.bus.counts()["jobs"]
    assert (counts.active, counts.locked, counts.dead_letter) == (0, 0, 0)


_GET = """
import http.client
asked = http.client.HTTPConnection("127.0.0.1", {port}, timeout=10)
asked.request("GET", "/")
print("sent", flush=True)
print(asked.getresponse().read(), flush=True)
"""
