from typing import Annotated, NotRequired, Required, TypedDict

import msgspec
import typing_extensions

from boilermaker import Boilermaker, InMemoryServiceBus

worker = Boilermaker(object(), InMemoryServiceBus(), queue="typeddict-inheritance")


class Named(TypedDict):
    name: str
    nick: NotRequired[str]


class Dated(TypedDict, total=False):
    year: Required[Annotated[int, msgspec.Meta(ge=1888)]]
    month: int


class Film(Named, Dated):
    """Total of its own; its parents' keys stay as they are."""

    rating: float
    seen: "NotRequired[bool]"


class Draft(Film, total=False):
    notes: list[str]


class Same(Draft):
    pass


class Plain(typing_extensions.TypedDict, total=False):
    name: str


class Listed(Plain):
    items: list["Listed"]


@worker.task
async def store(state, film: Film, draft: Draft, same: Same, listed: Listed, named: Named | None = None) -> Draft: ...
