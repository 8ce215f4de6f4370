"""Classes whose objects are made in a way of their own: msgspec fills fields in and goes past it, so they are refused."""

import abc
import dataclasses
import enum
from typing import Any, Generic, NamedTuple, Protocol, Self, TypeVar

import attr
import attrs
import msgspec
import pydantic
import pytest
from pydantic.dataclasses import dataclass as pydantic_dataclass

from boilermaker import Boilermaker, InMemoryServiceBus
from boilermaker.errors import RegistrationError

T = TypeVar("T")


@pydantic_dataclass
class Validated:
    email: str
    age: int = pydantic.Field(default=1, gt=0)

    @pydantic.field_validator("email")
    @classmethod
    def _has_at(cls, email: str) -> str:
        assert "@" in email
        return email


@dataclasses.dataclass
class ChildOfValidated(Validated):
    note: str = ""


@dataclasses.dataclass
class OwnInit:
    x: int

    def __init__(self, x: int) -> None:
        self.x = abs(x)


class Inherited(OwnInit):
    pass


@dataclasses.dataclass
class OwnNew:
    x: int

    def __new__(cls, x: int) -> Self:
        return super().__new__(cls)


class Making(type):
    def __call__(cls, *args: Any, **kwargs: Any) -> Any:
        return super().__call__(*args, **kwargs)


class MakingStructs(type(msgspec.Struct)):  # type: ignore[misc]
    def __call__(cls, *args: Any, **kwargs: Any) -> Any:
        return super().__call__(*args, **kwargs)


@dataclasses.dataclass
class Made(metaclass=Making):
    x: int


class MadeStruct(msgspec.Struct, metaclass=MakingStructs):
    x: int


class Row(NamedTuple):
    x: int


class Shifted(Row):
    def __new__(cls, x: int) -> Self:
        return super().__new__(cls, x + 1)


@attrs.define
class OwnAttrs:
    x: int

    def __init__(self, x: int) -> None:
        self.__attrs_init__(abs(x))  # type: ignore[attr-defined]


GOES_PAST = "which msgspec bypasses when it decodes a message"


def _register(type_: Any) -> None:
    async def take(state, value) -> None: ...

    take.__annotations__ = {"value": type_, "return": None}
    Boilermaker(None, InMemoryServiceBus()).register_async(take)


@pytest.mark.parametrize(
    ("cls", "told"),
    [
        (Validated, f"`Validated` has validators of pydantic, {GOES_PAST}; make it a standard-library dataclass"),
        (ChildOfValidated, f"`ChildOfValidated` has validators of pydantic, {GOES_PAST}"),
        (OwnInit, f"`OwnInit` has its own `__init__`, {GOES_PAST}; move the code to `__post_init__`"),
        (Inherited, f"`Inherited` has its own `__init__`, {GOES_PAST}"),
        (OwnNew, f"`OwnNew` has its own `__new__`, {GOES_PAST}"),
        (Made, f"`Made` has the metaclass `Making`, {GOES_PAST}"),
        (MadeStruct, f"`MadeStruct` has the metaclass `MakingStructs`, {GOES_PAST}"),
        (Shifted, f"`Shifted` has its own `__new__`, {GOES_PAST}; make it a dataclass and move the code to `__post_init__`"),
        (OwnAttrs, f"`OwnAttrs` has its own `__init__`, {GOES_PAST}; move the code to `__attrs_post_init__`"),
    ],
)  # fmt: skip
@pytest.mark.parametrize("around", [lambda cls: cls, lambda cls: list[cls], lambda cls: cls | None])
def test_a_class_that_would_be_filled_past_its_own_making_is_refused(
    cls: Any, told: str, around: Any
) -> None:
    """A value that its class refuses would arrive, without a word."""
    with pytest.raises(RegistrationError) as refused:
        _register(around(cls))
    assert told in str(refused.value)


@dataclasses.dataclass
class Hiding(OwnInit):
    y: int


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Checked:
    x: int

    def __post_init__(self) -> None: ...


@dataclasses.dataclass
class Abstract(abc.ABC, Generic[T]):
    x: T


class Sized(Protocol):
    x: int


@dataclasses.dataclass
class OfProtocol(Sized):
    x: int


@dataclasses.dataclass
class Failure(Exception):  # noqa: N818 - an error that travels
    x: int


@attr.s(auto_attribs=True, frozen=True)
class OldAttrs:
    x: int = attr.ib(validator=attr.validators.ge(0))


class WithMethods(Row):
    def double(self) -> int:
        return 2 * self.x


class Kind(enum.Enum):
    ONE = 1


@pytest.mark.parametrize(
    "cls",
    [Hiding, Checked, Abstract[int], OfProtocol, Failure, OldAttrs, attrs.make_class("Dynamic", {"x": attrs.field(type=int)}),
     dataclasses.make_dataclass("Dynamic", [("x", int)]), WithMethods, Row, Kind],
)  # fmt: skip
def test_a_class_that_is_made_as_its_kind_is_taken(cls: Any) -> None:
    """What dataclasses, attrs and named tuples write is theirs, and is not missed."""
    _register(cls)
