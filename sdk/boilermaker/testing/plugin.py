"""The pytest plugin, found by its entry point: the fixtures `bus`, `worker` and `published`.

Every run of pytest imports this where Boilermaker is installed: nothing is loaded before a fixture asks for it.
"""

import pkgutil
from collections.abc import Iterator
from typing import Any

import pytest

import boilermaker
from boilermaker import testing

_SETTING = "boilermaker_worker"


def pytest_addoption(parser: pytest.Parser) -> None:
    """Declare `boilermaker_worker`."""
    parser.addini(
        _SETTING,
        "module:name of the worker for the fixture `worker`, or of a function that makes one for a bus",
    )


@pytest.fixture
def bus() -> "boilermaker.InMemoryServiceBus":
    """A Service Bus in memory, new for each test. Override it to declare queues."""
    return boilermaker.InMemoryServiceBus()


@pytest.fixture
def published(bus: "boilermaker.InMemoryServiceBus") -> "testing.Published":
    """What `bus` accepts while the test runs."""
    return testing.Published(bus)


@pytest.fixture
def worker(
    bus: "boilermaker.InMemoryServiceBus", pytestconfig: pytest.Config
) -> "Iterator[boilermaker.Boilermaker[Any]]":
    """The service's worker on `bus`: the one that the setting `boilermaker_worker` names. Override it to make another.

    A worker that a module holds keeps its registrations and gets its own bus and state back after the test.
    """
    named: str = pytestconfig.getini(_SETTING)
    found = _find(named)
    if isinstance(found, boilermaker.Boilermaker):
        with testing.on_bus(found, bus) as rebound:  # pyright: ignore[reportUnknownVariableType, reportUnknownArgumentType]
            yield rebound
        return
    made = found(bus) if callable(found) else found
    if not isinstance(made, boilermaker.Boilermaker):
        pytest.fail(
            f"`{_SETTING} = {named}` names neither a worker nor a function that makes one for a bus, but a "
            f"`{type(made).__qualname__}`",
            pytrace=False,
        )
    yield made


def _find(named: str) -> Any:
    if not named:
        pytest.fail(
            f"which worker? Set `{_SETTING} = module:worker` in pytest's configuration, or write a fixture `worker`",
            pytrace=False,
        )
    try:
        return pkgutil.resolve_name(named)
    except (ValueError, AttributeError, ModuleNotFoundError) as error:
        pytest.fail(
            f"`{_SETTING} = {named}`: {error}. Name it as module:worker; the setting `pythonpath` makes modules importable",
            pytrace=False,
        )
