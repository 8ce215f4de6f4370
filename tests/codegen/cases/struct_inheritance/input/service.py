from typing import Final

import msgspec

import bases
from boilermaker import Boilermaker, InMemoryServiceBus

worker = Boilermaker(object(), InMemoryServiceBus(), queue="struct_inheritance")


class Closed(bases.Event, tag="closed", forbid_unknown_fields=True, omit_defaults=True):
    """Has options of its own beside its parent's."""

    trace_id: str = "none"
    reason_given: str = msgspec.field(default="", name="why")


class Row(msgspec.Struct, array_like=True):
    first: int
    second: int = 2


class Longer(Row, frozen=True):
    third: Final[str | None] = None
    first: float


class Same(Longer):
    pass


class Mixed(Row, kw_only=True):
    """Takes some fields by position, and these by name alone."""

    fourth: bool = False


@worker.task
async def record(
    state: object,
    event: bases.Event | bases.Plan | Closed,
    frame: bases.Frame,
    row: Row,
    longer: Longer,
    same: Same = Same(1.5, third="3"),
    mixed: Mixed | None = Mixed(first=1, fourth=True),
) -> Closed:
    """Record it."""
    raise NotImplementedError
