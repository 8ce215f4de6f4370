"""What is allowed where an enum or a Literal was not met, wherever in a type it stands."""

import enum
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple, TypedDict

import msgspec
import pytest

from boilermaker import payload as payloads


class Color(enum.Enum):
    RED = "red"
    BLUE = "blue"


class Row(msgspec.Struct, rename="camel"):
    the_color: Color


class Listed(msgspec.Struct, array_like=True):
    number: int
    color: Color


@dataclass
class Box:
    rows: dict[str, list[Row]]


class Typed(TypedDict):
    color: Color


class Pair(NamedTuple):
    number: int
    color: Color


@pytest.mark.parametrize(
    ("type_", "value", "place"),
    [
        (Color, "green", ""),
        (Color | None, "green", ""),
        (list[Color], ["red", "green"], "[1]"),
        (set[Color], ["green"], "[0]"),
        (tuple[int, Color], [1, "green"], "[1]"),
        (tuple[Color, ...], ["green"], "[0]"),
        (dict[str, Color], {"x": "green"}, "[...]"),
        (Row, {"theColor": "green"}, ".theColor"),
        (Listed, [1, "green"], "[1]"),
        (Box, {"rows": {"x": [{"theColor": "green"}]}}, ".rows[...][0].theColor"),
        (Typed, {"color": "green"}, ".color"),
        (Pair, [1, "green"], "[1]"),
    ],
)
def test_the_values_that_are_allowed_are_listed(type_: Any, value: object, place: str) -> None:
    """With the path to the place."""
    payload = msgspec.defstruct("Payload", [("value", type_)])
    with pytest.raises(payloads.UnfitValue) as unfit:
        payloads.decode(msgspec.Raw(msgspec.json.encode({"value": value})), payload, {})

    assert unfit.value.problems == (f"value{place}: expected one of 'red', 'blue'",)


def test_many_values_are_counted() -> None:
    """The first twenty, and how many more."""
    payload = msgspec.defstruct(
        "Payload", [("value", Literal[tuple(f"v{number:03}" for number in range(2000))])]
    )
    with pytest.raises(payloads.UnfitValue) as unfit:
        payloads.decode(msgspec.Raw(b'{"value":"x"}'), payload, {})

    [problem] = unfit.value.problems
    assert problem.startswith("value: expected one of 'v000', 'v001', ")
    assert problem.endswith("'v019' and 1,980 more")
