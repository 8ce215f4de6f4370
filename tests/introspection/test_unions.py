"""Unions whose members msgspec does not tell apart by their limits are refused where a task is registered."""

import dataclasses
from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from typing import Annotated, Any, Generic, Literal, NewType, TypeVar

import msgspec
import pytest
from msgspec import Meta

from boilermaker import Boilermaker, InMemoryServiceBus
from boilermaker.errors import RegistrationError

Below = Annotated[int, Meta(ge=-10, le=-1)]
Above = Annotated[int, Meta(ge=1, le=10)]
Alpha = Annotated[str, Meta(pattern="^a")]
Named = NewType("Named", Above)
Other = NewType("Other", int)
T = TypeVar("T")


class Page(msgspec.Struct, Generic[T]):
    item: T | int


@dataclasses.dataclass
class Range:
    least: Below | Above


def _register(type_: Any) -> Boilermaker[Any]:
    async def take(state, value) -> None: ...

    take.__annotations__ = {"value": type_, "return": None}
    return Boilermaker({}, InMemoryServiceBus()).register_async(take)


@pytest.mark.parametrize(
    "type_",
    [
        Below | Above,
        int | Above,
        Alpha | Annotated[str, Meta(pattern="^b")],
        Alpha | Literal["b"],
        Below | float,
        Below | Decimal,
        Below | Literal[3],
        Annotated[float, Meta(ge=0)] | Decimal,
        Annotated[datetime, Meta(tz=True)] | datetime,
        Below | Named,
        Other | Above,
        list[Below | Above | None],
        dict[str, Sequence[int | Above]],
        Page[Above],
        Range,
    ],
    ids=str,
)
def test_what_limits_alone_tell_apart_is_refused(type_: Any) -> None:
    """-5 would be refused for not being above 1."""
    with pytest.raises(
        RegistrationError, match="does not distinguish the members of a union by their constraints"
    ):
        _register(type_)


@pytest.mark.parametrize(
    ("type_", "values"),
    [
        (int | Literal[-1], [5, -1]),
        (int | Annotated[float, Meta(ge=0)], [-5, 0.5]),
        (Above | Alpha | None, [1, "a", None]),
        (Other | int, [7]),
        (Page[int], [Page(item=-5)]),
        (Above | bool, [1, True]),
    ],
    ids=str,
)
def test_what_can_be_told_apart_is_taken(type_: Any, values: list[Any]) -> None:
    """Whatever one of the members takes arrives."""
    worker = _register(type_)
    take = worker.registry.get("take")
    assert take is not None
    for value in values:
        built: Any = worker.create_task(take.signature.function, value).payload
        assert (type(value), value) == (type(built.value), built.value)
