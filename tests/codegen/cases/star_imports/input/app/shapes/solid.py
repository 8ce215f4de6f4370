from dataclasses import dataclass

__all__ = ["Helper", "Cube"]
__all__.remove("Helper")


@dataclass
class Cube:
    side: float


class Helper: ...
