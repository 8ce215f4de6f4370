"""Defaults of two contracts: whether they are the same value."""

from typing import cast

from boilermaker.contract import Default


def are_others(old: object, new: object) -> bool:
    """Whether both sides have a default, and the defaults differ."""
    return old is not None and new is not None and not _are_one(old, new)


def _are_one(one: object, other: object) -> bool:
    """Whether two defaults are the same value: 0 equals False in Python, but not on the wire."""
    match one, other:
        case (Default(value=one), Default(value=other)):
            return _are_one(one, other)
        case (bool(), _) | (_, bool()):
            return one is other
        case (list(), list()):
            items, others = cast("list[object]", one), cast("list[object]", other)
            return len(items) == len(others) and all(map(_are_one, items, others))
        case (dict(), dict()):
            members, theirs = cast("dict[str, object]", one), cast("dict[str, object]", other)
            return members.keys() == theirs.keys() and all(
                _are_one(members[key], theirs[key]) for key in members
            )
        case _:
            return one == other
