"""The same where annotations are read at once, those in quotes left out: what the class has bound by then goes first."""

from dataclasses import dataclass
from datetime import date

import msgspec


class Quoted(msgspec.Struct):
    date: "date | None" = None
    other: "date | None" = None


@dataclass
class Named:
    """Methods of a builtin's name come after the annotations."""

    date: date
    values: dict[str, int]
    other: date

    Alias = list[int]
    numbers: Alias

    def dict(self) -> dict[str, int]:
        return self.values
