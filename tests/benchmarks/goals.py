"""What is measured, beside what it should come to; and how that is shown."""

from dataclasses import dataclass
from typing import Literal

from rich.table import Table

Other = Literal["raw", "peer"]


@dataclass(frozen=True, kw_only=True)
class Times:
    """At least so many times what another reaches."""

    factor: float
    of: Other

    def __str__(self) -> str:
        return f"at least {self.factor:g}x {self.of}"


@dataclass(frozen=True, kw_only=True)
class AtMost:
    """No more than this."""

    limit: float

    def __str__(self) -> str:
        return f"at most {_figure(self.limit)}"


@dataclass(frozen=True, kw_only=True)
class Line:
    """One measure: ours, and what the plain SDK (`raw`) and boilermaker-servicebus (`peer`) come to."""

    measure: str
    ours: float
    goal: Times | AtMost
    raw: float | None = None
    peer: float | None = None

    @property
    def ratio(self) -> float | None:
        """Ours to the one that the goal names."""
        if isinstance(self.goal, AtMost):
            return None
        other = self.raw if self.goal.of == "raw" else self.peer
        return None if not other else self.ours / other

    @property
    def is_reached(self) -> bool | None:
        """Whether the goal is; None where the other could not be measured."""
        if isinstance(self.goal, AtMost):
            return self.ours <= self.goal.limit
        return None if self.ratio is None else self.ratio >= self.goal.factor


def table(lines: list[Line]) -> Table:
    """All lines, to be read by people."""
    shown = Table(title="Speed beside its goals", title_justify="left")
    shown.add_column("measure")
    for name in ("ours", "raw", "peer", "ratio"):
        shown.add_column(name, justify="right", no_wrap=True)
    shown.add_column("goal", no_wrap=True)
    shown.add_column("", no_wrap=True)
    for line in lines:
        ratio = (
            "" if line.ratio is None else f"{line.ratio:.2g}x" if line.ratio < 10 else f"{line.ratio:.0f}x"
        )
        mark = {True: "reached", False: "NOT reached", None: "not compared"}[line.is_reached]
        figures = (_figure(value) for value in (line.ours, line.raw, line.peer))
        shown.add_row(line.measure, *figures, ratio, str(line.goal), mark)
    return shown


def _figure(value: float | None) -> str:
    if value is None:
        return ""
    return f"{value:,.0f}" if value >= 100 or value == int(value) else f"{value:,.3g}"
