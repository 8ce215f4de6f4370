from __future__ import annotations

import typing as t
from datetime import date
from typing import TypeAlias

from boilermaker import Boilermaker, InMemoryServiceBus

worker = Boilermaker(object(), InMemoryServiceBus(), queue="aliases")


Names: TypeAlias = "list[str]"
Table: t.TypeAlias = dict[str, Names]
Maybe = t.Optional[Table]
Again = Maybe


@worker.task
async def quoted(state: t.Any, names: "Names", again: Again, when: date) -> "t.Sequence['str']": ...
