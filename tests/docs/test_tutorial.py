"""The tutorial, typed as it stands: its files written, its commands run, what it shows compared with what comes."""

import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from boilermaker.localbus.server import LocalServiceBus

TUTORIAL = (Path(__file__).parents[2] / "docs" / "tutorial.md").read_text()
FILES = dict(re.findall(r'^```\w+ title="([\w./]+)"\n(.*?)^```$', TUTORIAL, re.MULTILINE | re.DOTALL))
SHOWN = dict(re.findall(r"^```console\n\$ (.*?)\n(.*?)^```$", TUTORIAL, re.MULTILINE | re.DOTALL))
DEADLINE_SECONDS = 60


def _python(folder: Path, *arguments: str, **environ: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, *arguments],
        cwd=folder,
        env={"PATH": os.environ["PATH"], "HOME": str(folder), "COLUMNS": "200", **environ},
        capture_output=True,
        text=True,
        check=False,
        timeout=DEADLINE_SECONDS,
    )


def _boilermaker(folder: Path, *arguments: str, **environ: str) -> "subprocess.CompletedProcess[str]":
    return _python(folder, "-c", "from boilermaker.cli import main; main()", *arguments, **environ)


@pytest.fixture
def service(tmp_path: Path) -> Path:
    """The second folder: the worker's service and its producer, with stubs."""
    (tmp_path / "service").mkdir()
    (tmp_path / "service" / "__init__.py").touch()
    for name in ("service/worker.py", "pyproject.toml", "send.py"):
        (tmp_path / name).write_text(FILES[name])
    done = _boilermaker(tmp_path, "stubs", "generate")
    assert SHOWN["boilermaker stubs generate"] == done.stdout, done.stderr
    return tmp_path


@pytest.fixture
def bus() -> Iterator[LocalServiceBus]:
    """What `boilermaker local` serves."""
    with LocalServiceBus(["greetings"]) as bus:
        yield bus


def test_a_task_in_memory(tmp_path: Path) -> None:
    """The first step prints what it shows."""
    (tmp_path / "greetings.py").write_text(FILES["greetings.py"])
    done = _python(tmp_path, "greetings.py")
    assert SHOWN["python greetings.py"] == done.stdout, done.stderr


def test_a_wrong_call_is_found_by_mypy(service: Path) -> None:
    """In the words that the tutorial shows, and the right call is not."""
    right = _python(service, "-m", "mypy", "--strict", "send.py", MYPYPATH="stubs")
    assert right.returncode == 0, right.stdout
    (service / "send.py").write_text(FILES["send.py"].replace("name=", "nmae="))
    wrong = _python(service, "-m", "mypy", "send.py", MYPYPATH="stubs")
    assert wrong.stdout.startswith(SHOWN["MYPYPATH=stubs mypy send.py"])


def test_the_worker_runs_what_the_producer_sends(service: Path, bus: LocalServiceBus) -> None:
    """Two processes that share no code but the stubs; then both checks for CI are content."""
    environ = {"SERVICE_BUS_CONNECTION_STRING": bus.connection_string}
    with subprocess.Popen(
        [
            sys.executable,
            "-uc",
            "from boilermaker.cli import main; main()",
            "worker",
            "service.worker:worker",
        ],
        cwd=service,
        env={"PATH": os.environ["PATH"], **environ},
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    ) as worker:
        try:
            sent = _python(service, "send.py", PYTHONPATH="stubs", **environ)
            assert re.fullmatch(r"[0-9a-f]{32}\n", sent.stdout), sent.stderr
            assert worker.stdout is not None
            assert worker.stdout.readline() == "Hello, Ada\n"
        finally:
            worker.send_signal(signal.SIGTERM)
    assert worker.returncode == 0

    for command in (("stubs", "check"), ("contract", "verify", "service.worker:worker")):
        done = _boilermaker(service, *command, **environ)
        assert done.returncode == 0, done.stdout + done.stderr
