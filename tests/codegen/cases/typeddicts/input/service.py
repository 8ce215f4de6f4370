from typing import Annotated, NotRequired, Required, TypedDict

import msgspec

from boilermaker import Boilermaker, InMemoryServiceBus

worker = Boilermaker(object(), InMemoryServiceBus(), queue="typeddicts")


class Movie(TypedDict):
    """A film."""

    title: str
    year: Annotated[int, msgspec.Meta(ge=1888)]
    rating: NotRequired[float]


class Settings(TypedDict, total=False):
    theme: str
    size: int


class Mixed(TypedDict, total=False):
    name: Required[str]
    nick: str


@worker.task
async def store(state, movie: Movie, settings: Settings, mixed: "Mixed | None" = None) -> Movie: ...
