"""Arguments as people give them: right ones, and right ones with something wrong put in somewhere."""

import datetime as dt
import enum
from decimal import Decimal
from typing import Any
from uuid import UUID

import msgspec
from hypothesis import strategies as st

from boilermaker import Task, failure
from boilermaker.stub import Payload, TaskStub
from boilermaker.testing import arguments


class Foreign(enum.Enum):
    """Members that look like those of other enums."""

    RED = "red"
    ONE = 1


class Nothing(Payload, frozen=True, kw_only=True):
    pass


TASK: Task[int] = TaskStub[int]("other", Nothing, int, queue="q", digest="0" * 16)()

# What the wire cannot carry; NaN and infinities become null on it without a word.
UNSENDABLE: list[Any] = [
    float("nan"), float("inf"), -float("inf"), {"a": float("nan")}, {float("nan"): 1}, [None, float("inf")],
    TASK, [TASK], [TASK.result], {"cause": failure.cause}, object(), 1j, range(2), "\ud800", {(1, 2): 3}, Foreign,
]  # fmt: skip
# What it carries, as something that the type may not take: looks alike, is next to it, is empty.
SENDABLE: list[Any] = [
    None, True, False, 0, 1, -1, 10, 2**63, 2**70, 0.0, 1.0, 1.5, 1e300, "", "a", "1", "1.5", "true", "null", "red",
    "2020-02-30", "2020-01-01", "2020-01-01T00:00:00", "2020-01-01T00:00:00Z", "10:00:00", "P1D", "YQ==", "Y",
    "00000000-0000-0000-0000-000000000000", b"", b"a", bytearray(b"a"), dt.date(2020, 1, 1), dt.datetime(2020, 1, 1),  # noqa: DTZ001
    dt.datetime(2020, 1, 1, tzinfo=dt.UTC), dt.time(10), dt.time(10, tzinfo=dt.UTC), dt.timedelta(1), Decimal("1.5"),
    Decimal("NaN"), UUID(int=0), [], [1], ["a"], [None], [[]], (), (1, "a"), set(), {1}, frozenset({"a"}), {}, {"a": 1},
    {"a": None}, {1: 1}, {"type": "A"}, Foreign.RED, Foreign.ONE,
]  # fmt: skip


@st.composite
def given_arguments(draw: st.DrawFn, payload_type: type[msgspec.Struct]) -> tuple[dict[str, Any], bool]:
    """Arguments of a call, and whether the wire can carry them."""
    chosen = draw(arguments(payload_type))
    if not chosen or draw(st.integers(0, 3)) == 0:
        return chosen, True
    is_sendable = draw(st.integers(0, 3)) > 0
    wrong = draw(st.sampled_from(SENDABLE if is_sendable else UNSENDABLE))
    name = draw(st.sampled_from(sorted(chosen)))
    return {**chosen, name: _with(draw, chosen[name], wrong)}, is_sendable


def _with(draw: st.DrawFn, value: Any, wrong: Any) -> Any:
    """The value with the wrong one in place of a part, of parts of its parts, or of all of it."""
    if draw(st.booleans()):
        return wrong
    match value:
        case list() | tuple() if value:
            index = draw(st.integers(0, len(value) - 1))
            return [*value[:index], _with(draw, value[index], wrong), *value[index + 1 :]]
        case dict() if value:
            key = draw(st.sampled_from(list(value)))
            return {**value, key: _with(draw, value[key], wrong)}
        case msgspec.Struct() if not value.__struct_config__.array_like:
            members = {f.encode_name: getattr(value, f.name) for f in msgspec.structs.fields(value)}
            if (tag := value.__struct_config__.tag) is not None:
                members[value.__struct_config__.tag_field or "type"] = tag
            return _changed(draw, members, wrong)
        case _ if (names := getattr(value, "__dataclass_fields__", ())) and not isinstance(value, type):
            return _changed(draw, {name: getattr(value, name) for name in names}, wrong)
        case _:
            return wrong


def _changed(draw: st.DrawFn, members: dict[str, Any], wrong: Any) -> dict[str, Any]:
    """A record as an object with another, a wrong or a further member."""
    members = {name: value for name, value in members.items() if value is not msgspec.UNSET}
    name = draw(st.sampled_from([*members, "unknown"]))
    return {**members, name: _with(draw, members.get(name), wrong)}
