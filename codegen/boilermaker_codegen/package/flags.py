"""Combined values of flags."""

from boilermaker.contract import EnumDefinition, Member


def takes(definition: EnumDefinition, value: object) -> bool:
    """Whether a value is valid for an enum: the value of a member or, for flags, of a combination of members."""
    if any(member.value == value and type(member.value) is type(value) for member in definition.members):
        return True
    if definition.base not in ("Flag", "IntFlag") or type(value) is not int or value < 0:
        return False
    return definition.base == "IntFlag" or value == _together(definition.members, value)


def members_of(definition: EnumDefinition, value: object) -> list[Member]:
    """The members that a value consists of; none if it is not a valid value."""
    exact = [member for member in definition.members if member.value == value]
    if exact or type(value) is not int:
        return exact[:1]
    found: list[Member] = []
    left = value
    for member in definition.members:
        bits = member.value if isinstance(member.value, int) else 0
        if bits & left and bits & value == bits:
            found.append(member)
            left -= bits & left
    return found if not left else []


def _together(members: tuple[Member, ...], value: int) -> int:
    bits = 0
    for member in members:
        bits |= member.value if isinstance(member.value, int) else 0
    return bits & value
