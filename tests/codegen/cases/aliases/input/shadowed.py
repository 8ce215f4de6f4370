"""Names for builtins, bound before something else takes the builtins' own names."""

from dataclasses import dataclass

from service import worker

list_, Many = list, None
builtin_list = list
Numbers = list[int]
Later = dict[str, "list"]
str = str


@dataclass
class list:
    numbers: Numbers


Lists = builtin_list[list]


@worker.task
async def shadowed(state, numbers: Numbers, own: list, lists: Lists, later: Later, name: str) -> builtin_list[str]: ...
