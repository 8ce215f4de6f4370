"""Trace context from publisher to handler, and from handler to what it publishes; real OpenTelemetry spans."""

from collections.abc import Iterator
from typing import Any

import pytest
from opentelemetry import trace
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from boilermaker import Boilermaker, InMemoryServiceBus
from boilermaker.telemetry.trace import trace_id


@pytest.fixture
def spans() -> Iterator[InMemorySpanExporter]:
    """What a tracer of this test's own has ended."""
    exporter = InMemorySpanExporter()
    provider = TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    _TRACERS.append(provider.get_tracer("test"))
    yield exporter
    provider.shutdown()


_TRACERS: list[trace.Tracer] = []


def _opened(name: str) -> Any:
    return _TRACERS[-1].start_as_current_span(name)


def _by_name(exporter: InMemorySpanExporter) -> dict[str, ReadableSpan]:
    return {span.name: span for span in exporter.get_finished_spans()}


async def test_a_span_in_a_handler_continues_the_publishers_trace(spans: InMemorySpanExporter) -> None:
    """In async and plain handlers, step after step: one trace, each span the child of the one that published."""
    worker = Boilermaker([], InMemoryServiceBus())

    @worker.task
    async def first(state: list[str]) -> None:
        with _opened("first"):
            pass

    @worker.task
    def second(state: list[str]) -> None:
        with _opened("second"):
            pass

    with _opened("publisher"):
        await worker.publish_task(worker.create_task(first) >> worker.create_task(second))
    await worker.drain()

    found = _by_name(spans)
    publisher = found["publisher"].context
    assert publisher is not None
    for name in ("first", "second"):
        parent = found[name].parent
        assert parent is not None
        assert (publisher.trace_id, publisher.span_id) == (parent.trace_id, parent.span_id)


async def test_what_a_handler_publishes_continues_its_span(spans: InMemorySpanExporter) -> None:
    """The span that is open when it publishes is the parent."""
    worker = Boilermaker([], InMemoryServiceBus())

    @worker.task
    async def outer(state: list[str]) -> None:
        with _opened("outer"):
            await worker.apply_async(inner)

    @worker.task
    async def inner(state: list[str]) -> None:
        with _opened("inner"):
            pass

    await worker.apply_async(outer)
    await worker.drain()

    found = _by_name(spans)
    parent, context = found["inner"].parent, found["outer"].context
    assert parent is not None
    assert context is not None
    assert (parent.trace_id, parent.span_id) == (context.trace_id, context.span_id)


async def test_a_message_without_a_trace_starts_none(spans: InMemorySpanExporter) -> None:
    """A handler's span is a root then, also behind one that had a trace."""
    worker = Boilermaker([], InMemoryServiceBus())

    @worker.task
    async def alone(state: list[str]) -> None:
        with _opened("alone"):
            pass

    with _opened("publisher"):
        await worker.apply_async(alone)
    await worker.apply_async(alone)
    await worker.drain()

    assert [False, True] == [
        span.parent is None for span in spans.get_finished_spans() if span.name == "alone"
    ]


@pytest.mark.parametrize("text", ["", "x", "00-0-0-0", "00-" + "g" * 32 + "-0-0", "00-" + "A" * 32 + "-b-01"])
def test_a_malformed_trace_has_no_id(text: str) -> None:
    """Whoever sends it: nothing of it reaches the log."""
    assert trace_id({"traceparent": text}) is None
