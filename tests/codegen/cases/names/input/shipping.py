from dataclasses import dataclass
from datetime import date


@dataclass
class Address:
    date: date
    list: list[str]


@dataclass
class Arg:
    Address: str
