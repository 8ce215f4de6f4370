"""attrs classes as msgspec carries them. attrs itself is asked for where a worker has such a class, and only there."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, cast

import msgspec

from boilermaker.errors import UncarriedError


@dataclass(frozen=True, kw_only=True)
class Attribute:
    """A field of an attrs class.

    Attributes:
        name: its own, under which it travels.
        alias: by which it is given.
        default: `msgspec.NODEFAULT` where it must be given, or is made by the factory.
        factory: makes its default; `msgspec.NODEFAULT` where there is none.
        is_by_name: whether it is given by name alone.
    """

    name: str
    alias: str
    default: Any
    factory: Any
    is_by_name: bool


def is_attrs(cls: Any) -> bool:
    """Whether a class is one of attrs."""
    return hasattr(cls, "__attrs_attrs__")


def is_frozen(cls: Any) -> bool:
    """Whether its objects cannot be changed, as attrs itself asks of parents."""
    return getattr(cls.__setattr__, "__name__", "") == "_frozen_setattrs"


def attributes(cls: Any) -> Iterator[Attribute]:
    """The fields of an attrs class.

    Raises:
        UncarriedError: msgspec does not carry one of them.
    """
    from attrs import NOTHING, Factory  # noqa: PLC0415 - only there where somebody has made such a class

    for field in cls.__attrs_attrs__:
        given: Any = field.default
        made_by: Any = given if isinstance(given, cast("type", Factory)) else None  # typed as what makes one
        if (why := _refusal(field, takes_self=made_by is not None and made_by.takes_self)) is not None:
            raise UncarriedError(f"field `{field.name}` of `{cls.__qualname__}`: {why}")
        yield Attribute(
            name=field.name,
            alias=field.alias,
            default=msgspec.NODEFAULT if made_by is not None or given is NOTHING else given,
            factory=msgspec.NODEFAULT if made_by is None else made_by.factory,
            is_by_name=field.kw_only,
        )


def _refusal(field: Any, *, takes_self: bool) -> str | None:
    if field.name.startswith("_"):
        return "msgspec leaves out what begins with an underscore when it writes an attrs class; rename it"
    if not field.init:
        return (
            "msgspec writes and reads it although it is not given when an object is made; make it a property"
        )
    if takes_self:
        return "msgspec does not carry defaults that are made from the object; make it without"
    return None
