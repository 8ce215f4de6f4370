import zoneinfo
from typing import Annotated

import httpx
import msgspec
import numpy
import pendulum
import semver
import whenever
import yarl
from bson import ObjectId
from bson.objectid import ObjectId as SameObjectId
from pydantic import EmailStr

from wire import missing, native, user_pb2

from boilermaker import Boilermaker, InMemoryServiceBus

worker = Boilermaker(object(), InMemoryServiceBus(), queue="errors-external")


@worker.task
async def unknown(state, at: whenever.Instant, zones: list[zoneinfo.ZoneInfo]) -> "httpx.Response | None": ...


@worker.task
async def configured_wrongly(
    state,
    a: numpy.ndarray,
    b: numpy.float64,
    c: numpy.int64,
    d: numpy.array,
    e: yarl.URL,
    f: semver.Version,
    g: ObjectId,
    h: SameObjectId,
) -> numpy.ndarray: ...


@worker.task
async def used_wrongly(
    state,
    a: pendulum.DateTime | str,
    b: Annotated[EmailStr, msgspec.Meta(min_length=1)],
    c: numpy.ndarray[int],
    d: EmailStr = "a@b.org",
    e: EmailStr = None,
) -> None: ...


@worker.task
async def made_elsewhere(state, user: user_pb2.User, point: native.Point, other: missing.Point) -> None: ...
