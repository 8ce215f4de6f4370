from numpy import *
import collections
import http
import pathlib
import typing
from collections import deque
from collections.abc import Callable, Iterable
from typing import Generic, Literal, Never, Tuple, TypeVar, Union

import numpy
from boilermaker import Arg, Ref

import elsewhere
from elsewhere import *
from unreadable import *
from elsewhere import Missing

from boilermaker import FailureInfo, Boilermaker, InMemoryServiceBus
from boilermaker.failure import TaskFailureResult

worker = Boilermaker(object(), InMemoryServiceBus(), queue="errors-annotations")


T = TypeVar("T")
Loop = "Loop | None"
Json = dict[str, "Json"] | list["Json"] | str | None
type Tree = dict[str, Tree] | None
made = collections.namedtuple("made", "a b")
Mail = typing.TypedDict("Mail", {"from": str, "to": str})
dynamic = elsewhere.make()
first, second = int, str

try:
    from fast import Number
except ImportError:
    Number = int


class Box(Generic[T]):
    pass


def function(): ...


type Alias[K] = list[K]


@worker.task
async def names(
    state,
    a: undefined,
    b: elsewhere,
    c: function,
    d: elsewhere.nothing,
    e: Missing,
    f: FromStar,
    hidden: Hidden,
    g: Number,
    h: dynamic,
    i: first,
    j: "not an expression",
    k: 3,
    l: Alias,
    m: [int],
    n: lambda: int,
) -> None: ...


@worker.task
async def strangers(
    state,
    a: deque[int],
    b: pathlib.Path,
    c: numpy.ndarray,
    d: Callable[[int], str],
    e: collections.defaultdict,
    f: complex,
    g: Ref[int],
    h: Arg[str],
    i: T,
    j: made,
    mail: Mail,
    k: Box[int],
    l: type[int],
    m: typing.Iterator[int],
    n: Never,
    o: Iterable[int],
) -> None: ...


@worker.task
async def shapes(
    state,
    a: list[int, str],
    b: dict[str],
    c: tuple[()],
    d: Literal[1.5],
    e: Literal[elsewhere.Color.RED],
    f: Loop,
    f2: Json,
    f3: Tree,
    g: Union[int, undefined],
    h: list[1:2],
) -> Tuple[int, undefined]: ...


@worker.task
async def failing(state, any_: any) -> int | TaskFailureResult: ...


A = TypeVar("A")
Handler = Callable[[A, int], Tuple[A]]


@worker.task
async def named_otherwise(state, info: FailureInfo, status: http.HTTPStatus, handler: Handler[int, str], __x__: int) -> None: ...
