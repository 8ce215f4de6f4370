from dataclasses import dataclass
from typing import Optional, Union

import msgspec
from msgspec import UNSET, UnsetType

from boilermaker import Boilermaker, InMemoryServiceBus

worker = Boilermaker(object(), InMemoryServiceBus(), queue="unset")


class Patch(msgspec.Struct):
    """Changes what is given."""

    name: str | UnsetType = UNSET
    note: str | None | UnsetType = UNSET
    size: Union[int, msgspec.UnsetType] = msgspec.UNSET


@dataclass
class Filter:
    owner: Optional[str] | UnsetType = UNSET


@worker.task
async def change(
    state, patch: Patch, filters: list[Filter], comment: str | None | UnsetType = UNSET
) -> None: ...
