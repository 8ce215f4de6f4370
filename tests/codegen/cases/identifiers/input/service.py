"""Identifiers that Python knows by another spelling: ligatures, letters of full width, marks that are combined."""

import dataclasses
import enum

from boilermaker import Boilermaker, InMemoryServiceBus
from kinds import Größe, ｋｅｙ

worker = Boilermaker(object(), InMemoryServiceBus(), queue="identifiers")


class Ａrt(enum.Enum):
    ﬁrst = 1
    second = 2


@dataclasses.dataclass
class Ｆile:
    ﬁeld: int
    größe: "Größe"


@worker.task
async def ﬂow(state, ﬁle: File, ａrt: "Ａrt" = Art.first, *, ｋg: key) -> Größe: ...
