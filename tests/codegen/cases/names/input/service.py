from datetime import date as day
from typing import Annotated, TypedDict

import billing
import shipping

from boilermaker import Boilermaker, InMemoryServiceBus
from msgspec import Meta

worker = Boilermaker(object(), InMemoryServiceBus(), queue="names")


@worker.task
async def list(state, a: billing.Address, b: shipping.Address) -> billing.Task: ...


@worker.task
async def Task(state, self: int, payload: str, task: billing.Task, policy: int = 1) -> shipping.Arg: ...


@worker.task
async def payloads(state, date: day | None = None, until: day | None = None, dict: dict[str, int] = {}) -> None: ...


@worker.task
async def _private(state, _private: int) -> None: ...


@worker.task(name="größe")
async def größe(state, länge: int) -> None: ...


@worker.task(name="with spaces & signs")
async def listed(state) -> None: ...


@worker.task(name="import")
async def import_(state) -> None: ...


@worker.task
async def models(state) -> None: ...


@worker.task
async def msgspec(state, msgspec: int, age: Annotated[int, Meta(ge=0)] = 0) -> None: ...


class _Secret(TypedDict):
    key: str


class Secret(TypedDict):
    text: str


class _Only(TypedDict):
    key: str


@worker.task
async def kept_to_itself(state, a: _Secret, b: Secret, c: _Only) -> None: ...
