"""attrs classes as msgspec supports them. attrs itself is imported only if a worker uses such a class."""

import inspect
from collections.abc import Iterator
from typing import Any, cast

import msgspec

from boilermaker.errors import UncarriedError
from boilermaker.introspection.attributes import NOT_GIVEN, Attribute


def is_attrs(cls: Any) -> bool:
    """Whether a class is an attrs class."""
    return hasattr(cls, "__attrs_attrs__")


def is_frozen(cls: Any) -> bool:
    """Whether its objects are frozen, as attrs itself determines it for parents."""
    return getattr(cls.__setattr__, "__name__", "") == "_frozen_setattrs"


def attributes(cls: Any) -> Iterator[Attribute]:
    """The fields of an attrs class.

    Raises:
        UncarriedError: msgspec does not support one of them, or one has no annotation.
    """
    from attrs import NOTHING, Factory  # noqa: PLC0415 - attrs is installed if such a class exists

    annotated = {name for owner in cls.__mro__ for name in inspect.get_annotations(owner)}
    for field in cls.__attrs_attrs__:
        given: Any = field.default
        made_by: Any = given if isinstance(given, cast("type", Factory)) else None  # typed as what makes one
        if (why := _refusal(field, takes_self=made_by is not None and made_by.takes_self)) is not None:
            raise UncarriedError(f"field `{field.name}` of `{cls.__qualname__}`: {why}")
        if field.name not in annotated:
            raise UncarriedError(f"field `{field.name}` of `{cls.__qualname__}` has no annotation; add one")
        yield Attribute(
            name=field.name,
            given=field.alias,
            wire=field.name,
            default=msgspec.NODEFAULT if made_by is not None or given is NOTHING else given,
            factory=msgspec.NODEFAULT if made_by is None else made_by.factory,
            is_by_name=field.kw_only,
        )


def _refusal(field: Any, *, takes_self: bool) -> str | None:
    if field.name.startswith("_"):
        return "msgspec omits fields that begin with an underscore when it encodes an attrs class; rename it"
    if not field.init:
        return NOT_GIVEN
    if takes_self:
        return "msgspec does not support defaults that depend on the object; make it without"
    return None
