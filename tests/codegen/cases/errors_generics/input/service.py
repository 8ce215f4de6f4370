from dataclasses import dataclass
from typing import Annotated, Generic, NewType, ParamSpec, Protocol, TypedDict, TypeVar, TypeVarTuple, Unpack

import msgspec
from typing_extensions import TypeVar as TypeVarWithDefault

import others
from boilermaker import Boilermaker, InMemoryServiceBus

worker = Boilermaker(object(), InMemoryServiceBus(), queue="errors-generics")

T = TypeVar("T")
K = TypeVar("K")
D = TypeVarWithDefault("D", default=int)
DT = TypeVarWithDefault("DT", default=T)
P = ParamSpec("P")
Ts = TypeVarTuple("Ts")


class Page(msgspec.Struct, Generic[T]):
    items: list[T]


class Both(msgspec.Struct, Generic[K, T]):
    key: K
    item: T


class Defaulted(msgspec.Struct, Generic[D]):
    item: D


class DefaultedByOther(msgspec.Struct, Generic[T, DT]):
    item: T
    other: DT


class Plain(msgspec.Struct):
    item: int


UserId = NewType("UserId", int)
Index = dict[str, T]
Circle = list["Circle[int]"]
Quoted = list["Page[T]"]


class BareParent(Page):
    more: int


class Foreign(msgspec.Struct, Generic[T]):
    other: K


class WithoutGeneric(msgspec.Struct):
    item: T


class BareSelf(msgspec.Struct, Generic[T]):
    children: "list[BareSelf]"


class Packed(msgspec.Struct, Generic[Unpack[Ts]]):
    item: int


class Starred(msgspec.Struct, Generic[*Ts]):
    item: int


class Callback(msgspec.Struct, Generic[P]):
    item: int


class Twice(msgspec.Struct, Generic[T, others.T]):
    item: T


class Interface(Protocol[T]):
    item: T


class TypedParent(TypedDict, Generic[T]):
    item: T


class TypedChild(TypedParent[int]):
    more: int


class Limited(msgspec.Struct, Generic[T]):
    item: Annotated[T, msgspec.Meta(ge=0)]


class LimitedChild(Limited[str]):
    more: int


class Lists(msgspec.Struct, Generic[T]):
    item: T | list[int]


class Keys(msgspec.Struct, Generic[T]):
    item: dict[T, int]


class Defaults(msgspec.Struct, Generic[T]):
    item: T = 3
    items: list[T] = msgspec.field(default_factory=lambda: [3])
    pair: tuple[int, T] = (1, 2)


class Wrong(msgspec.Struct, Generic[T]):
    items: list[T] = {}


class Ok(msgspec.Struct, Generic[T], tag=True):
    item: T


class Deep(msgspec.Struct, Generic[T]):
    limited: Limited[T]


type Swapped[A, B] = dict[B, A]
type Unused[A] = int
type Itself[A] = A
type Text[A] = "list[A]"
type Many[*As] = tuple[*As]


class Packs[**Ps](msgspec.Struct):
    item: int


@worker.task
async def bare(state, a: Page, b: list[Page], c: Defaulted, d: Index, e: others.Renamed, f: Swapped) -> Both: ...


@worker.task
async def counts(
    state, a: Page[int, str], b: Both[int], c: Plain[int], d: UserId[int], e: Index[int, int], f: T, g: Page[T]
) -> DefaultedByOther[int]: ...


@worker.task
async def classes(
    state, a: BareParent, b: Foreign[int], c: WithoutGeneric, d: BareSelf[int], e: Packed[int], f: Callback[int],
    g: Twice[int, int], h: Interface[int], i: TypedChild, j: LimitedChild, k: Packs[int], l: Starred[int],
) -> Circle: ...


@worker.task
async def within(
    state, a: Limited[str], b: Lists[tuple[int, ...]], c: Keys[list[int]], d: Keys[str],
    e: Limited[Annotated[int, msgspec.Meta(ge=3)]], f: Limited[Annotated[int, msgspec.Meta(gt=3)]],
    g: Ok[int] | Ok[str], h: Page[set[list[int]]], i: Deep[str], j: list[Wrong[int]],
) -> Defaults[int]: ...


@worker.task
async def aliases(
    state, a: Swapped[int, str], b: Unused[int], c: Itself[int], d: Text[int], e: Many[int], f: Quoted[int]
) -> Page["Nowhere"]: ...


@dataclass
class Chapter(Generic[T]):
    first: T
    after: "Chapter[T] | None" = None


@dataclass
class Volume(Generic[T]):
    chapter: Chapter[T] = Chapter(first=1)


@worker.task
async def made(
    state,
    right: Chapter[int] = Chapter(1, Chapter(2)),
    wrong: Chapter[str] = Chapter(1),
    deep: list[Chapter[int]] = [Chapter(1, Chapter("2"))],
    volume: Volume[str] | None = None,
) -> None: ...
