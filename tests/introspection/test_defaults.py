"""Defaults that a handler could change: what one task does to its own is not what the next one gets."""

from dataclasses import dataclass
from typing import Any

import msgspec
import pytest

from boilermaker.introspection.signature import read


class Basket(msgspec.Struct):
    """May change, and holds what may."""

    items: list[str]


@dataclass
class Counter:
    """May change."""

    count: int


async def fill(state: None, basket: Basket = Basket(["first"]), counter: Counter = Counter(1)) -> None: ...  # noqa: B008


@pytest.mark.parametrize("name", ["basket", "counter"])
def test_each_payload_has_a_default_record_of_its_own(name: str) -> None:
    """Equal, and not the same."""
    payload: Any = read(fill).payload_type
    one, other = getattr(payload(), name), getattr(payload(), name)
    assert one == other
    assert one is not other


def test_what_a_default_record_holds_is_its_own_too() -> None:
    """A handler that fills the list it got fills no other's."""
    payload: Any = read(fill).payload_type
    payload().basket.items.append("second")
    assert payload().basket.items == ["first"]
