"""The `boilermaker` command. Only this door is open without the `cli` extra, to say how to get it."""

import importlib
import sys

_NEEDED = {"click", "rich", "structlog"}


def main() -> None:
    """What the `boilermaker` script calls."""
    try:
        command = importlib.import_module("boilermaker.cli.command")
    except ModuleNotFoundError as error:
        if error.name not in _NEEDED:
            raise
        sys.exit(
            f"The command line needs {error.name}, which is not installed: pip install 'boilermaker-sdk[cli]'"
        )
    command.boilermaker(prog_name="boilermaker")
