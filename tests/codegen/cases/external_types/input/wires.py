from dataclasses import dataclass


@dataclass
class PointWire:
    """What travels for a point."""

    x: float
    y: float = 0
