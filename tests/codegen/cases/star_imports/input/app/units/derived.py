from dataclasses import dataclass

from . import basic


@dataclass
class Speed:
    distance: basic.Metre
    seconds: float = 1.0
