"""The root command: help, version, and subcommands that may not be there."""

import subprocess
import sys
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path

import pytest

Run = Callable[..., "subprocess.CompletedProcess[str]"]
Write = Callable[[str, str], Path]


def test_help_lists_what_there_is(run: Run) -> None:
    """Each subcommand with a line on what it is for."""
    done = run("--help")

    assert done.returncode == 0
    for command in ("contract", "local", "stubs", "worker"):
        assert f"\n  {command} " in done.stdout


def test_what_turns_completion_on_can_be_copied_from_the_help(run: Run) -> None:
    """A line for each shell, whole on a terminal of 80 columns: broken in two, a shell sets a variable and no more."""
    lines = [line.strip() for line in run("--help", COLUMNS="80").stdout.splitlines()]

    for shell in ("bash", "zsh"):
        assert f'{shell:<5} eval "$(_BOILERMAKER_COMPLETE={shell}_source boilermaker)"' in lines
    assert "fish  _BOILERMAKER_COMPLETE=fish_source boilermaker | source" in lines


@pytest.mark.parametrize("group", [(), ("contract",), ("dead-letters",), ("stubs",)])
def test_lists_of_commands_are_not_cut_off(run: Run, group: tuple[str, ...]) -> None:
    """On a terminal of 80 columns each line ends as it was meant to."""
    _, _, commands = run(*group, "--help", COLUMNS="80").stdout.partition("\nCommands:\n")

    assert commands
    assert "..." not in commands


def test_the_version_is_that_of_the_distribution(run: Run) -> None:
    """One number, kept in one place."""
    assert f"boilermaker {version('boilermaker-sdk')}\n" == run("--version").stdout


def test_an_unknown_command_is_named(run: Run) -> None:
    """Exit status 2, as for any wrong use."""
    done = run("wroker")

    assert done.returncode == 2
    assert "wroker" in done.stderr


@pytest.mark.parametrize(
    ("entry_point", "reason"),
    [
        ("no_such_package:command", "No module named 'no_such_package'"),
        ("broken:command", "RuntimeError: broken on purpose"),
        ("odd:command", "is not a click command"),
        ("odd:absent", "AttributeError"),
    ],
)
def test_a_plugin_that_cannot_be_loaded_says_why(
    run: Run, write: Write, entry_point: str, reason: str
) -> None:
    """In one line, without a traceback, whatever it is called with; the other commands go on."""
    write("broken.py", "raise RuntimeError('broken on purpose')\n")
    write("odd.py", "command = 1\n")
    write("plugin-1.0.dist-info/METADATA", "Metadata-Version: 2.1\nName: plugin\nVersion: 1.0\n")
    folder = write(
        "plugin-1.0.dist-info/entry_points.txt", f"[boilermaker.commands]\nextra = {entry_point}\n"
    )
    path = str(folder.parent.parent)

    done = run("extra", "--some", "option", PYTHONPATH=path)

    assert done.returncode == 1
    assert "Error: `boilermaker extra` cannot be loaded" in done.stderr
    assert reason in done.stderr
    assert "Traceback" not in done.stderr
    assert run("--help", PYTHONPATH=path).returncode == 0


@pytest.mark.parametrize(
    ("command", "missing", "extra"),
    [("stubs", "libcst", "codegen"), ("stubs", "jinja2", "codegen"), ("local", "proton", "local")],
)
def test_a_command_whose_extra_is_missing_says_which(command: str, missing: str, extra: str) -> None:
    """The line to type, not an ImportError."""
    done = _without(missing, command)

    assert done.returncode == 1
    assert f"needs {missing}: pip install 'boilermaker-sdk[{extra}]'" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("missing", ["click", "structlog"])
def test_the_base_install_says_how_to_get_the_command_line(missing: str) -> None:
    """The script is there with the base install, what it needs is not."""
    done = _without(missing, "worker", "app:worker")

    assert done.returncode == 1
    assert "pip install 'boilermaker-sdk[cli]'" in done.stderr
    assert "Traceback" not in done.stderr


def _without(module: str, *arguments: str) -> "subprocess.CompletedProcess[str]":
    """The command where a module is not installed."""
    program = (
        f"import sys\nsys.modules[{module!r}] = None\nsys.argv = ['boilermaker', *{list(arguments)!r}]\n"
        "from boilermaker.cli import main\nmain()\n"
    )
    return subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, timeout=60, check=False
    )
