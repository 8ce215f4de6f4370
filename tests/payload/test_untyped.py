"""Values for which no type is declared, and keys of mappings: what would arrive as something else is refused where it is built."""

import dataclasses
import datetime as dt
import enum
import re
import time
import uuid
from collections import OrderedDict, defaultdict
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Annotated, Any, Generic, Literal, NamedTuple, TypedDict, TypeVar

import msgspec
import pytest
from msgspec import inspect as shapes

from boilermaker import Boilermaker, InMemoryServiceBus, retries
from boilermaker.errors import InvalidArgumentsError
from boilermaker.payload import untyped

NOON = dt.datetime(2026, 1, 2, 12, tzinfo=dt.UTC)
T = TypeVar("T")


class Colour(enum.Enum):
    RED = "red"


class Level(enum.IntEnum):
    LOW = 1


class Word(enum.StrEnum):
    YES = "yes"


class Row(NamedTuple):
    a: int
    anything: Any


class Keys(TypedDict):
    anything: Any


@dataclasses.dataclass
class Box:
    anything: Any
    number: int = 0


class Renamed(msgspec.Struct, rename="camel"):
    some_thing: Any


class MayLack(msgspec.Struct):
    anything: Any | msgspec.UnsetType = msgspec.UNSET


class One(msgspec.Struct, tag=True):
    anything: Any


class Two(msgspec.Struct, tag=True):
    anything: dt.datetime


class ArrayOne(msgspec.Struct, tag=True, array_like=True):
    anything: Any


class ArrayTwo(msgspec.Struct, tag=True, array_like=True):
    anything: dt.date


class Page(msgspec.Struct, Generic[T]):
    items: list[T]


class Typed(msgspec.Struct):
    a: int
    b: list[tuple[str, dt.datetime | None]]
    c: "Typed | None" = None


class Tree(msgspec.Struct):
    children: "list[Tree]" = []
    leaf: Any = None


def _worker(type_: Any) -> Boilermaker[list[Any]]:
    async def take(state, value) -> None:
        state.append(value)

    take.__annotations__ = {"value": type_, "return": None}
    return Boilermaker([], InMemoryServiceBus()).register_async(take)


async def arrived(type_: Any, value: object) -> Any:
    """What a handler gets for an argument, published and received."""
    worker = _worker(type_)
    take = worker.registry.get("take")
    assert take is not None
    await worker.publish_task(worker.create_task(take.signature.function, value))
    await worker.drain()
    assert [] == worker.bus.dead_letters("tasks")  # type: ignore[attr-defined]
    return worker.state[0]


