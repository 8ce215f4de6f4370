"""A local bus in a process of its own, so that it does not share the measured program's processor time slices."""

import contextlib
import re
import subprocess
import sys
from collections.abc import Iterator


@contextlib.contextmanager
def local_bus(*queues: str) -> Iterator[str]:
    """Run `boilermaker local` with these queues; yields its connection string."""
    command = [sys.executable, "-m", "boilermaker.cli", "local", "--port", "0"]
    for queue in queues:
        command += ["--queue", queue]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    try:
        yield _connection_string(process)
    finally:
        process.terminate()
        process.wait()


def _connection_string(process: "subprocess.Popen[str]") -> str:
    assert process.stdout is not None
    for line in process.stdout:
        if found := re.search(r"Endpoint=sb://\S+", line):
            return found.group().strip("'\"")
    raise RuntimeError("`boilermaker local` ended without a connection string")
