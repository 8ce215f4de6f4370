"""The package folder, whatever stands in it and whenever a run ends."""

import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from codegen.conftest import PYPROJECT, SERVICE, WriteProject

# The command line, in a process that is killed when it has renamed some files.
_KILLED = """
import os, pathlib, signal, sys
from boilermaker.cli import main

renamed = 0
rename = pathlib.Path.replace


def replace(path, target):
    global renamed
    if pathlib.Path(target).parent.name == "accounts_stubs":
        if renamed == 2:
            os.kill(os.getpid(), signal.SIGKILL)
        renamed += 1
    return rename(path, target)


pathlib.Path.replace = replace
sys.argv = ["boilermaker", "stubs", "generate", "--config", sys.argv[1]]
main()
"""
CHANGED = SERVICE.replace("email: str", "address: int")


def _stubs(command: str, config: Path) -> "subprocess.CompletedProcess[str]":
    program = [
        sys.executable,
        "-m",
        "boilermaker.cli",
        "stubs",
        command,
        "--no-cache",
        "--config",
        str(config),
    ]
    return subprocess.run(program, capture_output=True, text=True, check=False, timeout=60)


@pytest.fixture
def package(project: WriteProject, tmp_path: Path) -> Path:
    """A package that is up to date."""
    assert 0 == _stubs("generate", project()).returncode
    return tmp_path / "stubs" / "accounts_stubs"


def test_a_run_that_is_killed_between_two_renames_is_put_right_by_the_next(
    project: WriteProject, package: Path
) -> None:
    """`check` tells the mix; nothing that the killed run left stays."""
    config = project(service=CHANGED)
    killed = subprocess.run([sys.executable, "-c", _KILLED, str(config)], check=False, timeout=60)
    assert -signal.SIGKILL == killed.returncode
    left = list(package.glob(".boilermaker-*"))
    assert left
    mixed = _stubs("check", config)
    assert (1, True) == (mixed.returncode, "not as generated" in mixed.stderr)

    hour_ago = time.time() - 3600
    for path in left:
        os.utime(path, (hour_ago, hour_ago))
    assert 0 == _stubs("generate", config).returncode

    assert 0 == _stubs("check", config).returncode
    assert not list(package.glob(".boilermaker-*"))


def test_what_a_run_that_goes_on_has_written_stays(project: WriteProject, package: Path) -> None:
    """Another run may be about to rename it."""
    (package / ".boilermaker-x").write_text("")
    assert 0 == _stubs("generate", project(service=CHANGED)).returncode
    assert (package / ".boilermaker-x").exists()


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="this system has no named pipes")
@pytest.mark.parametrize(
    "name", ["accounts_stubs/tasks.py", "accounts_stubs/contract.json", "pyproject.toml"]
)
@pytest.mark.parametrize("command", ["generate", "check"])
def test_a_pipe_in_place_of_a_file_is_told(
    project: WriteProject, package: Path, name: str, command: str
) -> None:
    """Reading it would wait for ever."""
    pipe = package.parent / name
    pipe.unlink(missing_ok=True)
    os.mkfifo(pipe)

    done = _stubs(command, project(pyproject=f'{PYPROJECT}distribution = "accounts-stubs"\n'))

    assert 1 == done.returncode
    assert f"{pipe.name}: PACKAGE_NOT_WRITTEN: is in the way: a file of this name" in done.stderr


@pytest.mark.parametrize("command", ["generate", "check"])
def test_a_package_folder_that_is_a_link_is_not_followed(
    project: WriteProject, package: Path, tmp_path: Path, command: str
) -> None:
    """Files elsewhere would be written, and old ones removed."""
    elsewhere = tmp_path / "elsewhere"
    shutil.move(package, elsewhere)
    package.symlink_to(elsewhere)
    before = {path.name: path.read_bytes() for path in elsewhere.iterdir()}

    done = _stubs(command, project(service=CHANGED))

    assert 1 == done.returncode
    assert "accounts_stubs: PACKAGE_NOT_WRITTEN: is a symbolic link, which is not followed" in done.stderr
    assert before == {path.name: path.read_bytes() for path in elsewhere.iterdir()}


def test_an_output_that_is_a_link_is_followed(project: WriteProject, package: Path, tmp_path: Path) -> None:
    """The configuration names it."""
    shutil.move(package.parent, tmp_path / "elsewhere")
    package.parent.symlink_to(tmp_path / "elsewhere")
    config = project(service=CHANGED)

    assert 0 == _stubs("generate", config).returncode
    assert 0 == _stubs("check", config).returncode
