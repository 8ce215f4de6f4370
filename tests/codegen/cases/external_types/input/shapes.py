class Point:
    """One of the service's own that msgspec does not carry."""

    def __init__(self, x: float, y: float) -> None:
        self.x, self.y = x, y


class Span:
    """As `Point`, and what travels for it is a Struct."""

    def __init__(self, end: float) -> None:
        self.end = end
