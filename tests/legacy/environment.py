"""boilermaker-servicebus in an environment of its own: it is called `boilermaker` as ours is."""

import fcntl
import subprocess
import sys
from pathlib import Path

VERSION = "1.4.1"


class NotInstallableError(Exception):
    """The package index cannot be reached, and no environment was made before."""


def old_python() -> Path:
    """The Python of that environment; made once and kept beside our own packages.

    Raises:
        NotInstallableError: it cannot be made here.
    """
    folder = Path(sys.prefix, f"boilermaker-servicebus-{VERSION}")
    python, ready = folder / "bin" / "python", folder / "ready"
    folder.mkdir(exist_ok=True)
    with (folder / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # tests run in several processes
        if not ready.exists():
            subprocess.run([sys.executable, "-m", "venv", folder], check=True)
            install = [python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
            done = subprocess.run(
                [*install, f"boilermaker-servicebus=={VERSION}"], check=False, capture_output=True, text=True
            )
            if done.returncode:
                raise NotInstallableError(
                    f"boilermaker-servicebus cannot be installed here: {done.stderr.strip()[-300:]}"
                )
            ready.touch()
    return python
