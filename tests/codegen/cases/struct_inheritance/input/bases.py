from datetime import datetime

import msgspec


class Frame(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """What all have."""

    created_at: datetime
    trace_id: str | None = None


class Event(Frame, tag_field="kind", tag=True):
    user_name: str
    plan: "Plan | None" = None


class Plan(Event):
    """Contains what it inherits from."""

    seats: int = 1
    next_event: "Event | Plan | None" = None
