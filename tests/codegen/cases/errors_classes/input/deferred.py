"""Where annotations are read when all is bound, what the class has goes before builtins."""

from __future__ import annotations

from dataclasses import dataclass

import msgspec


class Page(msgspec.Struct):
    list: list[int]


@dataclass(slots=True)
class Slotted:
    values: dict[str, int]

    def dict(self): ...
