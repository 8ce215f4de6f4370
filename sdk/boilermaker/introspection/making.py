"""Whether a live class makes its objects in a way of its own. msgspec fills in their fields, and goes past it without a word."""

from types import CodeType
from typing import Any

import msgspec

from boilermaker.contract import hazards
from boilermaker.errors import UncarriedError

_METACLASSES = (type, type(msgspec.Struct))
_GENERATED = (
    "<string>",
    "<attrs generated",
)  # where dataclasses, attrs and named tuples say that their methods stand


def check(cls: Any, style: str) -> None:
    """Check that what arrives becomes what the class itself would make.

    Args:
        cls: the class.
        style: what makes it a record: "dataclass", "attrs", "struct" or "namedtuple".

    Raises:
        UncarriedError: it has validators of pydantic, an `__init__` or `__new__` of its own, or a metaclass that makes objects.
    """
    if hasattr(cls, "__pydantic_validator__"):
        raise UncarriedError(hazards.bypassed(cls.__qualname__, "validators of pydantic", "pydantic"))
    if (has := _own_making(cls)) is not None:
        raise UncarriedError(hazards.bypassed(cls.__qualname__, has, style))


def _own_making(cls: Any) -> str | None:
    if type(cls).__call__ not in [metaclass.__call__ for metaclass in _METACLASSES]:
        return f"the metaclass `{type(cls).__qualname__}`"
    for name in ("__init__", "__new__"):
        code: CodeType | None = getattr(getattr(cls, name), "__code__", None)
        if code is not None and not code.co_filename.startswith(_GENERATED):
            return f"its own `{name}`"
    return None
