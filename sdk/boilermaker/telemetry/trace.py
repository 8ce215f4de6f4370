"""W3C trace context (https://www.w3.org/TR/trace-context/): carried from publisher to handler to what it publishes.

OpenTelemetry is asked only where the application has imported it already; nothing here depends on it.
"""

import sys
from collections.abc import Mapping
from contextvars import ContextVar

FIELDS = ("traceparent", "tracestate")

incoming: ContextVar[Mapping[str, str] | None] = ContextVar("boilermaker_trace", default=None)
"""The trace context of the message whose handler is running."""


def current() -> dict[str, str]:
    """The trace context to send along: OpenTelemetry's, else that of the message being handled; empty for none."""
    carrier: dict[str, str] = {}
    propagate = sys.modules.get("opentelemetry.propagate")
    if propagate is not None:
        propagate.inject(carrier)
    found = {name: carrier[name] for name in FIELDS if name in carrier}
    return found or dict(incoming.get() or {})


def of_properties(properties: Mapping[str, object]) -> dict[str, str]:
    """The trace context in a message's application properties."""
    return {name: value for name in FIELDS if isinstance(value := properties.get(name), str)}
