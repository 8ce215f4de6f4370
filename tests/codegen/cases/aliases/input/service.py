from __future__ import annotations

import typing as t
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    from datetime import date

from boilermaker import Boilermaker, InMemoryServiceBus

worker = Boilermaker(object(), InMemoryServiceBus(), queue="aliases")


Names: TypeAlias = "list[str]"
Table: t.TypeAlias = dict[str, Names]
Maybe = t.Optional[Table]
Again = Maybe


@worker.task
async def quoted(state: t.Any, names: "Names", again: Again, when: date) -> "t.Sequence['str']": ...
