"""The fields that live classes declare, told alike whatever it is that makes a class a record."""

import dataclasses
import inspect
from collections.abc import Iterator
from typing import Any

import msgspec

from boilermaker.errors import UncarriedError

NOT_GIVEN = "msgspec encodes and decodes it although `__init__` does not take it; make it a property"


@dataclasses.dataclass(frozen=True, kw_only=True)
class Attribute:
    """A field of a class.

    Attributes:
        name: its own, by which it is annotated.
        given: by which it is given when an object is made.
        wire: under which it travels.
        default: `msgspec.NODEFAULT` where it must be given, or is made by the factory.
        factory: makes its default; `msgspec.NODEFAULT` where there is none.
        is_by_name: whether it is given by name alone.
    """

    name: str
    given: str
    wire: str
    default: Any = msgspec.NODEFAULT
    factory: Any = msgspec.NODEFAULT
    is_by_name: bool = False


def of_struct(cls: type[msgspec.Struct]) -> Iterator[Attribute]:
    """The fields of a Struct."""
    parameters = inspect.signature(cls).parameters.values()
    by_name = {p.name for p in parameters if p.kind is inspect.Parameter.KEYWORD_ONLY}
    for field in msgspec.structs.fields(cls):
        yield Attribute(
            name=field.name,
            given=field.name,
            wire=field.encode_name,
            default=field.default,
            factory=field.default_factory,
            is_by_name=field.name in by_name,
        )


def of_dataclass(cls: Any) -> Iterator[Attribute]:
    """The fields of a dataclass as they are declared: a hand-written `__init__` may take its arguments otherwise.

    Raises:
        UncarriedError: msgspec does not carry one of them.
    """
    for field in dataclasses.fields(cls):
        if not field.init:
            raise UncarriedError(f"field `{field.name}` of `{cls.__qualname__}`: {NOT_GIVEN}")
        yield Attribute(
            name=field.name,
            given=field.name,
            wire=field.name,
            default=_as_msgspec_says(field.default),
            factory=_as_msgspec_says(field.default_factory),
            is_by_name=field.kw_only is True,
        )


def of_namedtuple(cls: Any) -> Iterator[Attribute]:
    """The fields of a named tuple."""
    given: dict[str, Any] = cls._field_defaults
    for name in cls._fields:
        yield Attribute(name=name, given=name, wire=name, default=given.get(name, msgspec.NODEFAULT))


def _as_msgspec_says(default: Any) -> Any:
    """What msgspec says where dataclasses say that there is none."""
    return msgspec.NODEFAULT if default is dataclasses.MISSING else default