DECLARE = "where no type is declared; declare one, or give"
LIST, TEXT = f"arrives as a list {DECLARE} a list", f"arrives as a text {DECLARE} a text"
KEY = "arrives as a text; give texts, or declare the keys' type"
REFUSED: list[tuple[Any, Any, str]] = [
    (Any, (1, 2), f"value: a `tuple` {LIST}"),
    (object, {1}, f"value: a `set` {LIST}"),
    (Any, [{"secret": frozenset()}], f"value[0][...]: a `frozenset` {LIST}"),
    (Any, NOON, f"value: a `datetime` {TEXT}"),
    (Any, NOON.date(), f"value: a `date` {TEXT}"),
    (Any, NOON.time(), f"value: a `time` {TEXT}"),
    (Any, dt.timedelta(1), f"value: a `timedelta` {TEXT}"),
    (Any, Decimal(1), f"value: a `Decimal` {TEXT}"),
    (Any, uuid.UUID(int=7), f"value: a `UUID` {TEXT}"),
    (Any, b"x", f"value: a `bytes` arrives as a text in base64 {DECLARE} a text in base64"),
    (Any, Colour.RED, f"value: a `Colour` arrives as its value {DECLARE} its value"),
    (Any, Row(1, 2), f"value: a `Row` {LIST}"),
    (Any, Box(1), f"value: a `Box` arrives as a dict {DECLARE} a dict"),
    (Any, Renamed(some_thing=1), f"value: a `Renamed` arrives as a dict {DECLARE} a dict"),
    (Any, {1: "int", "1": "text"}, f"value: a key of type `int` {KEY}"),
    (Any, {1: 1}, f"value: a key of type `int` {KEY}"),
    (dict, {1: 1}, f"value: a key of type `int` {KEY}"),
    (dict, {"a": {2.5: 1}}, f"value[...]: a key of type `float` {KEY}"),
    (dict[Any, int], {NOON: 1}, f"value: a key of type `datetime` {KEY}"),
    (dict[str | int, int], {1: 1}, f"value: a key of type `int` {KEY}"),
    (dict[str, int], {1: 1, "1": 2}, f"value: a key of type `int` {KEY}"),
    (dict[str, int], {Colour.RED: 1}, f"value: a key of type `Colour` {KEY}"),
    (dict[int, int], {1: 1, "1": 2}, "value: two of its keys are the same text, so one entry would be lost; give keys of one type"),
    (dict[str, Any], {"a": (1,)}, f"value[...]: a `tuple` {LIST}"),
    (list, [(1,)], f"value[0]: a `tuple` {LIST}"),
    (tuple, ((1,),), f"value[0]: a `tuple` {LIST}"),
    (Sequence[Any], ((1,),), f"value[0]: a `tuple` {LIST}"),
    (Mapping[str, Any] | None, {"a": NOON}, f"value[...]: a `datetime` {TEXT}"),
    (tuple[int, Any], (1, NOON), f"value[1]: a `datetime` {TEXT}"),
    (int | list[Any], [NOON], f"value[0]: a `datetime` {TEXT}"),
    (Annotated[list[Any], msgspec.Meta(min_length=1)], [NOON], f"value[0]: a `datetime` {TEXT}"),
    (Box, Box((1,)), f"value.anything: a `tuple` {LIST}"),
    (Box, {"anything": (1,)}, f"value.anything: a `tuple` {LIST}"),
    (Renamed, Renamed(some_thing=(1,)), f"value.some_thing: a `tuple` {LIST}"),
    (Renamed, {"someThing": (1,)}, f"value.some_thing: a `tuple` {LIST}"),
    (Row, Row(1, NOON), f"value.anything: a `datetime` {TEXT}"),
    (Keys, {"anything": NOON}, f"value.anything: a `datetime` {TEXT}"),
    (One | Two, One(NOON), f"value.anything: a `datetime` {TEXT}"),
    (One | Two, {"type": "One", "anything": NOON}, f"value.anything: a `datetime` {TEXT}"),
    (ArrayOne | ArrayTwo, ["ArrayOne", NOON], f"value.anything: a `datetime` {TEXT}"),
    (Page[Any], Page([NOON]), f"value.items[0]: a `datetime` {TEXT}"),
    (Tree, Tree([Tree([Tree(leaf=NOON)])]), f"value.children[0].children[0].leaf: a `datetime` {TEXT}"),
]  # fmt: skip


@pytest.mark.parametrize(("type_", "value", "told"), REFUSED, ids=lambda given: str(given)[:30])
def test_what_would_arrive_as_something_else_is_refused_where_it_is_built(
    type_: Any, value: Any, told: str
) -> None:
    """With its path, what would become of it, and what to write; without the value."""
    worker = _worker(type_)
    take = worker.registry.get("take")
    assert take is not None

    with pytest.raises(InvalidArgumentsError) as refused:
        worker.create_task(take.signature.function, value)

    assert (told,) == refused.value.problems


