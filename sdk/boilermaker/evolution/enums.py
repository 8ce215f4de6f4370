"""Enums in producers' code: member names, base types, and whether members can be combined."""

from collections.abc import Iterator

import msgspec

from boilermaker.contract import EnumDefinition
from boilermaker.evolution import flags
from boilermaker.evolution.typed import base_of


def changes(old: EnumDefinition, new: EnumDefinition, *, is_built: bool) -> Iterator[tuple[str, str]]:
    """Changes of an enum: rules, each with a detail.

    Args:
        old: before the change.
        new: after it.
        is_built: whether producers pass it, so that a removed value is removed from messages, too.
    """
    names = {member.name: member.value for member in new.members}
    values = {(type(member.value), member.value) for member in new.members}
    is_told = is_built and old.base != "IntFlag"  # which keeps bits that it has no names for
    for member in old.members:
        is_value = (type(member.value), member.value) in values
        shown = f"{old.name}.{member.name}"
        if member.name not in names and is_told and not is_value and not _is_combined(member.value, new):
            yield "VALUE_REMOVED", msgspec.json.encode(member.value).decode()
        elif member.name not in names:
            yield "MEMBER_NAME_REMOVED", shown
        elif names[member.name] != member.value and is_value:
            yield "VALUE_REASSIGNED", shown
    if (base := base_of(old)) not in (None, base_of(new)):
        yield "CLASS_CHANGED", f"no longer {'an int' if base == 'int' else f'a {base}'}"
    if old.base in _FLAGS and new.base not in _FLAGS:
        yield "CLASS_CHANGED", "its members can no longer be combined"


_FLAGS = frozenset({"Flag", "IntFlag"})


def _is_combined(value: str | float | bool | None, enum: EnumDefinition) -> bool:  # noqa: FBT001 - of a member
    """Whether a value without a name is a valid combination of flags."""
    if enum.base not in _FLAGS or isinstance(value, float):
        return False
    return flags.is_combination(value, enum.mask)
