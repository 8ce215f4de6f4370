"""Values of the standard library that are written as calls: decimals, UUIDs, dates and times."""

import datetime as dt
import decimal
import uuid
from typing import Any

import msgspec

MAKERS: dict[str, type[Any]] = {
    "decimal.Decimal": decimal.Decimal,
    "uuid.UUID": uuid.UUID,
    "datetime.date": dt.date,
    "datetime.datetime": dt.datetime,
    "datetime.time": dt.time,
    "datetime.timedelta": dt.timedelta,
}
"""By name, what is called with literal arguments; none of them has an effect."""

CONSTANTS: dict[str, Any] = {"datetime.UTC": dt.UTC, "datetime.timezone.utc": dt.UTC}
"""Names allowed among the arguments, in addition to literals."""

SCALARS: dict[str, tuple[str, type[Any]]] = {
    maker.__name__.lower(): (name.partition(".")[0], maker) for name, maker in MAKERS.items()
}
"""By the contract's word for the type: the module and the class."""

_TIMES = ("hour", "minute", "second", "microsecond")
_DATES = ("year", "month", "day")


def arguments(value: str, scalar: str) -> list[str]:
    """The source of the call that creates a value from its wire form; `UTC` is written as is."""
    made: Any = msgspec.convert(value, SCALARS[scalar][1], strict=False)
    if scalar in {"decimal", "uuid"}:
        return [f'"{value}"']
    if scalar == "timedelta":
        minutes, seconds = divmod(made.seconds, 60)
        hours, minutes = divmod(minutes, 60)
        parts = {
            "days": made.days,
            "hours": hours,
            "minutes": minutes,
            "seconds": seconds,
            "microseconds": made.microseconds,
        }
        return [f"{name}={number}" for name, number in parts.items() if number]
    numbers = [*(_DATES if scalar != "time" else ()), *(_TIMES if scalar != "date" else ())]
    written = [str(getattr(made, part)) for part in numbers]
    least = 3 if scalar != "time" else 1
    while len(written) > least and written[-1] == "0":
        written.pop()
    return [*written, *(["tzinfo=UTC"] if getattr(made, "tzinfo", None) is not None else [])]
