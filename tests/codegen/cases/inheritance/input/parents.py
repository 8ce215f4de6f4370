from __future__ import annotations

from dataclasses import dataclass


@dataclass
class Place:
    town: str


@dataclass
class Event:
    """Something that happened."""

    at: Place
    source: str = "api"