TAKEN: list[tuple[Any, Any]] = [
    (Any, {"a": [1, 2.5, None, True, "x", {"b": {}}], "c": 2**70}),
    (Any, [Level.LOW, Word.YES]),
    (Any, OrderedDict(a=[1])),
    (Any, defaultdict(list, a=[1])),
    (dict, {"a": 1, Word.YES: 2}),
    (dict[int, int], {1: 2, 3: 4}),
    (dict[uuid.UUID, Any], {uuid.UUID(int=1): 2}),
    (dict[dt.date, list[int]], {NOON.date(): [1]}),
    (dict[Literal["a", "b"], int], {"a": 1}),
    (dict[str | int, int], {"1": 1}),
    (tuple[Any, dt.datetime], (1, NOON)),
    (frozenset[Any], frozenset({1})),
    (One | Two, Two(NOON)),
    (One | Two, One(1)),
    (ArrayOne | ArrayTwo, ArrayTwo(NOON.date())),
    (Page[dt.datetime], Page([NOON])),
    (Box, Box({"a": 1})),
    (MayLack, MayLack()),
    (list[MayLack], [MayLack(), MayLack([1])]),
]


@pytest.mark.parametrize(("type_", "value"), TAKEN, ids=lambda given: str(given)[:30])
async def test_what_arrives_as_it_was_is_taken(type_: Any, value: Any) -> None:
    """Texts and numbers that are members of enums are equal to what arrives."""
    assert value == await arrived(type_, value)


@pytest.mark.parametrize(
    ("annotated", "result", "told"),
    [
        (False, (1, 2), f"the result: a `tuple` {LIST}"),
        (False, {1: "a", "1": "b"}, f"the result: a key of type `int` {KEY}"),
        (False, [NOON], f"the result[0]: a `datetime` {TEXT}"),
        (True, (1, 2), None),
    ],
)
async def test_a_result_is_refused_in_the_worker(annotated: bool, result: Any, told: str | None) -> None:
    """A later step would get something else; with a declared type it gets the very value."""
    bus = InMemoryServiceBus()

    async def give(state: list[Any]):  # type: ignore[no-untyped-def]
        return result

    async def take(state: list[Any], value: tuple[int, int]) -> None:
        state.append(value)

    if annotated:
        give.__annotations__["return"] = tuple[int, int]
    worker: Boilermaker[list[Any]] = Boilermaker([], bus)
    worker.register_many_async([give, take], policy=retries.NoRetry())
    first = worker.create_task(give)
    await worker.publish_task(first >> worker.create_task(take, first.result.placeholder()))
    await worker.drain()

    letters = [(m.dead_letter_reason, m.dead_letter_description) for m in bus.dead_letters("tasks")]
    assert ([] if told is None else [("InvalidResult", told)]) == letters
    assert worker.state == ([(1, 2)] if told is None else [])


def test_types_without_untyped_parts_and_mappings_are_not_looked_at() -> None:
    """They pay nothing: there is no walk through their values."""
    assert untyped._watch(Typed) is None
    assert untyped._watch(Box) is not None
    assert untyped._watch(Tree) is not None
    watch = untyped._watch(Box)
    assert watch is not None
    assert isinstance(watch.info, shapes.DataclassType)
    assert not watch.is_watched(watch.info.fields[1].type)


def test_the_look_is_linear_in_the_size_of_the_value() -> None:
    """A value of ten times the size takes about ten times as long; nested ones, too."""

    def seconds(size: int) -> float:
        value = {f"k{n}": [n, {"a": [n]}] for n in range(size)}
        taken = []
        for _ in range(5):
            started = time.perf_counter()
            assert untyped.change_of_result(value, Any) is None
            taken.append(time.perf_counter() - started)
        return min(taken)

    assert seconds(20_000) < 40 * seconds(2_000)


def test_deep_values_need_no_recursion() -> None:
    """Msgspec encodes deeper nesting than Python calls."""
    value: Any = NOON
    for _ in range(50_000):
        value = [value]
    found = untyped.change_of_result(value, Any)
    assert found is not None
    assert re.fullmatch(r"the result(\[0\]){50000}: a `datetime` .*", found)
