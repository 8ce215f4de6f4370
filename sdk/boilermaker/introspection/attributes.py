"""The fields that live classes declare, in one form for all styles of records."""

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
        name: its own name, as annotated.
        given: its name as an argument of `__init__`.
        wire: its name on the wire.
        default: `msgspec.NODEFAULT` if it is required, or has a factory.
        factory: creates its default; `msgspec.NODEFAULT` if there is none.
        is_by_name: whether it is keyword-only.
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
    """The fields of a dataclass as declared: a hand-written `__init__` may take different arguments.

    Raises:
        UncarriedError: msgspec does not support one of them.
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
    """A default in msgspec's terms: `NODEFAULT` in place of `dataclasses.MISSING`."""
    return msgspec.NODEFAULT if default is dataclasses.MISSING else default
