"""Helpers for tests of services that publish or run tasks: the extra `boilermaker-sdk[testing]`. The runtime does not use it.

It generates values for any payload, tests a whole stubs package for round trips, and has a pytest plugin with the fixtures
`bus`, `worker` and `published`. Modules are loaded on first use, so that the plugin barely slows pytest down.
"""

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:  # for type checkers and editors: the same names, eagerly
    from boilermaker.testing.published import Published, PublishedStep, PublishedTask
    from boilermaker.testing.rebinding import on_bus
    from boilermaker.testing.roundtrips import round_trips, tasks
    from boilermaker.testing.strategies import arguments, values

__all__ = [
    "Published",
    "PublishedStep",
    "PublishedTask",
    "arguments",
    "on_bus",
    "round_trips",
    "tasks",
    "values",
]

_HOMES = {
    "Published": "boilermaker.testing.published",
    "PublishedStep": "boilermaker.testing.published",
    "PublishedTask": "boilermaker.testing.published",
    "arguments": "boilermaker.testing.strategies",
    "on_bus": "boilermaker.testing.rebinding",
    "round_trips": "boilermaker.testing.roundtrips",
    "tasks": "boilermaker.testing.roundtrips",
    "values": "boilermaker.testing.strategies",
}


if not TYPE_CHECKING:  # a checker that sees it would accept any name as Any, misspelt ones too

    def __getattr__(name: str) -> Any:
        if name not in _HOMES:
            raise AttributeError(f"module 'boilermaker.testing' has no attribute {name!r}")
        found = getattr(importlib.import_module(_HOMES[name]), name)
        globals()[name] = found
        return found


def __dir__() -> list[str]:
    return sorted([*globals(), *__all__])
