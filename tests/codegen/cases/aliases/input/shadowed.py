"""Names for builtins, bound before something else takes the builtins' own names."""

from dataclasses import dataclass

from service import worker

list_, Many = list, None
builtin_list = list
Numbers = list[int]
Later = dict[str, "list"]
str = str


@dataclass
class Page:
    numbers: list[int]


@worker.task
async def early(state, page: Page, numbers: list[int]) -> dict[str, int]: ...


@dataclass
class list:
    numbers: Numbers


Lists = builtin_list[list]


@worker.task
async def shadowed(state, numbers: Numbers, own: list, lists: Lists, later: Later, name: str) -> builtin_list[str]: ...


@worker.task
async def dict(state, by_name: dict[str, int] = {}) -> dict[str, int]: ...


async def tuple(state, pair: tuple[int, int]) -> None: ...


worker.register(tuple)
