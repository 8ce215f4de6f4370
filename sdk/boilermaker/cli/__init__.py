"""The entry point of the `boilermaker` command. It needs no extra, so that it can say how to install the `cli` extra."""

import importlib
import sys

_NEEDED = {"click", "rich", "structlog"}


def main() -> None:
    """The function that the `boilermaker` script calls."""
    try:
        command = importlib.import_module("boilermaker.cli.command")
    except ModuleNotFoundError as error:
        if error.name not in _NEEDED:
            raise
        sys.exit(
            f"The command line needs {error.name}, which is not installed: pip install 'boilermaker-sdk[cli]'"
        )
    command.boilermaker(prog_name="boilermaker")
