import typing
from typing import Annotated, NewType

import msgspec

from boilermaker import Boilermaker, InMemoryServiceBus

worker = Boilermaker(object(), InMemoryServiceBus(), queue="newtypes")


UserId = NewType("UserId", int)
AdminId = typing.NewType("AdminId", UserId)
Slug = NewType("Slug", Annotated[str, msgspec.Meta(max_length=20)])
ShortSlug = NewType("ShortSlug", Annotated[Slug, msgspec.Meta(min_length=3)])
Names = NewType("Names", list[str])


@worker.task
async def promote(state, user_id: UserId, names: Names, by: AdminId | None = None) -> AdminId: ...


@worker.task
async def rename(state, slugs: list[Slug], to: ShortSlug) -> Slug: ...
