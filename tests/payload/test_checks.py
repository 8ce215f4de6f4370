"""What is checked when a task is built, as the reference's table of types says it: a row here for each kind of type."""

import datetime as dt
import enum
import math
import typing
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Annotated, Any, Literal

import msgspec
import pytest

from boilermaker import Boilermaker, InMemoryServiceBus
from boilermaker.errors import InvalidArgumentsError

UTC = dt.UTC
NOON = dt.datetime(2026, 1, 2, 12, tzinfo=UTC)


class Colour(enum.Enum):
    RED = "red"
    CRIMSON = "red"  # noqa: PIE796 - an alias


class Named(msgspec.Struct, rename="camel"):
    some_count: int
    why_not: int = msgspec.field(name="because", default=1)


class Closed(msgspec.Struct, forbid_unknown_fields=True):
    count: int


@dataclass
class Positive:
    count: int

    def __post_init__(self) -> None:
        if not self.count:
            raise ValueError("must not be 0")


class Keys(typing.TypedDict):
    a: int
    b: typing.NotRequired[int]


class Row(typing.NamedTuple):
    a: int
    b: int = 2


def built(type_: Any, value: object) -> Any:
    """What a handler with a parameter of this type would get for this value."""
    worker: Boilermaker[Any] = Boilermaker({}, InMemoryServiceBus())

    async def take(state, value) -> None: ...

    take.__annotations__ = {"value": type_, "return": None}
    worker.register_async(take)
    return worker.create_task(take, value).payload.value


TAKEN = [
    (int, 2**70, 2**70),
    (float, 1, 1.0),
    (Any, {"a": [1]}, {"a": [1]}),
    (str, b"x", "eA=="),
    (bytes, b"x", b"x"),
    (dt.datetime, NOON, NOON),
    (dt.datetime, NOON.replace(tzinfo=None), NOON.replace(tzinfo=None)),
    (dt.timedelta, dt.timedelta(days=-1), dt.timedelta(days=-1)),
    (Decimal, 1.5, Decimal("1.5")),
    (uuid.UUID, "12345678-1234-5678-1234-567812345678", uuid.UUID(int=0x12345678123456781234567812345678)),
    (Sequence[int], (1, 2), [1, 2]),
    (set[int], [1, 1], {1}),
    (frozenset[int], [1], frozenset({1})),
    (tuple[int, str], [1, "a"], (1, "a")),
    (dict[int, int], {1: 2}, {1: 2}),
    (Literal["a", 1], 1, 1),
    (Colour, Colour.CRIMSON, Colour.RED),
    (Named, Named(some_count=1), Named(some_count=1, why_not=1)),
    (Named, {"someCount": 1, "because": 2, "unknown": 3}, Named(some_count=1, why_not=2)),
    (Keys, {"a": 1, "unknown": 2}, {"a": 1}),
    (Row, (1,), Row(1, 2)),
]


@pytest.mark.parametrize(("type_", "value", "expected"), TAKEN, ids=lambda value: repr(value)[:40])
def test_what_fits_arrives_as_its_type(type_: Any, value: object, expected: object) -> None:
    """Also where Python has another type for it: what counts is what travels."""
    found = built(type_, value)

    assert (type(expected), expected) == (type(found), found)


class Modelled:
    """As pydantic's models look from outside."""

    def model_dump(self) -> dict[str, object]:
        return {}


REFUSED = [
    (int, True, "expected `int`, got `bool`"),
    (int, 1.0, "expected `int`, got `float`"),
    (int, "1", "expected `int`, got `str`"),
    (float, True, "expected `float`, got `bool`"),
    (float, math.nan, "NaN and infinities have no JSON form"),
    (Any, math.inf, "NaN and infinities have no JSON form"),
    (Any, range(3), "`range` has no JSON form: pass a value of the types in the signature"),
    (Any, Modelled(), r"pass the class of that name from the stubs, as Modelled\(\*\*value.model_dump\(\)\)"),
    (str, "\ud800", "lone surrogate"),
    (bytes, "?", "value: "),
    (dt.datetime, dt.date(2026, 1, 2), "datetime"),
    (dt.date, NOON, "date"),
    (Annotated[dt.datetime, msgspec.Meta(tz=True)], NOON.replace(tzinfo=None), "timezone"),
    (list[int], [True], r"value\[0\]: expected `int`, got `bool`"),
    (Sequence[str], "ab", "expected `array`, got `str`"),
    (tuple[int, str], (1,), "length 2"),
    (dict[str, int], {"a": "b"}, "expected `int`, got `str`"),
    (Literal["a", 1], True, "got `bool`"),
    (Literal["a", 1], "b", "one of"),
    (Colour, "blue", "one of"),
    (Annotated[int, msgspec.Meta(ge=0)], -1, ">= 0"),
    (Annotated[str, msgspec.Meta(max_length=1)], "ab", "<= 1"),
    (Named, Named(some_count="x"), "someCount: expected `int`, got `str`"),  # type: ignore[arg-type]
    (Closed, {"count": 1, "unknown": 2}, "unknown"),
    (Positive, {"count": 0}, "value: "),
    (Keys, {"b": 1}, "required field `a`"),
    (Row, (), "length"),
]


@pytest.mark.parametrize(("type_", "value", "match"), REFUSED, ids=lambda value: repr(value)[:40])
def test_what_does_not_fit_is_refused_where_the_task_is_built(type_: Any, value: object, match: str) -> None:
    """With the place and what was expected, before anything is published."""
    with pytest.raises(InvalidArgumentsError, match=match):
        built(type_, value)
