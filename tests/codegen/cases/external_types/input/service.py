from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import PurePosixPath as Path

import click
from rich.text import Text

from boilermaker import Boilermaker, External, InMemoryServiceBus
from shapes import Point, Span
from wires import PointWire, SpanWire

worker = Boilermaker(
    object(),
    InMemoryServiceBus(),
    queue="external-types",
    external={
        click.Command: External(wire=str, encode=lambda command: command.name),
        Text: External(wire=str),
        Path: External(wire=str),
        Point: External(
            wire=PointWire, decode=lambda p: Point(p.x, p.y), encode=lambda point: PointWire(point.x, point.y)
        ),
        Span: External(wire=SpanWire, decode=lambda w: Span(w.end), encode=lambda span: SpanWire(span.end)),
        Fraction: External(
            wire=tuple[int, int],
            decode=lambda parts: Fraction(parts[0], parts[1] or 1),
            encode=lambda f: f.as_integer_ratio(),
        ),
    },
)


@dataclass
class Drawing:
    outline: list[Point]
    title: Text | None = None
    places: dict[str, set[Path]] = field(default_factory=dict)


@worker.task
async def draw(state, drawing: Drawing, at: Point, scale: Fraction, command: click.Command | None = None, *, root: Path = Path("/")) -> Point: ...


@worker.task
async def name(state, at: Point, where: "Path") -> click.Command: ...


@worker.task
async def measure(state, span: Span, more: list[Span] = []) -> Span | None: ...
