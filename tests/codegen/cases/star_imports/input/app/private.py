"""Without `__all__`: names with an underscore stay here."""

from dataclasses import dataclass


@dataclass
class Town:
    name: str


class _Secret:
    pass
