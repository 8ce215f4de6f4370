"""Calls that may say more of a field, or constrain a type, and that only running the code tells."""

import dataclasses
import functools
import os
from dataclasses import dataclass
from typing import Annotated

import attrs
import msgspec
import thirdparty

from boilermaker import Boilermaker, InMemoryServiceBus

worker = Boilermaker(object(), InMemoryServiceBus(), queue="errors-results")

wired = functools.partial(msgspec.field, name="wire")
theirs = thirdparty.field
by_hand = lambda: msgspec.field(default=1)  # noqa: E731
held = msgspec.field(default=1)
FIELDS = {"a": msgspec.field(default=1)}
Positive = functools.partial(msgspec.Meta, ge=0)


def renamed(name):
    return msgspec.field(default=0, name=name)


def named_first(name):
    made = msgspec.field(default=0, name=name)
    return made


@functools.cache
def cached():
    return msgspec.field(default=0)


def number() -> int:
    return int(os.environ["NUMBER"])


def text():
    """A text."""
    return ("a" + os.environ.get("TEXT", "")).upper()


def at_least(limit):
    return msgspec.Meta(ge=limit)


def passed_on(name):
    return renamed(name)


class Fields(msgspec.Struct):
    a: int = wired(default=1)
    b: int = theirs(default=1)
    c: int = by_hand()
    d: int = held
    e: int = FIELDS["a"]
    f: int = renamed("g")
    g: int = named_first("h")
    h: int = cached()
    i: int = passed_on("j")
    j: int = thirdparty.number()
    k: int = msgspec.field(default=1) if os.name else 2
    fine: int = number()
    fine_too: str = text()
    fine_as_well: str = "a".join(os.environ)


@dataclass
class Plain:
    a: int = functools.partial(dataclasses.field, default=1)()
    b: int = dataclasses.field(default=thirdparty.number())
    c: int = dataclasses.field(default_factory=thirdparty.number)
    d: int = (lambda: dataclasses.field(default=1))()


@attrs.define
class Defined:
    a: int = thirdparty.field(default=1)


@worker.task
async def take(state, fields: Fields, plain: Plain, defined: Defined) -> None: ...


@worker.task
async def constrained(
    state,
    a: Annotated[int, Positive()],
    b: Annotated[int, at_least(1)],
    c: Annotated[int, thirdparty.positive],
    d: Annotated[int, thirdparty.Meta(ge=1)],
    e: Annotated[int, NotThere],
    f: Annotated[int, "a word", os.sep, str, {"a": 1}, functools.partial(int)],
) -> None: ...
