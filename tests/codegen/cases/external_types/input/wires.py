from dataclasses import dataclass

import msgspec


@dataclass
class PointWire:
    """What travels for a point."""

    x: float
    y: float = 0


class SpanWire(msgspec.Struct, frozen=True):
    end: float
