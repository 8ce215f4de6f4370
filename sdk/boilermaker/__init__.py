"""Background work on Azure Service Bus, typed end to end.

This package exports the public names. Each is imported on first access (PEP 562), so that a producer that uses generated
stubs imports neither azure nor asyncio.
"""

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:  # for type checkers and editors: the same names, imported eagerly
    from boilermaker import attempt, errors, failure, retries
    from boilermaker.app import Boilermaker
    from boilermaker.client import Client, Scheduled, SyncClient
    from boilermaker.localbus.settings import QueueSettings
    from boilermaker.retries import NoRetry, RetryException, RetryMode, RetryPolicy
    from boilermaker.tasks.options import External, Limits
    from boilermaker.tasks.registrar import Tasks
    from boilermaker.transport.memory.bus import InMemoryServiceBus
    from boilermaker.transport.servicebus.bus import AzureServiceBus
    from boilermaker.workflow.ref import Arg, Ref
    from boilermaker.workflow.task import Chain, Task, chain

__version__ = "0.1.0"

__all__ = [
    "Arg",
    "AzureServiceBus",
    "Boilermaker",
    "Chain",
    "Client",
    "External",
    "InMemoryServiceBus",
    "Limits",
    "NoRetry",
    "QueueSettings",
    "Ref",
    "RetryException",
    "RetryMode",
    "RetryPolicy",
    "Scheduled",
    "SyncClient",
    "Task",
    "Tasks",
    "attempt",
    "chain",
    "errors",
    "failure",
    "retries",
]

_HOMES = {
    "Arg": "boilermaker.workflow.ref",
    "AzureServiceBus": "boilermaker.transport.servicebus.bus",
    "Boilermaker": "boilermaker.app",
    "Chain": "boilermaker.workflow.task",
    "Client": "boilermaker.client",
    "External": "boilermaker.tasks.options",
    "InMemoryServiceBus": "boilermaker.transport.memory.bus",
    "Limits": "boilermaker.tasks.options",
    "NoRetry": "boilermaker.retries",
    "QueueSettings": "boilermaker.localbus.settings",
    "Ref": "boilermaker.workflow.ref",
    "RetryException": "boilermaker.retries",
    "RetryMode": "boilermaker.retries",
    "RetryPolicy": "boilermaker.retries",
    "Scheduled": "boilermaker.client",
    "SyncClient": "boilermaker.client",
    "Task": "boilermaker.workflow.task",
    "Tasks": "boilermaker.tasks.registrar",
    "chain": "boilermaker.workflow.task",
}
_ROOMS = ("attempt", "errors", "failure", "retries")


if not TYPE_CHECKING:  # a type checker that saw it would treat every name as Any, misspelt ones included

    def __getattr__(name: str) -> Any:
        if name in _HOMES:
            found = getattr(importlib.import_module(_HOMES[name]), name)
        elif name in _ROOMS:
            found = importlib.import_module(f"boilermaker.{name}")
        else:
            raise AttributeError(f"module 'boilermaker' has no attribute {name!r}")
        globals()[name] = found
        return found


def __dir__() -> list[str]:
    return sorted([*globals(), *__all__])
