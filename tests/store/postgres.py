"""A PostgreSQL server for tests, on a loopback port, where this machine has one installed."""

import os
import pwd
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path


class Missing(Exception):  # noqa: N818 - a reason to skip
    """There is no server; the text says why."""


@contextmanager
def server() -> Generator[str]:
    """The URL of a new and empty database.

    Raises:
        Missing: no server is installed, or it cannot be started.
    """
    binaries = sorted(Path("/usr/lib/postgresql").glob("*/bin")) or [
        Path(shutil.which("initdb") or "").parent
    ]
    if not (binaries[-1] / "initdb").exists():
        raise Missing("no PostgreSQL server is installed")
    folder = Path(tempfile.mkdtemp(prefix="postgres-"))  # the path of a socket must be short
    user = _unprivileged(folder)
    try:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        control = [str(binaries[-1] / "pg_ctl"), "--pgdata", str(folder / "data"), "--wait"]
        _run(user, [*control, "initdb", "-o", "--auth=trust --username=tests --no-sync"])
        options = f"-p {port} -h 127.0.0.1 -k {folder} -F"
        _run(user, [*control, "--log", str(folder / "log"), "-o", options, "start"])
        try:
            yield f"postgresql+psycopg://tests@127.0.0.1:{port}/postgres"
        finally:
            _run(user, [*control, "--mode=immediate", "stop"])
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _unprivileged(folder: Path) -> str | None:
    """PostgreSQL does not run as root; its package brings a user."""
    if os.geteuid():
        return None
    try:
        user = pwd.getpwnam("postgres")
    except KeyError:
        raise Missing("PostgreSQL does not run as root, and there is no user postgres") from None
    os.chown(folder, user.pw_uid, user.pw_gid)
    return "postgres"


def _run(user: str | None, command: list[str]) -> None:
    try:
        subprocess.run(command, user=user, check=True, capture_output=True, timeout=60, cwd="/")
    except (OSError, subprocess.SubprocessError) as error:
        raise Missing(f"PostgreSQL cannot be started: {error}") from error
