"""Resolves `module:worker` on the command line to the `Boilermaker` that it names."""

import importlib
import os
import sys
import traceback
from pathlib import Path
from types import ModuleType
from typing import Any

import click

import boilermaker
from boilermaker.app import Boilermaker
from boilermaker.errors import BoilermakerError

_PACKAGE = str(Path(boilermaker.__file__).parent) + os.sep

argument = click.argument("target", metavar="MODULE:WORKER")


def find(target: str) -> Boilermaker[Any]:
    """Import the module, from the current folder or an installed package, and return its worker.

    Args:
        target: `module:attribute`; `module` alone if it contains only one worker.

    Raises:
        click.ClickException: the module or attribute does not exist, it is not a worker, or importing it fails.
    """
    name, _, path = target.partition(":")
    if not name or target.endswith(":"):
        raise click.BadParameter(
            f"{target!r} does not name a worker: use module:attribute, for example accounts.app:worker"
        )
    if "/" in name or name.endswith(".py"):
        dotted = name.removesuffix(".py").strip("./").replace("/", ".")
        raise click.BadParameter(f"{target!r} names a file: use the module, {dotted}:{path or 'worker'}")
    module = _import(name)
    if not path:
        return _only_worker_of(module)
    found: object = module
    for part in path.split("."):
        try:
            found = getattr(found, part)
        except AttributeError:
            raise click.ClickException(
                f"module {name!r} has no attribute {path!r}{_listing(module)}"
            ) from None
    if not isinstance(found, Boilermaker):
        raise click.ClickException(
            f"{target} is not a Boilermaker but of type {type(found).__name__}{_listing(module)}"
        )
    return found  # pyright: ignore[reportUnknownVariableType]  # the service chooses the state's type


def _import(name: str) -> ModuleType:
    # As `python -m` does: the service need not be installed.
    if "" not in sys.path and os.getcwd() not in sys.path:  # noqa: PTH109  # sys.path holds text
        sys.path.insert(0, os.getcwd())  # noqa: PTH109  # sys.path holds text
    try:
        return importlib.import_module(name)
    except ModuleNotFoundError as error:
        if error.name is not None and (name == error.name or name.startswith(f"{error.name}.")):
            raise click.ClickException(
                f"no module named {error.name!r}: run from the folder that contains it, or add that folder to PYTHONPATH"
            ) from None
        raise _failed(name, error) from error
    except Exception as error:
        raise _failed(name, error) from error


def _failed(name: str, error: Exception) -> click.ClickException:
    """The error in one line, followed by the user's own frames."""
    hidden = ["<frozen", __file__, importlib.__file__]
    if isinstance(error, BoilermakerError):  # its text is enough; our frames only help where we are wrong
        hidden.append(_PACKAGE)
    frames = traceback.extract_tb(error.__traceback__)
    own = [frame for frame in frames if not frame.filename.startswith(tuple(hidden))]
    shown = "".join(traceback.format_list(own))
    return click.ClickException(
        f"importing {name!r} failed: {type(error).__name__}: {error}\n{shown}".rstrip()
    )


def _workers_of(module: ModuleType) -> dict[str, Boilermaker[Any]]:
    return {name: value for name, value in vars(module).items() if isinstance(value, Boilermaker)}


def _only_worker_of(module: ModuleType) -> Boilermaker[Any]:
    workers = _workers_of(module)
    if len({id(worker) for worker in workers.values()}) == 1:
        return next(iter(workers.values()))
    raise click.ClickException(
        f"module {module.__name__!r} contains {'several workers' if workers else 'no worker'}: "
        f"name one as {module.__name__}:attribute{_listing(module)}"
    )


def _listing(module: ModuleType) -> str:
    names = sorted(_workers_of(module))
    return f"; workers in it: {', '.join(names)}" if names else ""
