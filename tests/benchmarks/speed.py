"""Every measure of speed that has a goal, by name."""

from collections.abc import Callable, Iterable, Iterator

from rich.console import Console
from rich.table import Table
from tests.benchmarks import delivery, inside
from tests.benchmarks.goals import Line, table

_QUICK = 0.25

MEASURES: dict[str, Callable[[float], Iterator[Line]]] = {
    "noop": delivery.noop_near,
    "noop-far": delivery.noop_far,
    "steps": delivery.steps_near,
    "steps-far": delivery.steps_far,
    "publish": delivery.publish_near,
    "publish-far": delivery.publish_far,
    "publish-many": delivery.publish_many,
    "half-load": delivery.half_load,
    "recovery": delivery.recovery,
    "kills": delivery.kills,
    "processor": inside.processor,
    "sizes": inside.sizes,
    "codec": inside.hop,
    "imports": inside.imports,
}


def measure(only: Iterable[str], console: Console, *, is_quick: bool) -> Table:
    """Measure what is named, all of it where nothing is; `is_quick` takes a quarter of the messages."""
    lines: list[Line] = []
    for name in tuple(only) or MEASURES:
        with console.status(f"measuring {name}"):
            lines.extend(MEASURES[name](_QUICK if is_quick else 1.0))
    return table(lines)
