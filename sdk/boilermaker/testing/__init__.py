"""For tests of services that publish or run tasks: the extra `boilermaker-sdk[testing]`. The runtime imports none of it.

Values for any payload, a round trip of a whole stubs package in one line, and a pytest plugin with the fixtures `bus`,
`worker` and `published`. Loaded when first asked for, so that the plugin costs a run of pytest next to nothing.
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


if not TYPE_CHECKING:  # a checker that saw it would take any name for Any, misspelt ones too

    def __getattr__(name: str) -> Any:
        if name not in _HOMES:
            raise AttributeError(f"module 'boilermaker.testing' has no attribute {name!r}")
        found = getattr(importlib.import_module(_HOMES[name]), name)
        globals()[name] = found
        return found


def __dir__() -> list[str]:
    return sorted([*globals(), *__all__])
