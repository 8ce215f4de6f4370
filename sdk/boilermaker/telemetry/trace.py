"""W3C trace context (https://www.w3.org/TR/trace-context/): propagated from publisher to handler to what it publishes.

OpenTelemetry is used only if the application has imported it; it is not a dependency.
"""

import importlib
import re
import sys
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

FIELDS = ("traceparent", "tracestate")

incoming: ContextVar[Mapping[str, str] | None] = ContextVar("boilermaker_trace", default=None)
"""The trace context of the message whose handler is running."""


def current() -> dict[str, str]:
    """The trace context to publish with: OpenTelemetry's, otherwise that of the message being handled; empty if none."""
    carrier: dict[str, str] = {}
    propagate = _propagate()
    if propagate is not None:
        propagate.inject(carrier)
    found = {name: carrier[name] for name in FIELDS if name in carrier}
    return found or dict(incoming.get() or {})


_is_parent = re.compile(r"[0-9a-f]{2}-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}(-[!-~]{0,200})?").fullmatch
_is_state = re.compile(r"[ -~\t]{0,512}").fullmatch  # "at least 512 characters" are to be propagated


def _propagate() -> Any:
    """OpenTelemetry's propagators if the application uses it, otherwise None."""
    found = sys.modules.get("opentelemetry.propagate")
    if found is None and "opentelemetry.context" in sys.modules:
        found = importlib.import_module("opentelemetry.propagate")
    return found


@contextmanager
def continued(carried: Mapping[str, str]) -> Generator[None, None, None]:
    """Continue this trace context in everything that is published, and every span that is opened, within the context."""
    token = incoming.set(carried)
    context, propagate = sys.modules.get("opentelemetry.context"), _propagate()
    if context is None or propagate is None or not carried:
        try:
            yield
        finally:
            incoming.reset(token)
        return
    attached = context.attach(propagate.extract(carried))
    try:
        yield
    finally:
        context.detach(attached)
        incoming.reset(token)


def trace_id(carried: Mapping[str, str]) -> str | None:
    """The trace id in a trace context, 32 hex digits; None if there is none."""
    parent = carried.get("traceparent", "")
    return parent[3:35] if _is_parent(parent) else None


def of_properties(properties: Mapping[str, object]) -> dict[str, str]:
    """The trace context in a message's application properties; an invalid one is dropped, because it would be sent on."""
    parent, state = (properties.get(name) for name in FIELDS)
    if not isinstance(parent, str) or not _is_parent(parent):
        return {}
    if not isinstance(state, str) or not _is_state(state):
        return {FIELDS[0]: parent}
    return {FIELDS[0]: parent, FIELDS[1]: state}
