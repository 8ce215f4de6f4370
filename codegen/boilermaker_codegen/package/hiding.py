"""Members of a class that hide an attribute of its base: `title` in a `str` enum, `count` in a NamedTuple.

Python allows this, and the worker's class does it; type checkers report an error in the definition, not where it is used.
"""

import builtins
import enum

from boilermaker.contract import EnumDefinition

# The attributes of a base differ between versions of the checkers; a version that reports no error has nothing to ignore.
_IGNORE = "  # type: ignore[assignment, unused-ignore]"


def hiding(name: str, *bases: type) -> str:
    """The comment after the definition of a member that hides an attribute of a base."""
    return _IGNORE if any(name in vars(cls) for base in bases for cls in base.__mro__) else ""


def bases_of(definition: EnumDefinition) -> tuple[type, ...]:
    """The bases of the enum in the stub."""
    base: type = getattr(enum, definition.base)
    return (getattr(builtins, definition.mixin), base) if definition.mixin else (base,)


def chosen(member: str) -> str:
    """The expression for a member of an enum: pyright takes `.name` and `.value` of the class for those of its members."""
    return f'["{member}"]' if member in _OF_MEMBERS else f".{member}"


_OF_MEMBERS = ("name", "value")
