"""The pytest plugin, found by its entry point: the fixtures `bus`, `worker` and `published`.

Every run of pytest imports this module if Boilermaker is installed, so nothing else is loaded before a fixture needs it.
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
        "module:name of the worker for the fixture `worker`, or of a function that creates one for a given bus",
    )


@pytest.fixture
def bus() -> "boilermaker.InMemoryServiceBus":
    """A Service Bus in memory, new for each test. Override it to declare queues."""
    return boilermaker.InMemoryServiceBus()


@pytest.fixture
def published(bus: "boilermaker.InMemoryServiceBus") -> "testing.Published":
    """The messages that `bus` accepts while the test runs."""
    return testing.Published(bus)


@pytest.fixture
def worker(
    bus: "boilermaker.InMemoryServiceBus", pytestconfig: pytest.Config
) -> "Iterator[boilermaker.Boilermaker[Any]]":
    """The service's worker on `bus`, named by the setting `boilermaker_worker`. Override it to use another.

    If the setting names a worker, it keeps its registrations, and its own bus and state are restored after the test.
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
            f"`{_SETTING} = {named}` must name a worker or a function that creates one for a given bus, not a "
            f"`{type(made).__qualname__}`",
            pytrace=False,
        )
    yield made


def _find(named: str) -> Any:
    if not named:
        pytest.fail(
            f"no worker configured: set `{_SETTING} = module:worker` in pytest's configuration, or define a fixture `worker`",
            pytrace=False,
        )
    try:
        return pkgutil.resolve_name(named)
    except (ValueError, AttributeError, ModuleNotFoundError) as error:
        pytest.fail(
            f"`{_SETTING} = {named}`: {error}. Use module:worker; the setting `pythonpath` makes modules importable",
            pytrace=False,
        )
