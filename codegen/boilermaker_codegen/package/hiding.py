"""Members of a class under names that its base has, too: `title` in an enum of text, `count` in a NamedTuple.

Python lets them hide what the base has, and so they do in the worker; type checkers object to the definition, not to its use.
"""

import builtins
import enum

from boilermaker.contract import EnumDefinition

# Which names a base has differs between versions of the checkers: where one does not object, it finds nothing to ignore.
_IGNORE = "  # type: ignore[assignment, unused-ignore]"


def hiding(name: str, *bases: type) -> str:
    """The comment after the definition of a member, where a base has its name."""
    return _IGNORE if any(name in vars(cls) for base in bases for cls in base.__mro__) else ""


def bases_of(definition: EnumDefinition) -> tuple[type, ...]:
    """What the stub's enum inherits from."""
    base: type = getattr(enum, definition.base)
    return (getattr(builtins, definition.mixin), base) if definition.mixin else (base,)


def chosen(member: str) -> str:
    """What picks a member of an enum: pyright takes `.name` and `.value` of the class itself for those of its members."""
    return f'["{member}"]' if member in _OF_MEMBERS else f".{member}"


_OF_MEMBERS = ("name", "value")
