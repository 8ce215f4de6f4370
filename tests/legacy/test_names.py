"""Every public name of boilermaker-servicebus 1.4.1 has its row in the guide for those who move; what lives on works."""

import re
import subprocess
from pathlib import Path

import pytest

import boilermaker
from boilermaker import AzureServiceBus, Boilermaker, InMemoryServiceBus, retries
from boilermaker.errors import TaskBuildError

PAGE = Path(__file__).parents[2] / "docs" / "how-to" / "move-from-1x.md"

NAMES = """
import boilermaker, importlib, inspect, pkgutil
walked = pkgutil.walk_packages(boilermaker.__path__, "boilermaker.")
for module in [boilermaker, *(importlib.import_module(each.name) for each in walked)]:
    if any(part.startswith("_") for part in module.__name__.split(".")):
        continue
    for name, value in vars(module).items():
        if name.startswith("_") or inspect.ismodule(value):
            continue
        if name in getattr(module, "__all__", ()) or getattr(value, "__module__", None) == module.__name__:
            print(name)
for name in vars(boilermaker.Boilermaker):
    if not name.startswith("_"):
        print("Boilermaker." + name)
"""
CONSTANTS = {"DEFAULT_MAX_TRIES", "MAX_REASONABLE_RETRIES", "MAX_BACKOFF_SECONDS", "TASK_NAME"}


def test_each_name_has_a_row(old_python: Path) -> None:
    """Classes, functions and methods of the worker, as the installed package has them; and no row is about nothing."""
    done = subprocess.run([old_python, "-c", NAMES], capture_output=True, text=True, timeout=60, check=True)
    names = set(done.stdout.split())
    table = PAGE.read_text().partition("## Every public name of 1.4")[2].partition("\n## ")[0]
    cells = [row.split("|")[1] for row in table.splitlines() if row.startswith("| `")]
    told = {name for cell in cells for name in re.findall(r"`([^`]+)`", cell)}

    assert len(names) > 50
    assert (set(), set()) == (names - told, told - names - CONSTANTS)


def test_names_that_live_on() -> None:
    """Imports of the face of 1.x that mean the same here."""
    for name in ("Boilermaker", "NoRetry", "RetryException", "RetryPolicy", "Task"):
        assert name in boilermaker.__all__
        assert getattr(boilermaker, name)
    assert boilermaker.RetryMode is retries.RetryMode


def test_retry_exceptions_that_live_on() -> None:
    """Each asks for a retry under the policy that its name says."""
    assert retries.RetryExceptionDefault("x").policy == retries.RetryPolicy.default()
    linear = retries.RetryExceptionDefaultLinear("x", delay=3, max_tries=2).policy
    assert linear == retries.RetryPolicy(2, 3, retry_mode=retries.RetryMode.Linear)
    exponential = retries.RetryExceptionDefaultExponential("x", delay_max=3600).policy
    assert exponential == retries.RetryPolicy(delay_max=3600, retry_mode=retries.RetryMode.Exponential)


def test_options_among_the_arguments_are_told() -> None:
    """1.x took them there: the error says where they go."""
    worker = Boilermaker([], InMemoryServiceBus())

    @worker.task
    async def work(state: list[str], x: int) -> None: ...

    with pytest.raises(TaskBuildError, match=r"\.options\(policy=\.\.\.\)"):
        worker.create_task(work, 1, policy=retries.NoRetry())  # type: ignore[call-overload]


def test_the_queue_of_1x_is_read() -> None:
    """Its environment variable counts where ours is not set."""
    key = "SharedAccessKeyName=n;SharedAccessKey=k"
    address = {"SERVICE_BUS_CONNECTION_STRING": f"Endpoint=sb://a.b/;{key}"}
    assert AzureServiceBus.from_env({**address, "SERVICE_BUS_QUEUE_NAME": "old"}).default_queue == "old"
    both = {**address, "SERVICE_BUS_QUEUE_NAME": "old", "SERVICE_BUS_QUEUE": "new"}
    assert AzureServiceBus.from_env(both).default_queue == "new"
