"""The command as its users run it: in a process of its own."""

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

Run = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture
def run(tmp_path: Path) -> Run:
    """Run `boilermaker` with arguments, in an empty folder of its own."""

    def boilermaker(*arguments: str, within: str = ".", **environ: str) -> "subprocess.CompletedProcess[str]":
        return subprocess.run(
            [sys.executable, "-m", "boilermaker.cli", *arguments],
            cwd=tmp_path / within,
            env={**os.environ, "COLUMNS": "100", **environ},
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )

    return boilermaker


@pytest.fixture
def write(tmp_path: Path) -> Callable[[str, str], Path]:
    """Write a file into the folder that `run` runs in."""

    def write_file(name: str, text: str) -> Path:
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        return path

    return write_file
