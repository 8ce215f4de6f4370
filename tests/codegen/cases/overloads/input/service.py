"""Of an overloaded function the last definition is the one that runs."""

import typing
from typing import TYPE_CHECKING, overload

from boilermaker import Boilermaker, InMemoryServiceBus

worker = Boilermaker(object(), InMemoryServiceBus(), queue="overloads")


@overload
async def find(state, key: int) -> int: ...
@overload
async def find(state, key: str) -> str: ...
async def find(state, key: int | str) -> int | str:
    return key


worker.register_async(find)


@typing.overload
async def drop(state, key: int) -> None: ...
@typing.overload
async def drop(state, key: str) -> None: ...
@worker.task
async def drop(state, key: int | str) -> None: ...


if TYPE_CHECKING:

    @overload
    async def keep(state, key: int) -> None: ...
    @overload
    async def keep(state, key: str) -> None: ...


async def keep(state, key: int | str) -> None: ...


worker.register_many_async([keep])
