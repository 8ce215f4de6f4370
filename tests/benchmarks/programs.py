"""Starts what is measured, each in a process of its own, on a fresh local bus each time, near or far away."""

import contextlib
import json
import subprocess
import sys
import tempfile
from collections.abc import Generator
from pathlib import Path
from typing import IO, Any, NamedTuple

from tests.benchmarks.latency import Proxied, proxied
from tests.benchmarks.local import local_bus
from tests.legacy import environment

QUEUE = "bench"
_LIMIT_SECONDS = 600
_PEER = Path(__file__).with_name("peer_program.py")
_SETTINGS = f"{QUEUE}:dedup=10m"


class Site(NamedTuple):
    """A fresh bus, and the way to it that is measured."""

    near: str
    far: str
    proxy: Proxied | None


class Program(NamedTuple):
    """A program that runs, and the file that its log lines go to."""

    process: "subprocess.Popen[str]"
    log: IO[bytes]


@contextlib.contextmanager
def site(round_trip_seconds: float) -> Generator[Site]:
    """A fresh local bus; where there is a round trip, `far` goes through the proxy."""
    with local_bus(_SETTINGS) as near:
        if not round_trip_seconds:
            yield Site(near, near, None)
            return
        with proxied(near, round_trip_seconds) as proxy:
            yield Site(near, proxy.connection_string, proxy)


def start_ours(
    what: str, connection_string: str, count: int, *options: str, is_quiet: bool = False
) -> Program:
    """`worker_program`, started; see there for what it takes."""
    command = [sys.executable, "-m", "tests.benchmarks.worker_program", what, connection_string, QUEUE]
    quiet = ["--quiet"] if is_quiet else []
    return _start([*command, str(count), *quiet, *options])


def ours(
    what: str, connection_string: str, count: int, *options: str, is_quiet: bool = False
) -> dict[str, Any]:
    """What `worker_program` reports."""
    return result(start_ours(what, connection_string, count, *options, is_quiet=is_quiet))


def peer(what: str, connection_string: str, count: int, steps: int = 1) -> dict[str, Any]:
    """What boilermaker-servicebus reports."""
    command = [str(environment.old_python()), str(_PEER), what, connection_string, QUEUE, str(count)]
    return result(_start([*command, str(steps)]))


def has_peer() -> bool:
    """Whether boilermaker-servicebus is here, or can be installed."""
    try:
        environment.old_python()
    except environment.NotInstallableError:
        return False
    return True


def result(program: Program) -> dict[str, Any]:
    """What a program reports at its end.

    Raises:
        RuntimeError: it broke.
    """
    out, _ = program.process.communicate(timeout=_LIMIT_SECONDS)
    if program.process.returncode or not out:
        program.log.seek(0)
        said = program.log.read().decode(errors="replace")[-2000:]
        raise RuntimeError(f"{program.process.args!r} ended with {program.process.returncode}:\n{said}")
    return json.loads(out)  # type: ignore[no-any-return]


def rate(report: dict[str, Any]) -> float:
    """A second."""
    return float(report["count"] / report["seconds"])


def _start(command: list[str]) -> Program:
    log = tempfile.TemporaryFile()  # noqa: SIM115 - read when the program has ended
    return Program(subprocess.Popen(command, stdout=subprocess.PIPE, stderr=log, text=True), log)
