"""Aliases that take arguments, across modules, nested, quoted; the annotations here are text."""

from __future__ import annotations

from typing import Optional, Union

import aliases
from aliases import Index, Lookup, Maybe, Renamed
from boilermaker import Boilermaker, InMemoryServiceBus
from models import IntPages, Page

worker = Boilermaker(object(), InMemoryServiceBus(), queue="generic-aliases")

Perhaps = Optional
IntPage = Page[int]


@worker.task
async def plain(state, index: Index[int], lookup: Lookup[int, str], maybe: Maybe[str | None]) -> Maybe[int]: ...


@worker.task
async def nested(state, index: Index[Maybe[int]], pages: Index[Page[str]], page: IntPage, more: IntPages) -> aliases.Pages[str]: ...


@worker.task
async def renamed(state, page: Renamed[int], names: "Perhaps[Renamed[str]]", either: Union[Maybe[int], str]) -> None: ...
