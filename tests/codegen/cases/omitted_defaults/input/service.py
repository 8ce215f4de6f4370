import os

import msgspec

from boilermaker import Boilermaker, InMemoryServiceBus

worker = Boilermaker(object(), InMemoryServiceBus(), queue="omitted_defaults")


class Retry(msgspec.Struct, frozen=True, omit_defaults=True):
    times: int = 3
    after: float = 1.5
    codes: tuple[int, ...] = (500, 503)
    hosts: list[str] = msgspec.field(default_factory=lambda: ["localhost"])
    seed: int = int(os.environ.get("SEED", "1"))


class Brief(msgspec.Struct, frozen=True, omit_defaults=True):
    times: int = 1
    note: str | None = None


class Row(msgspec.Struct, frozen=True, omit_defaults=True, array_like=True):
    times: int = 1


@worker.task
async def call(
    state,
    retry: Retry,
    all_left_out: Brief = Brief(),
    one_given: Brief = Brief(note="n"),
    default_given: Brief = Brief(times=1),
    row: Row = Row(),
    unknown: Retry = Retry(),
) -> Retry: ...
