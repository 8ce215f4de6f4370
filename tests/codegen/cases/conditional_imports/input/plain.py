from dataclasses import dataclass
from typing import NewType

Checked = NewType("Checked", int)


@dataclass
class Number:
    value: int
