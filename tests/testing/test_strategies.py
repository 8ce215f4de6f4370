"""What is drawn fits its type, reaches all of it, and ends."""

import dataclasses
import datetime as dt
import enum
from collections.abc import Callable
from decimal import Decimal
from typing import Annotated, Any, Literal, NamedTuple, NewType, NotRequired, TypedDict
from uuid import UUID

import msgspec
import pytest
from hypothesis import Phase, find, given, settings
from msgspec import Meta

from boilermaker.testing import arguments, values

UserId = NewType("UserId", int)


class Access(enum.IntFlag):
    READ = 1
    WRITE = 2
    BOTH = 3


class Leaf(msgspec.Struct, tag=True):
    value: int


class Branch(msgspec.Struct, tag=True):
    left: "Branch | Leaf"
    right: "Branch | Leaf"


class Even(msgspec.Struct):
    odd: "Odd | None" = None


class Odd(msgspec.Struct, kw_only=True):
    even: Even
    name: str = "odd"


@dataclasses.dataclass
class Author:
    books: "list[Book]"


@dataclasses.dataclass
class Book:
    author: Author


class Line(NamedTuple):
    start: tuple[float, float]
    next: "Line | None" = None


class Labelled(NamedTuple):
    label: str
    anything: Any


@dataclasses.dataclass(frozen=True)
class Held:
    item: Labelled
    parts: tuple[Any, ...] = ()


class Settings(TypedDict):
    verbose: bool
    nested: "NotRequired[Settings]"


class Endless(msgspec.Struct):
    next: "Endless"


FIRST = settings(phases=[Phase.generate], max_examples=2000)  # any example will do, not the smallest

TYPES: list[Any] = [
    bool, int, float, str, bytes, bytearray, dt.datetime, dt.date, dt.time, dt.timedelta, UUID, Decimal, Any, None,
    Literal["a", 1], Literal[True] | None, UserId, Access, Branch | Leaf, Branch, Odd, Author, Line, Settings,
    list[int] | dict[str, float] | None, set[Any], frozenset[tuple[int, str]],
    set[tuple[str, Any]], set[int | Any], frozenset[Labelled], set[Held], set[frozenset[Any]], tuple[int, ...], dict[int | str, int],
    dict[dt.date, list[UUID]], dict[Any, Any], list[Branch], dict[str, Branch | Leaf],
    Annotated[int, Meta(gt=0, lt=10)], Annotated[int, Meta(ge=-7, le=7, multiple_of=5)],
    Annotated[float, Meta(gt=0, le=1)], Annotated[float, Meta(ge=0, lt=2, multiple_of=0.25)],
    Annotated[str, Meta(min_length=20)], Annotated[str, Meta(max_length=1)],
    Annotated[str, Meta(pattern="@", min_length=3, max_length=12)], Annotated[str, Meta(pattern=r"^[a-z]\d+$")],
    Annotated[bytes, Meta(min_length=9, max_length=9)], Annotated[list[Leaf], Meta(min_length=2, max_length=3)],
    Annotated[dict[str, int], Meta(min_length=1)], Annotated[set[int], Meta(max_length=1)],
    Annotated[dt.datetime, Meta(tz=True)], Annotated[dt.time, Meta(tz=False)],
]  # fmt: skip


@pytest.mark.parametrize("type_", TYPES, ids=str)
def test_what_is_drawn_comes_back_equal(type_: Any) -> None:
    """Constraints, recursion, tagged unions: msgspec, which checks all of them, reads what it wrote."""

    @given(values(type_))
    def holds(value: object) -> None:
        assert value == msgspec.json.decode(msgspec.json.encode(value), type=type_)

    holds()


@pytest.mark.parametrize(
    ("type_", "condition"),
    [
        (Branch | Leaf, lambda value: isinstance(value, Branch) and isinstance(value.left, Branch)),
        (Even, lambda value: value.odd is not None),
        (Access, lambda value: value is Access.BOTH),
        (Settings, lambda value: "nested" in value),
        (Settings, lambda value: "nested" not in value),
        (dt.datetime, lambda value: value.tzinfo is None),
        (dt.datetime, lambda value: bool(value.tzinfo and value.utcoffset())),
        (Annotated[int, Meta(le=7)], lambda value: value < -(2**64)),
        (dict[int | str, int], bool),
        (Any, lambda value: isinstance(value, dict) and bool(value)),
    ],
)
def test_all_of_a_type_is_reached(type_: Any, condition: Callable[[Any], bool]) -> None:
    """Members of unions, optional keys, naive and aware times, numbers beyond 64 bits."""
    assert condition(find(values(type_), condition, settings=FIRST))


def test_a_type_without_a_finite_value_is_told() -> None:
    """Rather than drawn for ever."""
    with pytest.raises(TypeError, match=r"every value of .*Endless.* contains another value of it"):
        values(Endless)


@pytest.mark.parametrize("names", [{"even"}, {"even", "name"}])
def test_arguments_sometimes_leave_out_what_has_a_default(names: set[str]) -> None:
    """What is required is always there."""
    drawn = find(arguments(Odd), lambda chosen: chosen.keys() == names, settings=FIRST)
    assert isinstance(Odd(**drawn), Odd)
