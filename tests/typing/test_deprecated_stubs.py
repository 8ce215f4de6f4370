"""Deprecated tasks are told where they are used, not in the package that hands them on."""

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parents[1] / "codegen/cases/deprecated/expected/deprecated_stubs"
PROGRAM = """
import deprecated_stubs
from deprecated_stubs import create_user

create_user(email="a@b.org")
deprecated_stubs.make_user(email="a@b.org")
"""
MYPY = [
    "mypy",
    "--strict",
    "--config-file=",
    "--enable-error-code=deprecated",
    "program.py",
    "deprecated_stubs",
]
PYRIGHT = ["pyright", "--pythonpath", sys.executable, "program.py", "deprecated_stubs"]


@pytest.mark.parametrize(
    ("command", "error"),
    [
        (MYPY, r"(?m)^(\S+?):(\d+): error: .*deprecated"),
        (PYRIGHT, r"(?m)/([^/]+):(\d+):\d+ - error: .*deprecated"),
    ],
    ids=["mypy", "pyright"],
)
def test_a_checker_that_looks_for_deprecated_functions_finds_their_uses_alone(
    tmp_path: Path, command: list[str], error: str
) -> None:
    """With mypy's `deprecated` and pyright's `reportDeprecated`: the call is an error, the generated `__init__.py` is none."""
    shutil.copytree(PACKAGE, tmp_path / PACKAGE.name)
    (tmp_path / "program.py").write_text(PROGRAM)
    (tmp_path / "pyrightconfig.json").write_text(
        '{"typeCheckingMode": "strict", "reportDeprecated": "error"}'
    )
    done = subprocess.run(
        [sys.executable, "-m", *command],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=110,
        check=False,
    )

    assert [("program.py", "6")] == re.findall(error, done.stdout), done.stdout + done.stderr
    assert len(re.findall(r"\berror: ", done.stdout)) == 1, done.stdout
