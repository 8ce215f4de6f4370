"""W3C trace context (https://www.w3.org/TR/trace-context/): carried from publisher to handler to what it publishes.

OpenTelemetry is asked only where the application has imported it already; nothing here depends on it.
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
    """The trace context to send along: OpenTelemetry's, else that of the message being handled; empty for none."""
    carrier: dict[str, str] = {}
    propagate = _propagate()
    if propagate is not None:
        propagate.inject(carrier)
    found = {name: carrier[name] for name in FIELDS if name in carrier}
    return found or dict(incoming.get() or {})


_is_parent = re.compile(r"[0-9a-f]{2}-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}(-[!-~]{0,200})?").fullmatch
_is_state = re.compile(r"[ -~\t]{0,512}").fullmatch  # "at least 512 characters" are to be propagated


def _propagate() -> Any:
    """OpenTelemetry's propagators, where the application uses it; None elsewhere."""
    found = sys.modules.get("opentelemetry.propagate")
    if found is None and "opentelemetry.context" in sys.modules:
        found = importlib.import_module("opentelemetry.propagate")
    return found


@contextmanager
def continued(carried: Mapping[str, str]) -> Generator[None, None, None]:
    """Within, what is published and each span that is opened continue this trace context."""
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
    """The 32 hex digits of the trace in a trace context; None where it names none."""
    parent = carried.get("traceparent", "")
    return parent[3:35] if _is_parent(parent) else None


def of_properties(properties: Mapping[str, object]) -> dict[str, str]:
    """The trace context in a message's application properties; what is none is dropped, for it would be sent on."""
    parent, state = (properties.get(name) for name in FIELDS)
    if not isinstance(parent, str) or not _is_parent(parent):
        return {}
    if not isinstance(state, str) or not _is_state(state):
        return {FIELDS[0]: parent}
    return {FIELDS[0]: parent, FIELDS[1]: state}
