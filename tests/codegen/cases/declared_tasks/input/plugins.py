"""Nothing here looks like a registration."""

import dataclasses


@dataclasses.dataclass
class Letter:
    text: str


async def first(state, letter: Letter) -> None: ...


async def second(state, letter: Letter) -> None: ...
