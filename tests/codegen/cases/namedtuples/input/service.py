import typing

from boilermaker import Boilermaker, InMemoryServiceBus

worker = Boilermaker(object(), InMemoryServiceBus(), queue="namedtuples")


class Span(typing.NamedTuple):
    """From here to there."""

    start: int
    end: int = 10
    label: str | None = None


@worker.task
async def cut(state, span: Span) -> list[Span]: ...
