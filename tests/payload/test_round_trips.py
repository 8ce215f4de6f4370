"""Every value of every type arrives equal, over real bytes, or is refused where it is built: nothing is lost without a word."""

import datetime as dt
import enum
from collections.abc import Mapping
from decimal import Decimal
from typing import Any
from uuid import UUID

import msgspec
from hypothesis import given, note
from hypothesis import strategies as st
from msgspec import inspect as shapes

from boilermaker import Boilermaker, InMemoryServiceBus, retries
from boilermaker.errors import InvalidArgumentsError
from boilermaker.testing.depths import Depths
from boilermaker.testing.strategies import _Drawing
from payload.drawn_types import Colour, Frozen, Level, Line, Point, Word, types

OFFSETS = st.integers(-14 * 3600, 14 * 3600).map(lambda seconds: dt.timezone(dt.timedelta(seconds=seconds)))
MOMENTS = st.datetimes(timezones=st.none() | OFFSETS)
HASHABLE: st.SearchStrategy[Any] = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=4), st.binary(max_size=4), MOMENTS, st.dates(),
    st.decimals(), st.uuids(), st.sampled_from([Colour.RED, Level.LOW, Word.YES, "1", 1]), st.tuples(st.integers()),
    st.builds(Frozen, st.dates(), st.uuids()), st.builds(Line, st.just((0.5, 1.0))), st.builds(Point, st.just(1.5)),
)  # fmt: skip
WILD = st.recursive(
    HASHABLE.filter(lambda value: not isinstance(value, Point)) | st.builds(Point, st.just(1.5)),
    lambda parts: st.one_of(
        st.lists(parts, max_size=3),
        st.lists(parts, max_size=3).map(tuple),
        st.dictionaries(st.sampled_from(["a", "1", 1, 1.0, 2, None, True, dt.date(2026, 1, 2), Word.YES]), parts, max_size=3),
        st.sets(st.integers() | st.text(max_size=2), max_size=3),
    ),
    max_leaves=5,
)  # fmt: skip
KEYS = st.sampled_from(["a", "1", 1, 1.5, Word.YES, Level.LOW, UUID(int=1), dt.date(2026, 1, 2)])


class _Wild(_Drawing):
    """As the strategies of `boilermaker.testing`, and beyond what these know to arrive."""

    def of(self, info: shapes.Type, left: int, *, is_hashed: bool = False) -> st.SearchStrategy[Any]:
        match info:
            case shapes.AnyType() if not is_hashed:
                return WILD
            case shapes.DateTimeType(tz=None):
                return MOMENTS
            case shapes.TimeType(tz=None):
                return st.times(timezones=st.none() | OFFSETS)
            case shapes.FloatType(gt=None, ge=None, lt=None, le=None, multiple_of=None):
                return st.floats()
            case shapes.DecimalType():
                return st.decimals(allow_nan=False)
            case shapes.StrType(min_length=None, max_length=None, pattern=None):
                return st.text(max_size=6)
            case _:
                return super().of(info, left, is_hashed=is_hashed)

    def _key(self, info: shapes.Type, left: int) -> st.SearchStrategy[Any]:
        if isinstance(info, shapes.UnionType):
            return KEYS
        return super()._key(info, left)

    def _mapping(self, info: shapes.DictType, left: int) -> st.SearchStrategy[Any]:
        if isinstance(info.key_type, shapes.AnyType):
            info = msgspec.structs.replace(info, key_type=shapes.UnionType(types=(info.key_type,)))
        return super()._mapping(info, left)


def drawn(type_: Any) -> st.SearchStrategy[Any]:
    """Values of a type that may not all arrive."""
    info = shapes.type_info(type_)
    depths = Depths(info)
    return _Wild(depths).of(info, max(3, int(depths.of(info))))


@given(data=st.data())
async def test_a_value_arrives_equal_or_is_refused_where_it_is_built(data: st.DataObject) -> None:
    """The type of the argument, and of the result that becomes the argument of the next step."""
    type_ = data.draw(types(), label="type")

    async def take(state, value) -> None:
        state.append(value)
        return value

    take.__annotations__ = {"value": type_, "return": type_}
    bus = InMemoryServiceBus()
    worker: Boilermaker[list[Any]] = Boilermaker([], bus)
    worker.register_async(take, policy=retries.NoRetry())
    for value in data.draw(st.lists(drawn(type_), min_size=1, max_size=4), label="values"):
        worker.state.clear()
        try:
            first = worker.create_task(take, value)
        except InvalidArgumentsError as refused:
            note(str(refused))
            continue
        await worker.publish_task(first >> worker.create_task(take, first.result.placeholder()))
        await worker.drain()
        letters = [m.dead_letter_description for m in bus.dead_letters("tasks")]
        assert ([], 2) == (letters, len(worker.state))
        assert is_same(value, worker.state[0])
        assert is_same(value, worker.state[1])


def is_same(sent: Any, received: Any) -> bool:
    """Equal, and of the same kind; members of enums that are texts or numbers arrive as these where no type is declared."""
    if isinstance(sent, list | tuple) and not hasattr(sent, "_fields"):
        return (
            type(sent) is type(received) and len(sent) == len(received) and all(map(is_same, sent, received))
        )
    if isinstance(sent, Mapping):
        return sent == received and all(is_same(sent[key], received[key]) for key in sent)
    if isinstance(sent, float | Decimal | dt.datetime | dt.time):
        return type(sent) is type(received) and repr(_plain(sent)) == repr(_plain(received))
    return bool(sent == received) and (type(sent) is type(received) or isinstance(sent, enum.Enum))


def _plain(sent: Any) -> Any:
    """A moment and its offset; `fold` says nothing without a zone, and no two moments differ by it alone."""
    return (
        (sent.replace(tzinfo=None, fold=0), sent.utcoffset())
        if isinstance(sent, dt.datetime | dt.time)
        else sent
    )
