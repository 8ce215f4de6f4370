"""Moments whose offset from UTC has seconds: ISO 8601 has none, so they are refused where they are built."""

import dataclasses
import datetime as dt
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from boilermaker import Boilermaker, InMemoryServiceBus
from boilermaker.errors import InvalidArgumentsError
from boilermaker.payload import UnfitValue, seal
from boilermaker.tasks.options import External

ODD = dt.timezone(dt.timedelta(seconds=61))
MOMENT = dt.datetime(2026, 1, 2, 12, tzinfo=ODD)
BERLIN_BEFORE_1893 = dt.datetime(1850, 1, 1, tzinfo=ZoneInfo("Europe/Berlin"))  # 53 minutes and 28 seconds


@dataclasses.dataclass
class Event:
    at: dt.datetime
    note: str = ""


class Stamp:
    def __init__(self, at: dt.datetime) -> None:
        self.at = at


def _built(type_: Any, value: object, **options: Any) -> Any:
    async def take(state, value) -> None: ...

    take.__annotations__ = {"value": type_, "return": None}
    worker = Boilermaker({}, InMemoryServiceBus(), **options).register_async(take)
    return worker.create_task(take, value).payload.value  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("type_", "value", "path"),
    [
        (dt.datetime, MOMENT, "$"),
        (dt.datetime, BERLIN_BEFORE_1893, "$"),
        (dt.datetime | None, MOMENT.replace(tzinfo=dt.timezone(dt.timedelta(microseconds=1))), "$"),
        (dt.time, MOMENT.timetz(), "$"),
        (list[dt.datetime], [MOMENT], "$[0]"),
        (dict[dt.datetime, int], {MOMENT: 1}, "$[...]"),
        (Event, Event(MOMENT), "$.at"),
    ],
)
def test_an_offset_with_seconds_is_refused(type_: Any, value: object, path: str) -> None:
    """Msgspec writes whole minutes: another moment would arrive."""
    with pytest.raises(InvalidArgumentsError) as refused:
        _built(type_, value)
    assert refused.value.problems == (
        (
            "value: an offset from UTC with seconds has no form in ISO 8601; give the moment in UTC, "
            f"`.astimezone(datetime.UTC)` (at `{path}`)"
        ),
    )


def test_an_offset_with_seconds_is_refused_in_a_result() -> None:
    """And in what travels for an object of a third party."""
    with pytest.raises(UnfitValue, match="an offset from UTC with seconds"):
        seal([MOMENT], list[dt.datetime])
    external = {Stamp: External(wire=dt.datetime, encode=lambda stamp: stamp.at)}
    with pytest.raises(InvalidArgumentsError, match="`Stamp`: an offset from UTC with seconds"):
        _built(Stamp, Stamp(MOMENT), external=external)


def test_the_same_moment_in_utc_arrives() -> None:
    """As the sentence says; whole minutes arrive with their offset."""
    assert MOMENT == _built(dt.datetime, MOMENT.astimezone(dt.UTC))
    nepal = MOMENT.replace(tzinfo=dt.timezone(dt.timedelta(hours=5, minutes=45)))
    assert nepal.isoformat() == _built(dt.datetime, nepal).isoformat()
