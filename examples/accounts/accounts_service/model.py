"""The types of the accounts service; the generator re-creates them in the stubs."""

import enum
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, NewType

import msgspec

UserId = NewType("UserId", int)
Email = Annotated[str, msgspec.Meta(min_length=3, max_length=254, pattern="@")]


class Plan(enum.Enum):
    """What a user pays for."""

    FREE = "free"
    PRO = "pro"


@dataclass(frozen=True)
class Certificate:
    """One certificate of a bundle."""

    subject: str
    size: int


class Batch(msgspec.Struct, frozen=True, kw_only=True):
    """Where the fetched records of one job are kept."""

    job_id: str
    records: int
    fetched_at: datetime
