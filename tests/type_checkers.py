"""mypy and pyright, strict, on one file of a temporary folder."""

import subprocess
import sys
from pathlib import Path


def _mypy(path: Path) -> str:
    arguments = ["-m", "mypy", "--strict", "--config-file=", "--cache-dir", str(path.parent / "cache")]
    return _run(*arguments, path.name, folder=path.parent)


def _pyright(path: Path) -> str:
    (path.parent / "pyrightconfig.json").write_text(
        '{"typeCheckingMode": "strict", "reportUnusedExpression": false}'
    )
    return _run("-m", "pyright", "--pythonpath", sys.executable, path.name, folder=path.parent)


def _run(*arguments: str, folder: Path) -> str:
    done = subprocess.run(
        [sys.executable, *arguments], cwd=folder, capture_output=True, text=True, timeout=110, check=False
    )
    return done.stdout + done.stderr


CHECKERS = {"mypy": _mypy, "pyright": _pyright}
